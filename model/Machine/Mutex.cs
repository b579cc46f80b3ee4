namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// struct mutex. Taking one that is not free is two operations: the thread queues, and acquires when the mutex is free and
/// it is first in the queue. A newcomer may take a free mutex past the queue, as in the kernel (no hand-off).
/// </summary>
public struct Mutex : ICell
{
    [Wiring] private KernelObject owner;
    [Wiring] private readonly LockClass @class;
    private SyncClock sync;
    private KernelThread? first;
    private short holder;                                // index of the thread + 1
    [Wiring] private ushort offset;

    /// <summary>A free mutex.</summary>
    public Mutex(LockClass @class)
    {
        this = default;
        owner = null!;
        this.@class = @class;
    }

    /// <summary>mutex_lock.</summary>
    public Step Acquire() => new(owner.Announce(offset, OperationKind.MutexAcquire));

    /// <summary>mutex_trylock: true if it was free and now is held.</summary>
    public Step<bool> TryAcquire() => new(owner.Announce(offset, OperationKind.MutexTry));

    /// <summary>mutex_unlock.</summary>
    public Step Release()
        => new(owner.Announce(offset, OperationKind.MutexRelease, quiet: !@class.Tried && !owner.Host.PointsAll));

    /// <summary>Whether the running thread holds it.</summary>
    public readonly bool IsHeldByCurrent => holder == owner.Host.Current.Index + 1;

    internal readonly int Holder => holder - 1;

    readonly ushort ICell.Offset => offset;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => sync.Clear();

    readonly string ICell.Show() => holder == 0 ? "free" : $"held by {owner.Host.Threads[holder - 1].Name}";

    internal readonly bool MustQueue => holder != 0;

    internal readonly bool MayTake(KernelThread thread) => holder == 0 && ReferenceEquals(first, thread);

    internal void OnQueue(KernelThread thread) => WaiterList.Append(ref first, thread);

    internal void OnAcquire(KernelThread thread)
    {
        Invariant.Holds(holder == 0, "a mutex is acquired only when it is free");
        thread.Host.LockOrder.Nest(thread, @class);
        thread.Host.LockOrder.MightSleep(thread, @class.Name);
        if (thread.Queued)
            WaiterList.Remove(ref first, thread);
        Take(thread);
    }

    internal bool OnTry(KernelThread thread)
    {
        Invariant.Holds(@class.Tried, "only locks of a class declared as tried are tried");
        if (holder != 0)
            return false;
        Take(thread);
        return true;
    }

    internal void OnRelease(KernelThread thread)
    {
        LockOrder.Pop(thread, owner, offset, spins: false);
        sync.Release(thread);
        holder = 0;
        thread.Host.Recheck(owner, offset);
    }

    private void Take(KernelThread thread)
    {
        sync.Acquire(thread);
        holder = (short)(thread.Index + 1);
        thread.Host.LockOrder.Push(thread, owner, offset, @class, shared: false, spins: false);
        thread.Host.Recheck(owner, offset);
    }
}

/// <summary>Threads in the order in which they wait, linked through themselves: a thread waits in one place at a time.</summary>
internal static class WaiterList
{
    public static void Append(ref KernelThread? first, KernelThread thread)
    {
        thread.NextWaiter = null;
        if (first == null)
        {
            first = thread;
            return;
        }

        var last = first;
        while (last.NextWaiter != null)
            last = last.NextWaiter;
        last.NextWaiter = thread;
    }

    public static void Remove(ref KernelThread? first, KernelThread thread)
    {
        if (ReferenceEquals(first, thread))
        {
            first = thread.NextWaiter;
        }
        else
        {
            for (var before = first; before != null; before = before.NextWaiter)
            {
                if (ReferenceEquals(before.NextWaiter, thread))
                {
                    before.NextWaiter = thread.NextWaiter;
                    break;
                }
            }
        }

        thread.NextWaiter = null;
    }
}
