namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Counts the changes of something that a kernel loop polls without sleeping. Instead of polling, the loop waits until the
/// count differs from what it saw: the same schedules, without the turns in which nothing changed.
/// </summary>
public struct ChangeCounter : ICell
{
    [Wiring] private KernelObject owner;
    [NotState("whether it changed since somebody looked is part of who looked")]
    private int changes;
    [Wiring] private ushort offset;

    /// <summary>The moment to wait from.</summary>
    public readonly ChangeStamp Now
    {
        get
        {
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, offset, AccessKind.Read);
            return new ChangeStamp(owner, offset, changes);
        }
    }

    /// <summary>The same, read by a thread that must not touch what is freed.</summary>
    internal readonly ChangeStamp Touched
    {
        get
        {
            owner.Touch();
            return Now;
        }
    }

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
    public Step ChangedSince(ChangeStamp seen)
        => new(owner.Announce(offset, OperationKind.AwaitChange, quiet: false, seen.Count));

    internal readonly bool HasChangedSince(long seen) => changes != seen;

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

/// <summary>A moment of a <see cref="ChangeCounter"/>. All that matters of it is whether something has changed since.</summary>
public readonly struct ChangeStamp : IStatePart
{
    private readonly KernelObject? owner;
    private readonly ushort offset;

    internal ChangeStamp(KernelObject owner, ushort offset, int count)
    {
        this.owner = owner;
        this.offset = offset;
        Count = count;
    }

    internal int Count { get; }

    /// <summary>Whether a change was under way, where one begins and ends with a bump.</summary>
    internal bool IsOdd => (Count & 1) != 0;

    /// <summary>The moment before a change that is under way; the same if there is none.</summary>
    internal ChangeStamp Settled => owner == null ? this : new ChangeStamp(owner, offset, Count & ~1);

    public override string ToString() => Count.ToString(System.Globalization.CultureInfo.InvariantCulture);

    void IStatePart.WriteState(StateEncoder encoder)
    {
        encoder.AddReference(owner);
        encoder.Add((ulong)offset << 1 | (owner?.Cell<ChangeCounter>(offset).HasChangedSince(Count) == true ? 1UL : 0UL));
    }
}

/// <summary>A value that knows itself what of it is part of a state.</summary>
internal interface IStatePart
{
    void WriteState(StateEncoder encoder);
}
