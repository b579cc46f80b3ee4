using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>spinlock_t. Its holder must not sleep; a thread that finds it held waits without giving up anything.</summary>
public struct SpinLock : ICell
{
    [Wiring] private object owner;                       // the lock's class until the cell is attached, its object from then on
    private SyncClock sync;
    private byte holder;                                 // index of the thread + 1
    [Wiring] private LockNumber @class;
    [Wiring] private ushort offset;

    /// <summary>A free lock.</summary>
    public SpinLock(LockClass @class)
    {
        this = default;
        owner = @class;
    }

    /// <summary>spin_lock.</summary>
    [Site]
    public Step Acquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SpinAcquire, null, function, line));

    /// <summary>spin_lock_nested, for a lock inside another of its class.</summary>
    /// <param name="nested">The class it counts as here.</param>
    [Site]
    public Step Acquire(LockClass nested, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SpinAcquire, nested, function, line));

    /// <summary>spin_trylock: true if it was free and now is held.</summary>
    [Site]
    public Step<bool> TryAcquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SpinTry, null, function, line));

    /// <summary>spin_unlock.</summary>
    public Step Release()
        => new(Owner.AnnounceRelease(offset, OperationKind.SpinRelease, quiet: !@class.IsTried() && !Owner.Host.PointsAll));

    /// <summary>Whether the running thread holds it: what lockdep_assert_held asks.</summary>
    public readonly bool IsHeldByCurrent => holder == Owner.Host.Current.Index + 1;

    /// <summary>Whether anybody holds it.</summary>
    public readonly bool IsHeld => holder != 0;

    internal readonly int Holder => holder - 1;

    private readonly KernelObject Owner => Unsafe.As<KernelObject>(owner);

    public void Attach(KernelObject owner)
    {
        @class = owner.Host.LockOrder.NumberOf(this.owner as LockClass);
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => sync.Forget();

    readonly string ICell.Show() => holder == 0 ? "free" : $"held by {Owner.Host.Threads[holder - 1].Name}";

    internal void OnAcquire(KernelThread thread, LockClass? nested)
    {
        Invariant.Holds(holder == 0, "a spinlock is acquired only when it is free");
        var counted = ClassOf(thread, nested);
        thread.Host.LockOrder.Nest(thread, counted);
        Take(thread, counted);
    }

    internal bool OnTry(KernelThread thread)
    {
        Invariant.Holds(thread.Host.LockOrder.MayTry(@class), "only locks of a class declared as tried are tried");
        if (holder != 0)
            return false;
        Take(thread, @class);
        return true;
    }

    internal void OnRelease(KernelThread thread)
    {
        LockOrder.Pop(thread, Owner, offset, spins: true);
        sync.Release(thread);
        holder = 0;
        thread.Host.Recheck(Owner, offset);
    }

    private void Take(KernelThread thread, LockNumber counted)
    {
        sync.Acquire(thread);
        holder = (byte)(thread.Index + 1);
        thread.Host.LockOrder.Push(thread, Owner, offset, counted, shared: false, spins: true);
        thread.Host.Recheck(Owner, offset);
    }

    private readonly LockNumber ClassOf(KernelThread thread, LockClass? nested)
        => nested == null ? @class : thread.Host.LockOrder.NumberOf(nested);
}
