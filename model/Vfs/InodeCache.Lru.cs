using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// The LRU of unused inodes, and reclaim from it. Its lock is inside i_lock, so that the walk only tries i_lock.
public sealed partial class InodeCache
{
    private enum LruStatus
    {
        /// <summary>Off the LRU.</summary>
        Removed,

        /// <summary>To its end.</summary>
        Rotate,

        /// <summary>Left where it is.</summary>
        Skip,

        /// <summary>The lock was dropped: the walk begins again.</summary>
        Retry,
    }

    /// <summary>Puts an unused inode on the LRU, if it may be there; under i_lock.</summary>
    [KernelSource("fs/inode.c", "__inode_add_lru")]
    internal async KTask AddToLru(Inode inode, bool rotate)
    {
        if (Host.Check("i_state", (inode.State.Value & (InodeState.DirtyAll | InodeState.Sync | InodeState.Dying)) != 0))
            return;
        var count = await inode.Count.Read();
        if (Host.Check("i_count", count > 0))
            return;
        if (Host.Check("SB_ACTIVE", !inode.SuperBlock.Active.Value))
            return;
        var hasPages = Change.PagesKeepInodesOffLru.IsIn(release) && (await inode.Folio.ReadRacy()).IsThere;
        if (Host.Check("mapping_shrinkable", hasPages))
            return;
        var lru = inode.SuperBlock;
        await lru.InodeLruLock.Acquire();
        var added = Host.Check("on the LRU already", !inode.SuperBlock.InodeLru.IsLinked(inode), otherwise: true);
        if (added)
            lru.InodeLru.AddLast(inode);
        await lru.InodeLruLock.Release();
        if (!added && (rotate || !Change.SecondChanceByIputOnly.IsIn(release)))
            await inode.State.Set(inode.State.Value | InodeState.Referenced);
    }

    /// <summary>Takes an inode off the LRU; under i_lock.</summary>
    [KernelSource("fs/inode.c", "inode_lru_list_del")]
    internal async KTask RemoveFromLru(Inode inode)
    {
        var lru = inode.SuperBlock;
        await lru.InodeLruLock.Acquire();
        if (Host.Check("on the LRU", inode.SuperBlock.InodeLru.IsLinked(inode), otherwise: true))
            lru.InodeLru.Remove(inode);
        await lru.InodeLruLock.Release();
    }

    /// <summary>Looks at so many inodes of the LRU, the oldest first, and evicts those that nobody uses.</summary>
    /// <returns>How many left the LRU.</returns>
    [KernelSource("fs/inode.c", "prune_icache_sb", Omits = "memory nodes: one list; s_umount is the caller's")]
    internal async KTask<int> PruneLru(SuperBlock superBlock, int scan)
    {
        Host.MightSleep("prune_icache_sb");
        var list = lists.Allocate();
        var removed = 0;
        await superBlock.InodeLruLock.Acquire();
        var inode = superBlock.InodeLru.First;
        for (; inode != null && scan > 0; scan--)
        {
            var next = superBlock.InodeLru.After(inode);
            var status = await Isolate(inode, list);
            if (status == LruStatus.Removed)
                removed++;
            if (status == LruStatus.Rotate)
            {
                superBlock.InodeLru.Remove(inode);
                superBlock.InodeLru.AddLast(inode);
            }

            inode = status == LruStatus.Retry ? superBlock.InodeLru.First : next;
        }

        await superBlock.InodeLruLock.Release();
        await Dispose(list);
        lists.Free(list);
        return removed;
    }

    /// <summary>What becomes of an inode that the walk meets, with the LRU's lock held, and held again at the end.</summary>
    [KernelSource("fs/inode.c", "inode_lru_isolate", Omits = "buffers of metadata")]
    private async KTask<LruStatus> Isolate(Inode inode, DisposeList list)
    {
        Host.Counters.InodesVisited++;
        if (!await inode.Lock.TryAcquire())                        // the wrong way round: i_lock is outside
            return LruStatus.Skip;
        var lru = inode.SuperBlock;
        var keepsPages = Change.PagesKeepInodesOffLru.IsIn(release);
        var inUse = await inode.Count.Read() > 0 || (inode.State.Value & ~InodeState.Referenced) != 0;
        var folio = inUse ? default : await inode.Folio.ReadRacy();
        if (inUse || (keepsPages && folio.IsThere))
        {
            lru.InodeLru.Remove(inode);                            // lazily: whoever drops it, or cleans it, puts it back
            await inode.Lock.Release();
            return LruStatus.Removed;
        }

        if ((inode.State.Value & InodeState.Referenced) != 0)
        {
            await inode.State.Set(inode.State.Value & ~InodeState.Referenced);
            await inode.Lock.Release();
            return LruStatus.Rotate;
        }

        if (folio.IsThere || folio.Has(FolioFlags.Shadow))
        {
            await Strip(inode);
            return LruStatus.Retry;
        }

        // In one section inside the LRU's lock: who gets i_lock next sees it dying and off the LRU.
        await inode.State.Set(inode.State.Value | InodeState.Freeing);
        lru.InodeLru.Remove(inode);
        list.Inodes.AddFirst(inode);
        await inode.Lock.Release();
        return LruStatus.Removed;
    }

    /// <summary>
    /// Throws away the pages of an unused inode, without its i_lock and the LRU's, which the caller holds. What pins it meanwhile:
    /// I_LRU_ISOLATING, which its evict waits for, or before that a reference, whose put may evict it right here, inside reclaim.
    /// </summary>
    [KernelSource("fs/inode.c", "inode_pin_lru_isolating")]
    private async KTask Strip(Inode inode)
    {
        var lru = inode.SuperBlock;
        var pinsByState = Change.LruIsolating.IsIn(release);
        if (pinsByState)
            await inode.State.Set(inode.State.Value | InodeState.LruIsolating);
        else
            await Grab(inode);
        await inode.Lock.Release();
        await lru.InodeLruLock.Release();

        // The race is here: look-ups, igrab and the walk of a key's list find the inode as if nothing were.
        await InvalidatePages(inode);
        if (pinsByState)
            await EndIsolation(inode);
        else
            await Iput(inode);
        await lru.InodeLruLock.Acquire();
    }

    [KernelSource("fs/inode.c", "inode_unpin_lru_isolating")]
    private static async KTask EndIsolation(Inode inode)
    {
        await inode.Lock.Acquire();
        await inode.State.Set(inode.State.Value & ~InodeState.LruIsolating);
        await inode.SuperBlock.IsolatingQueue.WakeAll();
        await inode.Lock.Release();
    }

    /// <summary>Throws away pages that are clean. The last one's removal may put the inode on the LRU.</summary>
    [KernelSource("mm/truncate.c", "invalidate_mapping_pages", Omits = "mapped pages; pages that a reader has in hand, who here goes on with what he has")]
    internal async KTask InvalidatePages(Inode inode)
    {
        var folio = await inode.Folio.ReadRacy();
        if (folio.Flags == FolioFlags.None || folio.Has(FolioFlags.Dirty))
            return;
        if (!await PageCache.TryLock(inode))                       // somebody reads or writes it
            return;
        var isClean = inode.Folio.Value.Flags != FolioFlags.None && !inode.Folio.Value.Has(FolioFlags.Dirty);
        if (isClean && await Writeback.IsIoOver(inode))
        {
            var adds = Change.PagesKeepInodesOffLru.IsIn(release);
            if (adds)
                await inode.Lock.Acquire();                        // mapping_evict_folio: i_lock is outside the lock of the pages
            await RemovePages(inode);
            if (adds)
            {
                await AddToLru(inode, rotate: false);
                await inode.Lock.Release();
            }
        }

        await inode.FolioLock.Release();
    }
}
