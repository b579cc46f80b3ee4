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

    /// <summary>Notes an error. Who loses the race against another one looks again: there may be nothing left to note.</summary>
    [KernelSource("lib/errseq.c", "errseq_set")]
    public static async KTask Set(IHasErrors of)
    {
        var old = await of.Errors.Read();
        for (var next = AfterError(old); next != old && !await of.Errors.CompareExchange(old, next); next = AfterError(old))
            old = await of.Errors.Read();
    }

    /// <summary>Where somebody starts who opens a file: an error that nobody has been told of is still news to him.</summary>
    [KernelSource("lib/errseq.c", "errseq_sample")]
    public static int Sample(int sequence) => (sequence & Seen) != 0 ? sequence : 0;

    /// <summary>The sequence once somebody is told: another one than his last, if there is an error that he was not told of.</summary>
    [KernelSource("lib/errseq.c", "errseq_check_and_advance")]
    public static async KTask<int> Advance(IHasErrors of, int since)
    {
        var old = await of.Errors.Read();
        if (old == since)
            return since;
        var next = old | Seen;
        if (next != old)
            await of.Errors.CompareExchange(old, next);            // in vain: somebody else was told, or it failed again
        return next;
    }

    private static int AfterError(int sequence) => ((sequence & ~Seen) | Failed) + ((sequence & Seen) != 0 ? Next : 0);
}

/// <summary>What has a sequence of errors.</summary>
internal interface IHasErrors
{
    /// <summary>The sequence.</summary>
    ref Atomic Errors { get; }
}
