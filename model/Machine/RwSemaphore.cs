using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// struct rw_semaphore. Taking one that is not free is two operations, queue and acquire. A reader that comes while anybody
/// is queued waits behind him; a writer may take a free semaphore past the queue.
/// </summary>
public struct RwSemaphore : ICell
{
    [Wiring] private object owner;                       // the lock's class until the cell is attached, its object from then on
    private SyncClock writers;
    private SyncClock readers;
    private byte first;                                  // index of the thread + 1
    private short readerCount;
    private byte writer;                                 // index of the thread + 1
    [Wiring] private LockNumber @class;
    [Wiring] private ushort offset;

    /// <summary>A free semaphore.</summary>
    public RwSemaphore(LockClass @class)
    {
        this = default;
        owner = @class;
    }

    /// <summary>down_read.</summary>
    [Site]
    public Step AcquireRead([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SemaphoreAcquireRead, null, function, line));

    /// <summary>down_write.</summary>
    [Site]
    public Step AcquireWrite([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SemaphoreAcquireWrite, null, function, line));

    /// <summary>down_write_nested, for a semaphore inside another of its class.</summary>
    /// <param name="nested">The class it counts as here.</param>
    [Site]
    public Step AcquireWrite(LockClass nested, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SemaphoreAcquireWrite, nested, function, line));

    /// <summary>down_read_trylock.</summary>
    [Site]
    public Step<bool> TryAcquireRead([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SemaphoreTryRead, null, function, line));

    /// <summary>down_write_trylock.</summary>
    [Site]
    public Step<bool> TryAcquireWrite([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.SemaphoreTryWrite, null, function, line));

    /// <summary>up_read.</summary>
    public Step ReleaseRead() => new(Owner.AnnounceRelease(offset, OperationKind.SemaphoreReleaseRead, QuietRelease));

    /// <summary>up_write.</summary>
    public Step ReleaseWrite() => new(Owner.AnnounceRelease(offset, OperationKind.SemaphoreReleaseWrite, QuietRelease));

    /// <summary>Whether the running thread holds it exclusively.</summary>
    public readonly bool IsWriteHeldByCurrent => writer == Owner.Host.Current.Index + 1;

    /// <summary>Whether anybody holds it exclusively.</summary>
    public readonly bool IsWriteHeld => writer != 0;

    internal readonly int Writer => writer - 1;

    internal readonly int Readers => readerCount;

    internal readonly bool HasQueue => first != 0;

    private readonly KernelObject Owner => Unsafe.As<KernelObject>(owner);

    private readonly bool QuietRelease => !@class.IsTried() && !Owner.Host.PointsAll;

    public void Attach(KernelObject owner)
    {
        @class = owner.Host.LockOrder.NumberOf(this.owner as LockClass);
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks()
    {
        writers.Forget();
        readers.Forget();
    }

    readonly string ICell.Show() => writer != 0 ? $"held by {Owner.Host.Threads[writer - 1].Name}"
        : readerCount == 0 ? "free" : $"{readerCount} readers";

    internal readonly bool MustQueue(bool write) => write ? writer != 0 || readerCount != 0 : writer != 0 || first != 0;

    internal readonly bool MayTake(KernelThread thread)
    {
        if (writer != 0)
            return false;
        if (thread.QueuedAsWriter)
            return readerCount == 0 && first == thread.Index + 1;
        for (var ahead = first; ahead != 0 && ahead != thread.Index + 1; ahead = thread.Host.ThreadAt(ahead - 1).NextWaiter)
        {
            if (thread.Host.ThreadAt(ahead - 1).QueuedAsWriter)
                return false;
        }

        return true;
    }

    internal void OnQueue(KernelThread thread) => WaiterList.Append(ref first, thread);

    internal void OnAcquire(KernelThread thread, bool write, LockClass? nested)
    {
        var counted = ClassOf(thread, nested);
        thread.Host.LockOrder.Nest(thread, counted);
        thread.Host.LockOrder.MightSleep(thread, @class);
        if (thread.Queued)
            WaiterList.Remove(ref first, thread);
        Take(thread, write, counted);
    }

    internal bool OnTry(KernelThread thread, bool write)
    {
        Invariant.Holds(@class.IsTried(), "only locks of a class declared as tried are tried");
        if (MustQueue(write))
            return false;
        Take(thread, write, @class);
        return true;
    }

    internal void OnRelease(KernelThread thread, bool write)
    {
        LockOrder.Pop(thread, Owner, offset, spins: false);
        if (write)
        {
            writers.Release(thread);
            readers.Clear(thread);
            writer = 0;
        }
        else
        {
            readers.ReleaseMerged(thread);
            readerCount--;
        }

        thread.Host.Recheck(Owner, offset);
    }

    private void Take(KernelThread thread, bool write, LockNumber counted)
    {
        Invariant.Holds(writer == 0 && (!write || readerCount == 0), "a semaphore is taken only when that excludes nobody");
        writers.Acquire(thread);
        if (write)
        {
            readers.Acquire(thread);
            writer = (byte)(thread.Index + 1);
        }
        else
        {
            readerCount++;
        }

        thread.Host.LockOrder.Push(thread, Owner, offset, counted, shared: !write, spins: false);
        thread.Host.Recheck(Owner, offset);
    }

    private readonly LockNumber ClassOf(KernelThread thread, LockClass? nested)
        => nested == null ? @class : thread.Host.LockOrder.NumberOf(nested);
}
