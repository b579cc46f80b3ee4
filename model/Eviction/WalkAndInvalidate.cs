using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>Which inodes the walk leaves alone because of their state. What the patch of 2019 did is not known.</summary>
internal enum WalkSkips
{
    /// <summary>None but new and dying ones: dirty data is thrown away.</summary>
    Nothing,

    /// <summary>Dirty ones.</summary>
    Dirty,

    /// <summary>Those in any state but I_REFERENCED: the rule of the LRU.</summary>
    AnyState,
}

/// <summary>
/// RFC v2 11/20 of February 2019: after the dentries are killed, walk the key's list, set I_FREEING on every unused inode,
/// and evict those. There is no ->drop_inode in this design. The walk over inodes is reconstructed: its text is not public.
/// </summary>
internal sealed class WalkAndInvalidate : IEvictionDesign
{
    private readonly KernelHost host;
    private readonly InodeCache inodes;
    private readonly EvictDentries dentries;
    private readonly WalkSkips skips;
    private readonly Slab<DisposeList> lists;

    public WalkAndInvalidate(Caches caches, WalkSkips skips)
    {
        host = caches.Host;
        inodes = caches.Inodes;
        dentries = new EvictDentries(caches);
        this.skips = skips;
        lists = new Slab<DisposeList>(host, h => new DisposeList(h), static _ => false);
    }

    public bool DropsInodes => false;

    [KernelSource("RFC v2 11/20", "try_to_lock_encrypted_files")]
    public async KTask<Errno> LockFiles(MasterKey key)
    {
        var synced = await dentries.Sync();
        await dentries.Walk(key);
        var busy = await EvictInodes(key);
        return synced != Errno.OK ? synced : busy;
    }

    [KernelSource("RFC v2 11/20", "evict_decrypted_inodes")]
    private async KTask<Errno> EvictInodes(MasterKey key)
    {
        var list = lists.Allocate();
        var busy = false;
        await key.DecryptedInodesLock.Acquire();
        for (var info = key.DecryptedInodes.First; info != null; info = key.DecryptedInodes.After(info))
        {
            var inode = info.Inode.Value!;
            host.Counters.InodesVisited++;
            await inode.Lock.Acquire();
            if (await MustStay(inode))
            {
                busy = true;
                await inode.Lock.Release();
                continue;
            }

            await inode.State.Set(inode.State.Value | InodeState.Freeing);
            if (inode.SuperBlock.InodeLru.IsLinkedSomewhere(inode))     // a walk may rotate it just now: it stays linked
                await inodes.RemoveFromLru(inode);
            list.Inodes.AddLast(inode);                            // i_lru is free for this: only the owner of I_FREEING uses it
            await inode.Lock.Release();
        }

        await key.DecryptedInodesLock.Release();
        await inodes.Dispose(list);                                // takes the list's lock again, inode by inode
        lists.Free(list);
        return busy || await EvictDentries.CheckBusy(key) == Errno.EBUSY ? Errno.EBUSY : Errno.OK;
    }

    private async KTask<bool> MustStay(Inode inode)
    {
        var state = inode.State.Value;
        if (host.Check("I_FREEING, I_WILL_FREE, I_NEW", (state & (InodeState.New | InodeState.Dying)) != 0))
            return true;
        var count = await inode.Count.Read();
        if (host.Check("i_count", count > 0))                          // under i_lock: zero stays zero
            return true;
        return skips switch
        {
            WalkSkips.Nothing => false,
            WalkSkips.Dirty => (state & InodeState.DirtyAll) != 0,
            _ => (state & ~InodeState.Referenced) != 0,
        };
    }
}
