using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.FileSystems;

/// <summary>
/// fs/jbd2, as far as others can see it: which tasks have a handle open. What a task does inside a handle it does inside a
/// transaction: an eviction there nests its own.
/// </summary>
internal sealed class Journal(KernelHost host) : KernelObject(host)
{
    /// <summary>current->journal_info: a bit for each task that has a handle open.</summary>
    [KernelName("journal_info")]
    public Note<ulong> Open;

    public override string Name => "journal";

    /// <summary>Whether the running task has a handle open.</summary>
    public bool IsOpen => (Open.Value & Bit) != 0;

    private ulong Bit => 1UL << Host.Current.Index;

    /// <summary>Opens a handle, or enters the one that the task has.</summary>
    /// <returns>What <see cref="Stop"/> takes.</returns>
    [KernelSource("fs/jbd2/transaction.c", "jbd2__journal_start", Omits = "credits, commits: one point")]
    public async KTask<bool> Start()
    {
        Host.MightSleep("journal_start");
        await Host.Point();
        var outermost = !IsOpen;
        Open.Value |= Bit;
        return outermost;
    }

    /// <summary>Leaves a handle; the outermost ends it.</summary>
    [KernelSource("fs/jbd2/transaction.c", "jbd2_journal_stop", Omits = "commits: one point")]
    public async KTask Stop(bool outermost)
    {
        Invariant.Holds(IsOpen, "a handle is left by who entered it");
        await Host.Point();
        if (outermost)
            Open.Value &= ~Bit;
    }
}
