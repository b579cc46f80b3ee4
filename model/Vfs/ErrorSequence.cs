using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// lib/errseq.c: whether writing failed since somebody last asked. A number: whether there was an error, whether anybody has
/// been told of the last one, and how many there were that somebody had been told of before.
/// </summary>
internal static class ErrorSequence
{
    private const int Failed = 1;
    private const int Seen = 2;
    private const int Next = 4;

    /// <summary>The sequence after an error.</summary>
    [KernelSource("lib/errseq.c", "errseq_set")]
    public static int AfterError(int sequence) => ((sequence & ~Seen) | Failed) + ((sequence & Seen) != 0 ? Next : 0);

    /// <summary>Where somebody starts who opens a file: an error that nobody has been told of is still news to him.</summary>
    [KernelSource("lib/errseq.c", "errseq_sample")]
    public static int Sample(int sequence) => (sequence & Seen) != 0 ? sequence : 0;

    /// <summary>Whether there is an error that somebody was not told of, and the sequence once he is.</summary>
    [KernelSource("lib/errseq.c", "errseq_check_and_advance")]
    public static (bool Failed, int Sequence) Advance(int sequence, int since)
        => sequence == since ? (false, sequence) : (true, sequence | Seen);
}
