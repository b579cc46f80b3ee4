namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Counts the changes of something that a kernel loop polls without sleeping. Instead of polling, the loop waits until the
/// count differs from what it saw: the same schedules, without the turns in which nothing changed.
/// </summary>
public struct ChangeCounter : ICell
{
    [Wiring] private KernelObject owner;
    private int changes;
    [Wiring] private ushort offset;

    /// <summary>The count to wait from.</summary>
    public readonly int Now
    {
        get
        {
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, offset, AccessKind.Read);
            return changes;
        }
    }

    internal readonly int Count => changes;

    readonly ushort ICell.Offset => offset;

    /// <summary>Something changed: who polls looks again.</summary>
    public void Bump()
    {
        owner.WillChange();
        if (owner.Host.Attentive)
            owner.Host.Accessed(owner, offset, AccessKind.Add);
        changes++;
        owner.Host.Recheck(owner, offset);
    }

    /// <summary>Waits until something has changed since <paramref name="seen"/>.</summary>
    public Step ChangedSince(int seen) => new(owner.Announce(offset, OperationKind.AwaitChange, quiet: false, seen));

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public readonly void ForgetClocks()
    {
    }

    readonly string ICell.Show() => Display.Of(changes);
}
