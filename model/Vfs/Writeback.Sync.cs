using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// sync_filesystem: two works for the flusher, and a wait for what others put under writeback.
public sealed partial class Writeback
{
    /// <summary>Writes all that is dirty, twice: submitted, then waited for. s_umount is held.</summary>
    /// <remarks>That writing some file's data failed is no error here: its inode is clean then, and can be evicted.</remarks>
    [KernelSource("fs/sync.c", "sync_filesystem", Omits = "the block device's own dirty pages")]
    public async KTask<Errno> SyncFileSystem(SuperBlock superBlock)
    {
        Host.MightSleep("sync_filesystem");
        if (superBlock.IsReadOnly.Value)
            return Errno.OK;
        await QueueAndWait(superBlock, waitForData: false);                    // writeback_inodes_sb
        var error = await inodes.FileSystem.Sync(wait: false);
        if (error != Errno.OK && Change.SyncReturnsErrors.IsIn(release))
            return error;                                          // what was submitted is not waited for
        await SyncInodes(superBlock);
        error = await inodes.FileSystem.Sync(wait: true);
        return Change.SyncReturnsErrors.IsIn(release) ? error : Errno.OK;
    }

    /// <summary>Writes the inodes that are dirty, dirty times included, and waits for their data.</summary>
    [KernelSource("fs/fs-writeback.c", "sync_inodes_sb")]
    private async KTask SyncInodes(SuperBlock superBlock)
    {
        await QueueAndWait(superBlock, waitForData: true);
        await WaitForInodes(superBlock);
    }

    /// <summary>sync(2): writes all that is dirty and waits for it, then has the file system commit.</summary>
    [KernelSource("fs/sync.c", "ksys_sync", Omits = "the flusher's start without a wait, before the one that is waited for; block devices")]
    public async KTask SyncAll(SuperBlock superBlock)
    {
        Host.MightSleep("sync");
        await superBlock.Umount.AcquireRead();                     // iterate_supers, once for each of the three
        if (!superBlock.IsReadOnly.Value)
            await SyncInodes(superBlock);
        await superBlock.Umount.ReleaseRead();
        for (var wait = 0; wait < 2; wait++)
        {
            await superBlock.Umount.AcquireRead();
            if (!superBlock.IsReadOnly.Value)
                await inodes.FileSystem.Sync(wait == 1);           // nobody looks at the error
            await superBlock.Umount.ReleaseRead();
        }
    }

    [KernelSource("fs/fs-writeback.c", "bdi_split_work_to_wbs")]
    private async KTask QueueAndWait(SuperBlock superBlock, bool waitForData)
    {
        var lookForTimes = waitForData && superBlock.IsLazyTime.Racy;
        var dirty = await DirtyInodes.ReadOnce();
        if (Host.Check("wb_has_dirty_io", dirty == 0 && !lookForTimes))
            return;
        var work = works.Allocate();
        work.WaitForData.Value = waitForData;
        work.ForSync.Value = waitForData;
        work.Pending.Initialize(1);
        await WorkLock.Acquire();
        Works.AddLast(work);
        await WorkLock.Release();
        await queue.Queue(flusherWork);

        while (true)
        {
            var pending = await work.Pending.Read();
            if (Host.Check("waits for the work", pending == 0, otherwise: true))
                break;
            await Waiters.Prepare();
            pending = await work.Pending.Read();
            if (Host.Check("done, again", pending == 0))
            {
                Waiters.Finish();
                break;
            }

            await Waiters.Schedule();
        }

        await work.Pending.AddReturn(0);                           // the waiter's acquire: what was written is seen
        works.Free(work);
    }

    /// <summary>
    /// The flusher's own timer, up to a number of times: what is dirty is old enough to be written, whoever works meanwhile.
    /// </summary>
    [KernelSource("fs/fs-writeback.c", "wb_check_old_data_flush", Omits = "intervals: it is time whenever the scheduler likes")]
    public async KTask WritePeriodically(int runsMax)
    {
        for (var run = 0; run < runsMax; run++)
        {
            if (await Host.Choose(2) == 0)
                return;
            var work = works.Allocate();
            work.FreesItself.Value = true;
            await WorkLock.Acquire();
            Works.AddLast(work);
            await WorkLock.Release();
            await queue.Queue(flusherWork);
        }
    }

    /// <summary>fsync: writes a file's dirty pages in the caller's task, waits for those that others write, and commits.</summary>
    /// <remarks>I_SYNC is not taken, and the inode stays as dirty as it was until the flusher comes by.</remarks>
    [KernelSource("fs/ext4/fsync.c", "ext4_sync_file", Omits = "the journal has no state: a commit is one point")]
    public async KTask SyncFile(Inode inode)
    {
        Host.MightSleep("fsync");
        await WritePages(inode, waits: true);
        await WaitForIo(inode);
        await Host.Point();
    }

    [KernelSource("fs/fs-writeback.c", "wait_sb_inodes")]
    private async KTask WaitForInodes(SuperBlock superBlock)
    {
        await superBlock.SyncLock.Acquire();
        await Host.Rcu.ReadLock();                                       // an inode that goes meanwhile is no use, and still memory
        await superBlock.UnderWritebackLock.Acquire();
        while (superBlock.UnderWriteback.First is { } listed)      // list_splice_init: each is waited for once
            Move(listed, ref superBlock.UnderWriteback, ref superBlock.NotWaitedFor);
        while (superBlock.NotWaitedFor.First is { } inode)
        {
            Move(inode, ref superBlock.NotWaitedFor, ref superBlock.UnderWriteback);
            await superBlock.UnderWritebackLock.Release();
            await inode.Lock.Acquire();
            var skip = Host.Check("I_FREEING, I_WILL_FREE, I_NEW", (inode.State.Value & (InodeState.Dying | InodeState.New)) != 0);
            if (!skip)
                await inodes.Grab(inode);
            await inode.Lock.Release();
            if (!skip)
            {
                await Host.Rcu.ReadUnlock();
                await WaitForIo(inode);
                await inodes.Iput(inode);                          // may evict, with s_umount and s_sync_lock held
                await Host.Rcu.ReadLock();
            }

            await superBlock.UnderWritebackLock.Acquire();
        }

        await superBlock.UnderWritebackLock.Release();
        await Host.Rcu.ReadUnlock();
        await superBlock.SyncLock.Release();
    }

    private static void Move(Inode inode, ref KernelList<Inode> from, ref KernelList<Inode> to)
    {
        from.Remove(inode);
        to.AddLast(inode);
    }
}
