using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// sync_filesystem: two works for the flusher, and a wait for what others put under writeback.
public sealed partial class Writeback
{
    /// <summary>Writes all that is dirty, twice: submitted, then waited for. s_umount is held.</summary>
    [KernelSource("fs/sync.c", "sync_filesystem", Omits = "read-only file systems; errors; the block device's own dirty pages")]
    public async KTask<Errno> SyncFileSystem(SuperBlock superBlock)
    {
        Host.MightSleep("sync_filesystem");
        await QueueAndWait(waitForData: false);
        await Host.Point();                                        // ->sync_fs(0)
        await QueueAndWait(waitForData: true);
        await WaitForInodes(superBlock);
        await Host.Point();                                        // ->sync_fs(1)
        return Errno.OK;
    }

    /// <summary>sync(2): writes all that is dirty and waits for it, then has the file system commit.</summary>
    [KernelSource("fs/sync.c", "ksys_sync", Omits = "the flusher's start without a wait, before the one that is waited for; block devices")]
    public async KTask SyncAll(SuperBlock superBlock)
    {
        Host.MightSleep("sync");
        await superBlock.Umount.AcquireRead();                     // iterate_supers, once for each of the three
        await QueueAndWait(waitForData: true);
        await WaitForInodes(superBlock);
        await superBlock.Umount.ReleaseRead();
        for (var wait = 0; wait < 2; wait++)
        {
            await superBlock.Umount.AcquireRead();
            await Host.Point();                                    // ->sync_fs(wait)
            await superBlock.Umount.ReleaseRead();
        }
    }

    [KernelSource("fs/fs-writeback.c", "bdi_split_work_to_wbs")]
    private async KTask QueueAndWait(bool waitForData)
    {
        if (await DirtyInodes.ReadOnce() == 0)                     // wb_has_dirty_io
            return;
        var work = works.Allocate();
        work.WaitForData.Value = waitForData;
        work.Pending.Initialize(1);
        await WorkLock.Acquire();
        Works.AddLast(work);
        await WorkLock.Release();
        await queue.Queue(flusherWork);

        while (await work.Pending.Read() != 0)
        {
            await Waiters.Prepare();
            if (await work.Pending.Read() == 0)
            {
                Waiters.Finish();
                break;
            }

            await Waiters.Schedule();
        }

        await work.Pending.AddReturn(0);                           // the waiter's acquire: what was written is seen
        works.Free(work);
    }

    [KernelSource("fs/fs-writeback.c", "wait_sb_inodes")]
    private async KTask WaitForInodes(SuperBlock superBlock)
    {
        await superBlock.SyncLock.Acquire();
        await superBlock.UnderWritebackLock.Acquire();
        var inode = superBlock.UnderWriteback.First;
        while (inode != null)
        {
            if (!(await inode.Folio.ReadRacy()).Has(FolioFlags.Writeback))
            {
                inode = superBlock.UnderWriteback.After(inode);
                continue;
            }

            await superBlock.UnderWritebackLock.Release();
            await inode.Lock.Acquire();
            var skip = (inode.State.Value & (InodeState.Dying | InodeState.New)) != 0;
            if (!skip)
                await inodes.Grab(inode);
            await inode.Lock.Release();
            if (!skip)
            {
                await inode.FolioLock.Acquire();                   // folio_wait_writeback
                await inode.FolioLock.Release();
                await inodes.Iput(inode);                          // may evict, with s_umount and s_sync_lock held
            }

            await superBlock.UnderWritebackLock.Acquire();
            inode = superBlock.UnderWriteback.First;
        }

        await superBlock.UnderWritebackLock.Release();
        await superBlock.SyncLock.Release();
    }
}
