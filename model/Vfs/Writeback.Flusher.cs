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

            // The waiter may free the work as soon as the count is zero: not touched after that.
            if (await work.Pending.DecrementAndTest())
                await Waiters.WakeAll();
        }
    }

    [KernelSource("fs/fs-writeback.c", "wb_writeback", Omits = "limits on time and pages: one pass over all that is dirty when it begins")]
    private async KTask Write(WritebackWork work)
    {
        var waitForData = work.WaitForData.Value;
        await ListLock.Acquire();
        while (Dirty.Last is { } dirty)                            // queue_io: inodes dirtied later stay on b_dirty
        {
            await dirty.Lock.Acquire();
            await MoveTo(dirty, queued: true);
            await dirty.State.Set(dirty.State.Value | InodeState.SyncQueued);
            await dirty.Lock.Release();
        }

        await WriteQueued(waitForData);
        await ListLock.Release();
    }

    /// <summary>Writes what is on b_io; list_lock is held on entry and exit.</summary>
    [KernelSource("fs/fs-writeback.c", "writeback_sb_inodes")]
    private async KTask WriteQueued(bool waitForData)
    {
        while (Io.Last is { } inode)
        {
            await inode.Lock.Acquire();
            var state = inode.State.Value;
            if ((state & (InodeState.New | InodeState.Dying)) != 0)
            {
                // A dying inode is left to its evict; a new one is tried again later.
                if ((state & InodeState.Freeing) != 0)
                    await Unlist(inode);
                else
                    await Requeue(inode);
                await inode.Lock.Release();
                continue;
            }

            if ((state & InodeState.Sync) != 0 && !waitForData)
            {
                await Requeue(inode);
                await inode.Lock.Release();
                continue;
            }

            await ListLock.Release();
            if ((state & InodeState.Sync) != 0)
            {
                await inode.SyncQueue.Prepare();                   // no reference: the inode may be gone afterwards
                await inode.Lock.Release();
                await inode.SyncQueue.Schedule();
                await ListLock.Acquire();
                continue;
            }

            await inode.State.Set(inode.State.Value | InodeState.Sync);
            await inode.Lock.Release();
            await WriteOne(inode);

            await ListLock.Acquire();
            await inode.Lock.Acquire();
            await AfterWrite(inode);
            await CompleteSync(inode);
            await inode.Lock.Release();
        }
    }

    [KernelSource("fs/fs-writeback.c", "__writeback_single_inode", Omits = "I_DIRTY_TIME; write errors")]
    private async KTask WriteOne(Inode inode)
    {
        await WritePages(inode);
        await inode.Lock.Acquire();
        var dirty = inode.State.Value & InodeState.Dirty;
        await inode.State.Set(inode.State.Value & ~dirty);

        // Full barrier: whoever dirtied a page just now either sees the bit clear, or its tag is seen here.
        if ((await inode.Folio.ReadRacy()).Has(FolioFlags.Dirty))
            await inode.State.Set(inode.State.Value | InodeState.DirtyPages);
        await inode.Lock.Release();
        if ((dirty & InodeState.DirtyInode) != 0)
            await Host.Point();                                    // ->write_inode
    }

    /// <summary>Writes the dirty folio. I/O begins and ends in this thread, with the folio locked.</summary>
    [KernelSource("mm/page-writeback.c", "do_writepages", Omits = "completion in an interrupt: it is a step of the writer")]
    private async KTask WritePages(Inode inode)
    {
        if (!(await inode.Folio.ReadRacy()).Has(FolioFlags.Dirty))
            return;
        await inode.FolioLock.Acquire();
        if (inode.Folio.Value.Has(FolioFlags.Dirty))
        {
            await inode.Folio.Set(inode.Folio.Value.Without(FolioFlags.Dirty).With(FolioFlags.Writeback));
            await MarkUnderWriteback(inode);
            await inodes.FileSystem.WriteFolio(inode, inode.Folio.Value.Data);
            await inode.Folio.Set(inode.Folio.Value.Without(FolioFlags.Writeback));
            await ClearUnderWriteback(inode);
        }

        await inode.FolioLock.Release();
    }

    [KernelSource("fs/fs-writeback.c", "sb_mark_inode_writeback")]
    private static async KTask MarkUnderWriteback(Inode inode)
    {
        await inode.SuperBlock.UnderWritebackLock.Acquire();
        if (!inode.UnderWritebackLink.IsLinked)
            inode.SuperBlock.UnderWriteback.AddLast(inode);
        await inode.SuperBlock.UnderWritebackLock.Release();
    }

    [KernelSource("fs/fs-writeback.c", "sb_clear_inode_writeback")]
    private static async KTask ClearUnderWriteback(Inode inode)
    {
        await inode.SuperBlock.UnderWritebackLock.Acquire();
        if (inode.UnderWritebackLink.IsLinked)
            inode.SuperBlock.UnderWriteback.Remove(inode);
        await inode.SuperBlock.UnderWritebackLock.Release();
    }

    /// <summary>Where an inode goes after it was written; list_lock and i_lock are held.</summary>
    [KernelSource("fs/fs-writeback.c", "requeue_inode")]
    private async KTask AfterWrite(Inode inode)
    {
        var state = inode.State.Value;
        if ((state & InodeState.Freeing) != 0)                     // evict has taken it off the lists
            return;
        if ((state & InodeState.Dirty) != 0)
            await Requeue(inode);
        else
            await Unlist(inode);
    }

    [KernelSource("fs/fs-writeback.c", "redirty_tail")]
    private async KTask Requeue(Inode inode)
    {
        await MoveTo(inode, queued: false);
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
