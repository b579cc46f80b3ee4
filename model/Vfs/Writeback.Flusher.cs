using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// The flusher: writes inodes with I_SYNC set and without a reference.
public sealed partial class Writeback
{
    [KernelSource("fs/fs-writeback.c", "wb_workfn", Omits = "periodic and background writeback: only works that somebody queued")]
    private async KTask WriteAllWorks()
    {
        while (true)
        {
            await WorkLock.Acquire();
            var work = Works.First;
            if (work != null)
                Works.Remove(work);
            await WorkLock.Release();
            if (work == null)
                return;
            await Write(work);

            if (work.FreesItself.Value)
            {
                works.Free(work);
                continue;
            }

            // The waiter may free the work as soon as the count is zero: not touched after that.
            if (await work.Pending.DecrementAndTest())
                await Waiters.WakeAll();
        }
    }

    /// <summary>One pass over all that is dirty when it begins; then what others were writing, when they have done so.</summary>
    [KernelSource("fs/fs-writeback.c", "wb_writeback", Omits = "limits on time and pages")]
    private async KTask Write(WritebackWork work)
    {
        await ListLock.Acquire();
        await QueueIo(work);
        while (true)
        {
            var progress = await WriteQueued(work.WaitForData.Value);
            if (MoreIo.Last is not { } busy)
                break;
            if (!progress)
                await SleepOn(busy);
            while (MoreIo.Last is { } more)
                await MoveToIo(more);
        }

        await ListLock.Release();
    }

    /// <summary>Inodes dirtied later stay on b_dirty. Those with dirty times only are for sync, which writes everything.</summary>
    [KernelSource("fs/fs-writeback.c", "queue_io", Omits = "ages: what is dirty is old enough, and dirty times never are")]
    private async KTask QueueIo(WritebackWork work)
    {
        while (MoreIo.Last is { } more)
            await MoveToIo(more);
        while (Dirty.Last is { } dirty)
            await MoveToIo(dirty);
        while (work.ForSync.Value && DirtyTime.Last is { } dirtyTime)
            await MoveToIo(dirtyTime);
    }

    private async KTask MoveToIo(Inode inode)
    {
        await inode.Lock.Acquire();
        await MoveTo(inode, WritebackList.Io);
        await inode.State.Set(inode.State.Value | InodeState.SyncQueued);
        await inode.Lock.Release();
    }

    /// <summary>Sleeps until somebody else has written an inode; list_lock is held, and dropped meanwhile.</summary>
    [KernelSource("fs/fs-writeback.c", "inode_sleep_on_writeback")]
    private async KTask SleepOn(Inode inode)
    {
        await inode.Lock.Acquire();
        await ListLock.Release();
        if ((inode.State.Value & InodeState.Sync) != 0)
        {
            await inode.SyncQueue.Prepare();                       // no reference: the inode may be gone afterwards
            await inode.Lock.Release();
            await inode.SyncQueue.Schedule();
        }
        else
        {
            await inode.Lock.Release();
        }

        await ListLock.Acquire();
    }

    /// <summary>Writes what is on b_io; list_lock is held on entry and exit. True if anything was written.</summary>
    [KernelSource("fs/fs-writeback.c", "writeback_sb_inodes")]
    private async KTask<bool> WriteQueued(bool waitForData)
    {
        var progress = false;
        while (Io.Last is { } inode)
        {
            await inode.Lock.Acquire();
            var state = inode.State.Value;
            if (Host.Check("I_FREEING, I_WILL_FREE, I_NEW", (state & (InodeState.New | InodeState.Dying)) != 0))
            {
                // A dying inode is left to its evict; a new one is tried again later.
                if ((state & InodeState.Freeing) != 0)
                    await Unlist(inode);
                else
                    await Requeue(inode);
                await inode.Lock.Release();
                continue;
            }

            if (Host.Check("I_SYNC", (state & InodeState.Sync) != 0) && !waitForData)
            {
                await MoveTo(inode, WritebackList.MoreIo);         // requeue_io
                await inode.Lock.Release();
                continue;
            }

            await ListLock.Release();
            if (Host.Check("I_SYNC, and waits", (state & InodeState.Sync) != 0))
            {
                await inode.SyncQueue.Prepare();                   // no reference: the inode may be gone afterwards
                await inode.Lock.Release();
                await inode.SyncQueue.Schedule();
                await ListLock.Acquire();
                continue;
            }

            if (putsWithSync)
                await inodes.Grab(inode);
            await inode.State.Set(inode.State.Value | InodeState.Sync);
            await inode.Lock.Release();
            await WriteOne(inode, waitForData);
            if (putsWithSync)
                await inodes.Iput(inode);                          // without 169ebd90131b: the last one waits for I_SYNC, which is ours
            progress = true;

            await ListLock.Acquire();
            await inode.Lock.Acquire();
            await AfterWrite(inode);
            await CompleteSync(inode);
            await inode.Lock.Release();
        }

        return progress;
    }

    [KernelSource("fs/fs-writeback.c", "__writeback_single_inode", Omits = "ages of dirty times; up to 5.4 they are expired under i_lock")]
    private async KTask WriteOne(Inode inode, bool waitForData = true)
    {
        await WritePages(inode, waitForData);                      // an error leaves the inode clean all the same
        if (waitForData && inode.SuperBlock.IsLazyTime.Racy && (await inode.State.ReadRacy() & InodeState.DirtyTime) != 0)
            await MarkDirty(inode, InodeState.DirtySync);          // mark_inode_dirty_sync: with I_SYNC, and no reference
        await inode.Lock.Acquire();
        var pagesAreClean = !clearsFirst && !(await inode.Folio.ReadRacy()).Has(FolioFlags.Dirty);
        var dirty = inode.State.Value & InodeState.Dirty;
        if (!clearsFirst && !pagesAreClean)
            dirty &= ~InodeState.DirtyPages;
        await inode.State.Set(inode.State.Value & ~dirty);

        // Full barrier: whoever dirtied a page just now either sees the bit clear, or its tag is seen here.
        var dirtiedAgain = clearsFirst && (await inode.Folio.ReadRacy()).Has(FolioFlags.Dirty);
        if (Host.Check("PAGECACHE_TAG_DIRTY, again", dirtiedAgain))
            await inode.State.Set(inode.State.Value | InodeState.DirtyPages);
        await inode.Lock.Release();
        if ((dirty & InodeState.DirtyInode) != 0)
            await Host.Point();                                    // ->write_inode
    }

    /// <summary>Where an inode goes after it was written; list_lock and i_lock are held.</summary>
    [KernelSource("fs/fs-writeback.c", "requeue_inode")]
    private async KTask AfterWrite(Inode inode)
    {
        var state = inode.State.Value;
        if (Host.Check("I_FREEING", (state & InodeState.Freeing) != 0))        // evict has taken it off the lists
            return;
        if (Host.Check("dirty again", (state & InodeState.Dirty) != 0))
            await Requeue(inode);
        else if ((state & InodeState.DirtyTime) != 0)
            await Requeue(inode, WritebackList.DirtyTime);
        else
            await Unlist(inode);
    }

    [KernelSource("fs/fs-writeback.c", "redirty_tail")]
    private async KTask Requeue(Inode inode, WritebackList list = WritebackList.Dirty)
    {
        await MoveTo(inode, list);
        await inode.State.Set(inode.State.Value & ~InodeState.SyncQueued);
    }

    /// <summary>Clears I_SYNC, caches the inode if it is unused, wakes who waits. No new drop decision is made here.</summary>
    [KernelSource("fs/fs-writeback.c", "inode_sync_complete")]
    private async KTask CompleteSync(Inode inode)
    {
        await inode.State.Set(inode.State.Value & ~InodeState.Sync);
        await inodes.AddToLru(inode, rotate: false);
        await inode.SyncQueue.WakeAll();
    }
}
