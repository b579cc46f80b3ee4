using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// The LRU and the end of a super block, as far as reclaim and umount need them.
public sealed partial class InodeCache
{
    /// <summary>Looks at the oldest unused inodes, and evicts those that were not used since the last look.</summary>
    /// <param name="superBlock">Whose inodes.</param>
    /// <param name="scan">How many to look at.</param>
    /// <returns>How many left the LRU.</returns>
    [KernelSource("fs/inode.c", "prune_icache_sb", Omits = "buffers; from v6.1 on inodes with pages, which are not on the LRU, are never stripped")]
    internal async KTask<int> PruneLru(SuperBlock superBlock, int scan)
    {
        Host.MightSleep("prune_icache_sb");
        var list = lists.Allocate();
        var freed = 0;
        await superBlock.InodeLruLock.Acquire();
        var inode = superBlock.InodeLru.First;
        for (; scan > 0 && inode != null; scan--)
        {
            var next = superBlock.InodeLru.After(inode);
            if (await inode.Lock.TryAcquire())                     // i_lock is outside of the LRU's lock
            {
                var hasPages = (await inode.Folio.ReadRacy()).Has(FolioFlags.Uptodate);
                var keptOff = hasPages && Change.PagesKeepInodesOffLru.IsIn(release);
                if (await inode.Count.Read() > 0 || (inode.State.Value & ~InodeState.Referenced) != 0 || keptOff)
                {
                    superBlock.InodeLru.Remove(inode);
                    freed++;
                }
                else if ((inode.State.Value & InodeState.Referenced) != 0)
                {
                    await inode.State.Set(inode.State.Value & ~InodeState.Referenced);
                    superBlock.InodeLru.Remove(inode);
                    superBlock.InodeLru.AddLast(inode);
                }
                else if (hasPages)
                {
                    await Grab(inode);
                    await inode.Lock.Release();
                    await superBlock.InodeLruLock.Release();
                    await InvalidatePages(inode);
                    await Iput(inode);                             // in the middle of the walk, with its private list: may evict
                    await superBlock.InodeLruLock.Acquire();
                    inode = superBlock.InodeLru.First;             // LRU_RETRY
                    continue;
                }
                else
                {
                    await inode.State.Set(inode.State.Value | InodeState.Freeing);
                    superBlock.InodeLru.Remove(inode);
                    list.Inodes.AddLast(inode);
                    freed++;
                }

                await inode.Lock.Release();
            }

            inode = next;
        }

        await superBlock.InodeLruLock.Release();
        await Dispose(list);
        lists.Free(list);
        return freed;
    }

    /// <summary>Evicts all inodes without a reference, dirty or not. The super block is not active any more.</summary>
    [KernelSource("fs/inode.c", "evict_inodes", Omits = "need_resched")]
    internal async KTask EvictAll(SuperBlock superBlock)
    {
        Host.MightSleep("evict_inodes");
        var list = lists.Allocate();
        await superBlock.InodeListLock.Acquire();
        for (var inode = superBlock.Inodes.First; inode != null; inode = superBlock.Inodes.After(inode))
        {
            await inode.Lock.Acquire();
            var stays = await inode.Count.Read() > 0 || (inode.State.Value & (InodeState.New | InodeState.Dying)) != 0;
            if (!stays)
            {
                await inode.State.Set(inode.State.Value | InodeState.Freeing);
                await RemoveFromLru(inode);
            }

            await inode.Lock.Release();
            if (!stays)
                list.Inodes.AddFirst(inode);
        }

        await superBlock.InodeListLock.Release();
        await Dispose(list);
        lists.Free(list);
    }

    /// <summary>Drops an inode's clean pages that nobody has locked. The caller has a reference.</summary>
    [KernelSource("mm/truncate.c", "invalidate_mapping_pages", Omits = "mapped pages; pages that a reader has in hand, who here goes on with what he has")]
    internal async KTask InvalidatePages(Inode inode)
    {
        Host.MightSleep("invalidate_mapping_pages");
        if (!(await inode.Folio.ReadRacy()).Has(FolioFlags.Uptodate))
            return;
        if (!await inode.FolioLock.TryAcquire())
            return;
        if (inode.Folio.Value.Has(FolioFlags.Uptodate) && !inode.Folio.Value.Has(FolioFlags.Dirty | FolioFlags.Writeback))
            await RemovePages(inode);
        await inode.FolioLock.Release();
    }

    /// <summary>With the folio locked. Where pages keep an inode off the LRU, who removes the last one puts it there.</summary>
    [KernelSource("mm/vmscan.c", "__remove_mapping")]
    private async KTask RemovePages(Inode inode)
    {
        if (!Change.PagesKeepInodesOffLru.IsIn(release))
        {
            await inode.Folio.Set(default);
            return;
        }

        await inode.Lock.Acquire();
        await inode.Folio.Set(default);
        await AddToLru(inode, rotate: false);
        await inode.Lock.Release();
    }
}
