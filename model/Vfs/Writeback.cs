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
    private readonly KernelRelease release;
    private readonly bool putsWithSync;
    private readonly bool clearsFirst;
    private readonly bool requeuesSingle;
    private readonly WorkQueue queue;
    private readonly Work flusherWork;
    private readonly Slab<WritebackWork> works;

    internal Writeback(KernelHost host, InodeCache inodes, KernelRelease release, FixSet fixes)
        : base(host)
    {
        this.inodes = inodes;
        this.release = release;
        putsWithSync = !fixes.Has(Fixes.FlusherHasNoReference);
        clearsFirst = fixes.Has(Fixes.DirtyBitsClearedFirst);
        requeuesSingle = fixes.Has(Fixes.SingleWritesRequeue);
        queue = new WorkQueue(host, "flusher", VfsLocks.WorkPool);
        flusherWork = new Work(host, "wb.dwork", WriteAllWorks);
        works = new Slab<WritebackWork>(host, h => new WritebackWork(h), static _ => false);
    }

    [KernelName("wb.list_lock")]
    public SpinLock ListLock = new(VfsLocks.WritebackList);

    [KernelName("b_dirty")]
    [LinkedBy(nameof(Inode.WritebackLink))]
    public KernelList<Inode> Dirty;

    [KernelName("b_io")]
    [LinkedBy(nameof(Inode.WritebackLink))]
    public KernelList<Inode> Io;

    /// <summary>Inodes that somebody else is writing: the flusher comes back to them.</summary>
    [KernelName("b_more_io")]
    [LinkedBy(nameof(Inode.WritebackLink))]
    public KernelList<Inode> MoreIo;

    /// <summary>Inodes of which only times changed (lazytime).</summary>
    [KernelName("b_dirty_time")]
    [LinkedBy(nameof(Inode.WritebackLink))]
    public KernelList<Inode> DirtyTime;

    /// <summary>Inodes on the lists but b_dirty_time: what wb_has_dirty_io looks at without a lock.</summary>
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

    /// <summary>Whether this kernel has a change.</summary>
    internal bool Has(Change change) => change.IsIn(release);

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
        while (inode.Host.Check("I_SYNC", (inode.State.Value & InodeState.Sync) != 0))
        {
            await inode.SyncQueue.Prepare();
            await inode.Lock.Release();
            await inode.SyncQueue.Schedule();
            await inode.Lock.Acquire();
        }
    }

    /// <summary>Puts an inode on one of the lists, under list_lock and i_lock.</summary>
    [KernelSource("fs/fs-writeback.c", "inode_io_list_move_locked")]
    private async KTask MoveTo(Inode inode, WritebackList list)
    {
        var wasCounted = Dirty.IsLinked(inode) && !DirtyTime.Contains(inode);
        if (Dirty.IsLinked(inode))
            ListOf(inode).Remove(inode);
        ListOf(list).AddFirst(inode);
        var isCounted = list != WritebackList.DirtyTime;
        if (wasCounted != isCounted)
            await DirtyInodes.WriteOnce(DirtyInodes.Value + (isCounted ? 1 : -1));
    }

    private async KTask Unlist(Inode inode)
    {
        if (Host.Check("on a list", !Dirty.IsLinked(inode), otherwise: true))
            return;
        var wasCounted = !DirtyTime.Contains(inode);
        ListOf(inode).Remove(inode);
        if (Host.Check("not on b_dirty_time", wasCounted))
            await DirtyInodes.WriteOnce(DirtyInodes.Value - 1);
        if (Host.Check("I_SYNC_QUEUED", (inode.State.Value & InodeState.SyncQueued) != 0))
            await inode.State.Set(inode.State.Value & ~InodeState.SyncQueued);
    }

    private ref KernelList<Inode> ListOf(Inode inode)
        => ref ListOf(
            Io.Contains(inode) ? WritebackList.Io
            : MoreIo.Contains(inode) ? WritebackList.MoreIo
            : DirtyTime.Contains(inode) ? WritebackList.DirtyTime : WritebackList.Dirty);

    private ref KernelList<Inode> ListOf(WritebackList list)
    {
        switch (list)
        {
            case WritebackList.Io:
                return ref Io;
            case WritebackList.MoreIo:
                return ref MoreIo;
            case WritebackList.DirtyTime:
                return ref DirtyTime;
            default:
                return ref Dirty;
        }
    }

    // The lists of a bdi_writeback.
    private enum WritebackList
    {
        Dirty,
        Io,
        MoreIo,
        DirtyTime,
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

    /// <summary>for_sync: for sync(2) and its kind, which waits for the data itself.</summary>
    [KernelName("for_sync")]
    public Plain<bool> ForSync;

    /// <summary>auto_free: nobody waits for it, the flusher frees it.</summary>
    [KernelName("auto_free")]
    public Plain<bool> FreesItself;

    /// <summary>Not zero as long as the work is not done.</summary>
    [KernelName("done.cnt")]
    public Atomic Pending;

    public override string Name => WaitForData.Peek ? "work:sync-all" : "work:sync-none";
}
