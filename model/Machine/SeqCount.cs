namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// seqcount_t: odd while a writer is at work, and never again what it was. Who reads without a lock takes the count before he looks
/// and compares it afterwards; writers are kept apart by a lock.
/// </summary>
/// <remarks>
/// Neither reading nor writing it is a point of its own: it is read in the steps of what the reader looks at. Apart from them a
/// comparison could only fail for a change in between, as it does where that change comes before the look. Of the count itself a
/// state has nothing: whether it differs from what a reader keeps is part of him, and whether it is odd of the writer.
/// </remarks>
public struct SeqCount : ICell
{
    private ChangeCounter changes;

    /// <summary>raw_seqcount_begin: what a later <see cref="Retry"/> compares; if a writer is at work now it fails in any case.</summary>
    public readonly ChangeStamp Begin => changes.Touched.Settled;

    /// <summary>The count as it is. Where it is odd read_seqcount_begin spins, and who asks here awaits the change.</summary>
    public readonly ChangeStamp Now => changes.Touched;

    /// <summary>read_seqcount_retry: whether something changed since.</summary>
    public readonly bool Retry(ChangeStamp seen) => changes.Touched.Count != seen.Count;

    /// <summary>Waits until something has changed since <paramref name="seen"/>.</summary>
    public Step ChangedSince(ChangeStamp seen) => changes.ChangedSince(seen);

    /// <summary>write_seqcount_begin, with the lock that keeps writers apart.</summary>
    public void BeginWrite()
    {
        Invariant.Holds(!changes.Now.IsOdd, "one writer at a time is in a sequence count's section");
        changes.Bump();
    }

    /// <summary>write_seqcount_end.</summary>
    public void EndWrite()
    {
        Invariant.Holds(changes.Now.IsOdd, "who ends a sequence count's section began it");
        changes.Bump();
    }

    /// <summary>write_seqcount_invalidate: who looked before is to look again, although nothing that he read changes under him.</summary>
    public void Invalidate()
    {
        changes.Bump();
        changes.Bump();
    }

    public void Attach(KernelObject owner) => changes.Attach(owner);

    public readonly void ForgetClocks() => changes.ForgetClocks();

    readonly string ICell.Show() => ((ICell)changes).Show();
}
