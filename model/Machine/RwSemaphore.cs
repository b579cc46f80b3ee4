namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// struct rw_semaphore. Taking one that is not free is two operations, queue and acquire. A reader that comes while anybody
/// is queued waits behind him; a writer may take a free semaphore past the queue.
/// </summary>
public struct RwSemaphore : ICell
{
    [Wiring] private KernelObject owner;
    [Wiring] private readonly LockClass @class;
    private SyncClock writers;
    private SyncClock readers;
    private KernelThread? first;
    private short readerCount;
    private short writer;                                // index of the thread + 1
    [Wiring] private ushort offset;

    /// <summary>A free semaphore.</summary>
    public RwSemaphore(LockClass @class)
    {
        this = default;
        owner = null!;
        this.@class = @class;
    }

    /// <summary>down_read.</summary>
    public Step AcquireRead() => new(owner.Announce(offset, OperationKind.SemaphoreAcquireRead));

    /// <summary>down_write.</summary>
    public Step AcquireWrite() => new(owner.Announce(offset, OperationKind.SemaphoreAcquireWrite));

    /// <summary>down_write_nested, for a semaphore inside another of its class.</summary>
    /// <param name="nested">The class it counts as here.</param>
    public Step AcquireWrite(LockClass nested)
        => new(owner.Announce(offset, OperationKind.SemaphoreAcquireWrite, reference: nested));

    /// <summary>down_read_trylock.</summary>
    public Step<bool> TryAcquireRead() => new(owner.Announce(offset, OperationKind.SemaphoreTryRead));

    /// <summary>down_write_trylock.</summary>
    public Step<bool> TryAcquireWrite() => new(owner.Announce(offset, OperationKind.SemaphoreTryWrite));

    /// <summary>up_read.</summary>
    public Step ReleaseRead() => new(owner.Announce(offset, OperationKind.SemaphoreReleaseRead, QuietRelease));

    /// <summary>up_write.</summary>
    public Step ReleaseWrite() => new(owner.Announce(offset, OperationKind.SemaphoreReleaseWrite, QuietRelease));

    /// <summary>Whether the running thread holds it exclusively.</summary>
    public readonly bool IsWriteHeldByCurrent => writer == owner.Host.Current.Index + 1;

    /// <summary>Whether anybody holds it exclusively.</summary>
    public readonly bool IsWriteHeld => writer != 0;

    internal readonly int Writer => writer - 1;

    internal readonly int Readers => readerCount;

    readonly ushort ICell.Offset => offset;

    private readonly bool QuietRelease => !@class.Tried && !owner.Host.PointsAll;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks()
    {
        writers.Clear();
        readers.Clear();
    }

    readonly string ICell.Show() => writer != 0 ? $"held by {owner.Host.Threads[writer - 1].Name}"
        : readerCount == 0 ? "free" : $"{readerCount} readers";

    internal readonly bool MustQueue(bool write) => write ? writer != 0 || readerCount != 0 : writer != 0 || first != null;

    internal readonly bool MayTake(KernelThread thread)
    {
        if (writer != 0)
            return false;
        if (thread.QueuedAsWriter)
            return readerCount == 0 && ReferenceEquals(first, thread);
        for (var ahead = first; ahead != null && !ReferenceEquals(ahead, thread); ahead = ahead.NextWaiter)
        {
            if (ahead.QueuedAsWriter)
                return false;
        }

        return true;
    }

    internal void OnQueue(KernelThread thread, bool write)
    {
        thread.QueuedAsWriter = write;
        WaiterList.Append(ref first, thread);
    }

    internal void OnAcquire(KernelThread thread, bool write, LockClass? nested)
    {
        thread.Host.LockOrder.Nest(thread, nested ?? @class);
        thread.Host.LockOrder.MightSleep(thread, @class.Name);
        if (thread.Queued)
            WaiterList.Remove(ref first, thread);
        Take(thread, write, nested ?? @class);
    }

    internal bool OnTry(KernelThread thread, bool write)
    {
        Invariant.Holds(@class.Tried, "only locks of a class declared as tried are tried");
        if (MustQueue(write))
            return false;
        Take(thread, write, @class);
        return true;
    }

    internal void OnRelease(KernelThread thread, bool write)
    {
        LockOrder.Pop(thread, owner, offset, spins: false);
        if (write)
        {
            writers.Release(thread);
            readers.Clear();
            writer = 0;
        }
        else
        {
            readers.ReleaseMerged(thread);
            readerCount--;
        }

        thread.Host.Recheck(owner, offset);
    }

    private void Take(KernelThread thread, bool write, LockClass counted)
    {
        Invariant.Holds(writer == 0 && (!write || readerCount == 0), "a semaphore is taken only when that excludes nobody");
        writers.Acquire(thread);
        if (write)
        {
            readers.Acquire(thread);
            writer = (short)(thread.Index + 1);
        }
        else
        {
            readerCount++;
        }

        thread.Host.LockOrder.Push(thread, owner, offset, counted, shared: !write, spins: false);
        thread.Host.Recheck(owner, offset);
    }
}
