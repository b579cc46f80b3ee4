using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// struct mutex. Taking one that is not free is two operations: the thread queues, and acquires when the mutex is free and
/// it is first in the queue. A newcomer may take a free mutex past the queue, as in the kernel (no hand-off).
/// </summary>
public struct Mutex : ICell
{
    [Wiring] private object owner;                       // the lock's class until the cell is attached, its object from then on
    private SyncClock sync;
    private byte first;                                  // index of the thread + 1
    private byte holder;                                 // index of the thread + 1
    [Wiring] private LockNumber @class;
    [Wiring] private ushort offset;

    /// <summary>A free mutex.</summary>
    public Mutex(LockClass @class)
    {
        this = default;
        owner = @class;
    }

    /// <summary>mutex_lock.</summary>
    [Site]
    public Step Acquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.MutexAcquire, null, function, line));

    /// <summary>mutex_trylock: true if it was free and now is held.</summary>
    [Site]
    public Step<bool> TryAcquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.MutexTry, null, function, line));

    /// <summary>mutex_unlock.</summary>
    public Step Release()
        => new(Owner.AnnounceRelease(offset, OperationKind.MutexRelease, quiet: !@class.IsTried() && !Owner.Host.PointsAll));

    /// <summary>Whether the running thread holds it.</summary>
    public readonly bool IsHeldByCurrent => holder == Owner.Host.Current.Index + 1;

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

    internal readonly bool MustQueue => holder != 0;

    internal readonly bool MayTake(KernelThread thread) => holder == 0 && first == thread.Index + 1;

    internal void OnQueue(KernelThread thread) => WaiterList.Append(ref first, thread);

    internal void OnAcquire(KernelThread thread)
    {
        Invariant.Holds(holder == 0, "a mutex is acquired only when it is free");
        thread.Host.LockOrder.Nest(thread, @class);
        thread.Host.LockOrder.MightSleep(thread, @class);
        if (thread.Queued)
            WaiterList.Remove(ref first, thread);
        Take(thread);
    }

    internal bool OnTry(KernelThread thread)
    {
        Invariant.Holds(@class.IsTried(), "only locks of a class declared as tried are tried");
        if (holder != 0)
            return false;
        Take(thread);
        return true;
    }

    internal void OnRelease(KernelThread thread)
    {
        LockOrder.Pop(thread, Owner, offset, spins: false);
        sync.Release(thread);
        holder = 0;
        thread.Host.Recheck(Owner, offset);
    }

    private void Take(KernelThread thread)
    {
        sync.Acquire(thread);
        holder = (byte)(thread.Index + 1);
        thread.Host.LockOrder.Push(thread, Owner, offset, @class, shared: false, spins: false);
        thread.Host.Recheck(Owner, offset);
    }
}

/// <summary>
/// Threads in the order in which they wait, linked through themselves: a thread waits in one place at a time. A thread is
/// its index + 1 here, nobody is 0.
/// </summary>
internal static class WaiterList
{
    public static void Append(ref byte first, KernelThread thread)
    {
        ref var last = ref first;
        while (last != 0)
            last = ref thread.Host.ThreadAt(last - 1).NextWaiter;
        last = (byte)(thread.Index + 1);
        thread.NextWaiter = 0;
    }

    public static void Remove(ref byte first, KernelThread thread)
    {
        ref var place = ref first;
        while (place != 0 && place != thread.Index + 1)
            place = ref thread.Host.ThreadAt(place - 1).NextWaiter;
        if (place != 0)
            place = thread.NextWaiter;
        thread.NextWaiter = 0;
    }
}
