namespace Fscrypt.Sim.Model.Machine;

/// <summary>spinlock_t. Its holder must not sleep; a thread that finds it held waits without giving up anything.</summary>
public struct SpinLock : ICell
{
    [Wiring] private KernelObject owner;
    [Wiring] private readonly LockClass @class;
    private SyncClock sync;
    private short holder;                                // index of the thread + 1
    [Wiring] private ushort offset;

    /// <summary>A free lock.</summary>
    public SpinLock(LockClass @class)
    {
        this = default;
        owner = null!;
        this.@class = @class;
    }

    /// <summary>spin_lock.</summary>
    public Step Acquire() => new(owner.Announce(offset, OperationKind.SpinAcquire));

    /// <summary>spin_lock_nested, for a lock inside another of its class.</summary>
    /// <param name="nested">The class it counts as here.</param>
    public Step Acquire(LockClass nested) => new(owner.Announce(offset, OperationKind.SpinAcquire, reference: nested));

    /// <summary>spin_trylock: true if it was free and now is held.</summary>
    public Step<bool> TryAcquire() => new(owner.Announce(offset, OperationKind.SpinTry));

    /// <summary>spin_unlock.</summary>
    public Step Release()
        => new(owner.Announce(offset, OperationKind.SpinRelease, quiet: !@class.Tried && !owner.Host.PointsAll));

    /// <summary>Whether the running thread holds it: what lockdep_assert_held asks.</summary>
    public readonly bool IsHeldByCurrent => holder == owner.Host.Current.Index + 1;

    /// <summary>Whether anybody holds it.</summary>
    public readonly bool IsHeld => holder != 0;

    internal readonly int Holder => holder - 1;

    readonly ushort ICell.Offset => offset;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => sync.Clear();

    readonly string ICell.Show() => holder == 0 ? "free" : $"held by {owner.Host.Threads[holder - 1].Name}";

    internal void OnAcquire(KernelThread thread, LockClass? nested)
    {
        Invariant.Holds(holder == 0, "a spinlock is acquired only when it is free");
        thread.Host.LockOrder.Nest(thread, nested ?? @class);
        Take(thread, nested ?? @class);
    }

    internal bool OnTry(KernelThread thread)
    {
        Invariant.Holds(@class.Tried || @class.TriedUndeclared, "only locks of a class declared as tried are tried");
        if (holder != 0)
            return false;
        Take(thread, @class);
        return true;
    }

    internal void OnRelease(KernelThread thread)
    {
        LockOrder.Pop(thread, owner, offset, spins: true);
        sync.Release(thread);
        holder = 0;
        thread.Host.Recheck(owner, offset);
    }

    private void Take(KernelThread thread, LockClass counted)
    {
        sync.Acquire(thread);
        holder = (short)(thread.Index + 1);
        thread.Host.LockOrder.Push(thread, owner, offset, counted, shared: false, spins: true);
        thread.Host.Recheck(owner, offset);
    }
}
