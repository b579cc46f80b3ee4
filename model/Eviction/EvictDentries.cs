using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>What both designs of 2019 share: sync, the walk that kills dentries, and the count of what is left.</summary>
internal sealed class EvictDentries(Caches caches)
{
    private readonly bool goesOnFromPinned = caches.Fixes.Has(Releases.Fixes.WalkGoesOnFromPinned);
    private readonly bool grabsAtOnce = caches.Fixes.Has(Releases.Fixes.StateAndReferenceAtOnce);

    /// <summary>Writes what is dirty, so that it can be evicted.</summary>
    [KernelSource("fs/crypto/keyring.c", "try_to_lock_encrypted_files")]
    public async KTask<Errno> Sync()
    {
        await caches.SuperBlock.Umount.AcquireRead();
        var error = await caches.Writeback.SyncFileSystem(caches.SuperBlock);
        await caches.SuperBlock.Umount.ReleaseRead();
        return error;
    }

    /// <summary>
    /// Kills the dentries of the key's inodes, one inode after another, the newest first. The list's lock is dropped around
    /// each: the reference taken on an inode keeps it on the list, and is put one step behind.
    /// </summary>
    [KernelSource("fs/crypto/keyring.c", "evict_dentries_for_decrypted_inodes")]
    public async KTask Walk(MasterKey key)
    {
        Inode? previous = null;
        await key.DecryptedInodesLock.Acquire();
        CryptInfo? remembered = null;
        for (var info = key.DecryptedInodes.First; info != null;
            info = goesOnFromPinned ? key.DecryptedInodes.After(info) : remembered)
        {
            if (!goesOnFromPinned)
                remembered = key.DecryptedInodes.After(info);      // nothing keeps it there, once the list's lock is dropped
            var inode = info.Inode.Value!;
            caches.Host.Counters.InodesVisited++;
            await inode.Lock.Acquire();
            if (caches.Host.Check("I_FREEING, I_WILL_FREE, I_NEW", (inode.State.Value & (InodeState.Dying | InodeState.New)) != 0))
            {
                await inode.Lock.Release();
                continue;
            }

            if (!grabsAtOnce)
            {
                await inode.Lock.Release();
                await inode.Lock.Acquire();                        // the race is here: the last put may have come in between
            }

            await caches.Inodes.Grab(inode);
            await inode.Lock.Release();
            await key.DecryptedInodesLock.Release();

            if (caches.Host.Check("kills dentries", true))
                await ShrinkDentries(inode);
            if (previous != null)
                await caches.Inodes.Iput(previous);                       // may evict: then its info leaves the list
            previous = inode;

            // Only now is the successor read: entries may have gone, and new ones may be in front, which are not visited.
            await key.DecryptedInodesLock.Acquire();
        }

        await key.DecryptedInodesLock.Release();
        if (previous != null)
            await caches.Inodes.Iput(previous);
    }

    /// <summary>EBUSY if anything is left on the list, whatever its state.</summary>
    [KernelSource("fs/crypto/keyring.c", "check_for_busy_inodes")]
    public static async KTask<Errno> CheckBusy(MasterKey key)
    {
        await key.DecryptedInodesLock.Acquire();
        var busy = key.DecryptedInodes.Count > 0;
        await key.DecryptedInodesLock.Release();
        return key.Host.Check("the list is empty", busy) ? Errno.EBUSY : Errno.OK;
    }

    [KernelSource("fs/crypto/keyring.c", "shrink_dcache_inode")]
    internal async KTask ShrinkDentries(Inode inode)
    {
        caches.Host.MightSleep("shrink_dcache_inode");
        if (inode.IsDirectory && await DentryCache.FindAnyAlias(inode) is { } alias)
        {
            await caches.Dentries.ShrinkParent(alias);
            await caches.Dentries.Dput(alias);
        }

        await caches.Dentries.PruneAliases(inode);
    }
}
