using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// fs/fs-writeback.c: dirty inodes and how they become clean. One backing device, so one flusher, which runs its works in
/// order: two syncs never write at once.
/// </summary>
public sealed partial class Writeback : KernelObject
{
    private readonly InodeCache inodes;
    private readonly WorkQueue queue;
    private readonly Work flusherWork;
    private readonly Slab<WritebackWork> works;

    internal Writeback(KernelHost host, InodeCache inodes)
        : base(host)
    {
        this.inodes = inodes;
        queue = new WorkQueue(host, "flusher", VfsLocks.WorkPool);
        flusherWork = new Work(host, "wb.dwork", WriteAllWorks);
        works = new Slab<WritebackWork>(host, h => new WritebackWork(h));
    }

    [KernelName("wb.list_lock")]
    public SpinLock ListLock = new(VfsLocks.WritebackList);

    [KernelName("b_dirty")]
    [LinkedBy(nameof(Inode.WritebackLink))]
    public KernelList<Inode> Dirty;

    [KernelName("b_io")]
    [LinkedBy(nameof(Inode.WritebackLink))]
    public KernelList<Inode> Io;

    /// <summary>Dirty inodes on any list: what wb_has_dirty_io looks at without a lock.</summary>
    [KernelName("WB_has_dirty_io")]
    public Shared<int> DirtyInodes;

    [KernelName("wb.work_lock")]
    public SpinLock WorkLock = new(VfsLocks.WritebackWork);

    [KernelName("wb.work_list")]
    [LinkedBy(nameof(WritebackWork.Link))]
    public KernelList<WritebackWork> Works;

    [KernelName("bdi.wb_waitq")]
    public WaitQueue Waiters;

    public override string Name => "wb";

    /// <summary>Marks an inode dirty and queues it for the flusher. The caller has a reference, or is the flusher.</summary>
    [KernelSource("fs/fs-writeback.c", "__mark_inode_dirty", Omits = "setting I_DIRTY_TIME; ->dirty_inode is one point: the journal has no state here")]
    public async KTask MarkDirty(Inode inode, InodeState flags)
    {
        if ((flags & InodeState.DirtyInode) != 0)
        {
            Host.MightSleep("->dirty_inode");
            await Host.Point();
        }

        if ((await inode.State.ReadOnce() & flags) == flags)       // after a full barrier; pairs with the one in WriteOne
            return;

        await inode.Lock.Acquire();
        var before = inode.State.Value;
        if ((before & flags) == flags)
        {
            await inode.Lock.Release();
            return;
        }

        // Before v6.12 the times' bit goes in the section that sets the other; since then MarkDirtySync has cleared it.
        var timeGoes = (flags & InodeState.DirtyInode) != 0 && !inodes.Has(Change.DirtyTimeClearedFirst);
        await inode.State.Set((timeGoes ? before & ~InodeState.DirtyTime : before) | flags);
        if ((before & InodeState.Dirty) != 0)
        {
            await inode.Lock.Release();
            return;
        }

        await inode.Lock.Release();                                // the list lock is outside i_lock
        await ListLock.Acquire();
        await inode.Lock.Acquire();
        var state = inode.State.Value;
        if ((state & (InodeState.SyncQueued | InodeState.Freeing)) == 0 && inode.HashLink.IsHashed)
            await MoveTo(inode, queued: false);
        await inode.Lock.Release();
        await ListLock.Release();
    }

    /// <summary>Takes an inode off the writeback lists.</summary>
    [KernelSource("fs/fs-writeback.c", "inode_io_list_del")]
    internal async KTask RemoveFromLists(Inode inode)
    {
        await ListLock.Acquire();
        await inode.Lock.Acquire();
        await Unlist(inode);
        await inode.Lock.Release();
        await ListLock.Release();
    }

    /// <summary>Sleeps until I_SYNC is clear; i_lock is held, dropped around each sleep, and held again.</summary>
    [KernelSource("fs/fs-writeback.c", "inode_wait_for_writeback")]
    internal static async KTask WaitForSync(Inode inode)
    {
        while ((inode.State.Value & InodeState.Sync) != 0)
        {
            await inode.SyncQueue.Prepare();
            await inode.Lock.Release();
            await inode.SyncQueue.Schedule();
            await inode.Lock.Acquire();
        }
    }

    /// <summary>Puts an inode on b_dirty or b_io, under list_lock and i_lock.</summary>
    private async KTask MoveTo(Inode inode, bool queued)
    {
        var wasListed = inode.WritebackLink.IsLinked;
        if (wasListed)
            ListOf(inode).Remove(inode);
        if (queued)
            Io.AddFirst(inode);
        else
            Dirty.AddFirst(inode);
        if (!wasListed)
            await DirtyInodes.WriteOnce(DirtyInodes.Peek + 1);
    }

    private async KTask Unlist(Inode inode)
    {
        if (!inode.WritebackLink.IsLinked)
            return;
        ListOf(inode).Remove(inode);
        await DirtyInodes.WriteOnce(DirtyInodes.Peek - 1);
        if ((inode.State.Value & InodeState.SyncQueued) != 0)
            await inode.State.Set(inode.State.Value & ~InodeState.SyncQueued);
    }

    private ref KernelList<Inode> ListOf(Inode inode)
    {
        if (Io.Contains(inode))
            return ref Io;
        return ref Dirty;
    }
}

/// <summary>A request to the flusher, on the stack of whoever waits for it: wb_writeback_work with its completion.</summary>
public sealed class WritebackWork(KernelHost host) : KernelObject(host)
{
    /// <summary>Place in wb.work_list.</summary>
    public ListLink Link;

    /// <summary>WB_SYNC_ALL: wait for what is written.</summary>
    [KernelName("sync_mode")]
    public Plain<bool> WaitForData;

    /// <summary>Not zero as long as the work is not done.</summary>
    [KernelName("done.cnt")]
    public Atomic Pending;

    public override string Name => WaitForData.Peek ? "work:sync-all" : "work:sync-none";
}
