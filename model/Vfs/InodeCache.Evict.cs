using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// The end of an inode. Between I_FREEING and the unhash every look-up of its number sleeps.
public sealed partial class InodeCache
{
    /// <summary>Tears down an inode that has I_FREEING, no reference, and is off the LRU. Sleeps; no lock is held.</summary>
    [KernelSource("fs/inode.c", "evict")]
    public async KTask Evict(Inode inode)
    {
        Host.MightSleep("evict");
        if (inode.Evicted.Value.Order != 0)
            Host.Report(new Finding("evicted-twice", $"{inode.Name} is evicted a second time") { Object = inode });
        inode.Evicted.Value = new Eviction(checked((int)++Host.Counters.InodesEvicted));

        var isClean = !Change.EvictAlwaysUnlists.IsIn(release) && await Writeback.Dirty.IsUnlinkedRacy(inode);
        if (Host.Check("on a writeback list", !isClean))
            await Writeback.RemoveFromLists(inode);
        var isUnlisted = await inode.SuperBlock.Inodes.IsUnlinkedRacy(inode);
        if (Host.Check("on s_inodes", !isUnlisted))
        {
            await inode.SuperBlock.InodeListLock.Acquire();
            inode.SuperBlock.Inodes.Remove(inode);
            await inode.SuperBlock.InodeListLock.Release();
        }

        // Neither the LRU walk that strips pages nor writeback holds a reference: without these waits they would use freed memory.
        await inode.Lock.Acquire();
        await WaitForIsolation(inode);
        if (Host.Check("waits for I_SYNC", true))
            await Writeback.WaitForSync(inode);
        await inode.Lock.Release();

        var tearsDownFirst = Host.Order("torn down, then unhashed");
        if (!tearsDownFirst)
            await RemoveFromHash(inode);
        await FileSystem.EvictInode(inode);
        if (tearsDownFirst)
            await RemoveFromHash(inode);

        // Without i_lock since v6.18: a sleeper queued itself under i_lock before the unhash, or saw it unhashed.
        var wakesLocked = !Change.EvictWakesUnlocked.IsIn(release);
        if (wakesLocked)
            await inode.Lock.Acquire();
        if (Host.Check("wakes who waits", true))
            await inode.NewQueue.WakeAll();
        if (wakesLocked)
            await inode.Lock.Release();
        if (inode.State.Value != (InodeState.Freeing | InodeState.Clear))
            Host.Report(new Finding("inode-state", $"evict ends with {inode.Name} in state {inode.State.Value}") { Object = inode });
        await Destroy(inode);
    }

    /// <summary>Sleeps until the LRU walk has stripped the pages; i_lock is held, dropped around each sleep, and held again.</summary>
    [KernelSource("fs/inode.c", "inode_wait_for_lru_isolating")]
    private static async KTask WaitForIsolation(Inode inode)
    {
        while (inode.Host.Check("waits for I_LRU_ISOLATING", (inode.State.Value & InodeState.LruIsolating) != 0))
        {
            await inode.SuperBlock.IsolatingQueue.Prepare();
            await inode.Lock.Release();
            await inode.SuperBlock.IsolatingQueue.Schedule();
            await inode.Lock.Acquire();
        }
    }

    /// <summary>Evicts a private list of dying inodes, threaded through i_lru.</summary>
    [KernelSource("fs/inode.c", "dispose_list")]
    public async KTask Dispose(DisposeList list)
    {
        while (list.Inodes.First is { } inode)
        {
            list.Inodes.Remove(inode);
            await Evict(inode);
            await Host.Point();                                    // cond_resched
        }
    }

    /// <summary>Pages are gone, and nobody else looks: the state says so.</summary>
    [KernelSource("fs/inode.c", "clear_inode", Omits = "the lock of i_pages, taken and dropped: pages never leave the cache without it here")]
    internal async KTask Clear(Inode inode)
    {
        var state = inode.State.Value;
        if ((state & InodeState.Freeing) == 0 || (state & InodeState.Clear) != 0)
            Host.Report(new Finding("inode-state", $"clear_inode of {inode.Name} in state {state}") { Object = inode });

        // Without i_lock, as the kernel does it: whoever looks sees I_FREEING before and after.
        await inode.State.WriteRacy(InodeState.Freeing | InodeState.Clear);
    }

    /// <summary>Throws the pages away, dirty or not, after waiting for I/O on them.</summary>
    [KernelSource("mm/truncate.c", "truncate_inode_pages_final")]
    internal static async KTask TruncatePages(Inode inode)
    {
        var folio = await inode.Folio.ReadRacy();
        if (inode.Host.Check("no pages", folio.Flags == FolioFlags.None, otherwise: true))
            return;
        await PageCache.Lock(inode);
        if (inode.Host.Check("waits for writeback", true))
            await Writeback.WaitForIo(inode);
        await RemovePages(inode);
        await inode.FolioLock.Release();
    }

    /// <summary>The folio leaves the cache. The lock of i_pages is what an interrupt that has just ended I/O on it still holds.</summary>
    [KernelSource("mm/filemap.c", "__filemap_remove_folio")]
    internal static async KTask RemovePages(Inode inode)
    {
        inode.Host.Counters.FoliosDropped++;
        await inode.PagesLock.Acquire();
        await inode.Folio.Set(default);
        await inode.PagesLock.Release();
    }

    [KernelSource("fs/inode.c", "__remove_inode_hash")]
    private async KTask RemoveFromHash(Inode inode)
    {
        await HashLock.Acquire();
        await inode.Lock.Acquire();
        if (Host.Check("hashed", inode.HashLink.IsHashed, otherwise: true))
            Hash.Remove(inode);
        await inode.Lock.Release();
        await HashLock.Release();
    }

    [KernelSource("fs/inode.c", "destroy_inode")]
    private KTask Destroy(Inode inode)
    {
        FileSystem.FreeInode(inode);
        slab.FreeAfterGracePeriod(inode);
        return KTask.Done;
    }
}

/// <summary>A private list of dying inodes, on the stack of whoever evicts them.</summary>
public sealed class DisposeList(KernelHost host) : KernelObject(host)
{
    /// <summary>The inodes; only I_FREEING makes it safe to use i_lru for this.</summary>
    [LinkedBy(nameof(Inode.LruLink))]
    public KernelList<Inode> Inodes;

    public override string Name => "dispose";
}
