using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Dropping a reference: a hashed dentry stays cached, and goes on pinning its inode.
public sealed partial class DentryCache
{
    /// <summary>Drops a reference. The last one leaves the dentry on the LRU, or kills it, and then its parents.</summary>
    [KernelSource("fs/dcache.c", "dput")]
    public async KTask Dput(Dentry dentry)
    {
        Host.MightSleep("dput");
        if (killsUnderParent)
        {
            await OldDput(dentry);
            return;
        }

        await Host.Rcu.ReadLock();
        if (await FastPut(dentry))
        {
            await Host.Rcu.ReadUnlock();
            return;
        }

        var victim = dentry;
        while (await LockForKill(victim))
        {
            await Host.Rcu.ReadUnlock();
            var parent = await Kill(victim);
            if (parent == null)
                return;
            victim = parent;                                       // its count is 0, and its lock is held
            if (await Retain(victim, locked: true))
            {
                await victim.Ref.Release();
                return;
            }

            await Host.Rcu.ReadLock();
        }

        await Host.Rcu.ReadUnlock();
        await victim.Ref.Release();
    }

    /// <summary>True if that was all; false if the lock is held and the dentry is to be killed.</summary>
    [KernelSource("fs/dcache.c", "fast_dput")]
    private async KTask<bool> FastPut(Dentry dentry)
    {
        var left = await dentry.Ref.PutReturn();
        if (Host.Check("the lock was held", left < 0))
        {
            await dentry.Ref.Acquire();
            dentry.Ref.Count--;
        }
        else
        {
            if (Host.Check("d_count", left > 0))
                return true;
            if (await Retain(dentry, locked: false))
                return true;

            // The race is here: a reclaimer may kill the dentry before d_lock is taken. Then its count is negative.
            await dentry.Ref.Acquire();
        }

        if (Host.Check("d_count, again", dentry.Ref.Count != 0) || await Retain(dentry, locked: true))
        {
            await dentry.Ref.Release();
            return true;
        }

        return false;
    }

    /// <summary>Whether an unused dentry stays cached. Without the lock only if nothing has to be written for that.</summary>
    [KernelSource("fs/dcache.c", "retain_dentry", Omits = "->d_delete, DCACHE_DISCONNECTED: never set here")]
    private async KTask<bool> Retain(Dentry dentry, bool locked)
    {
        var flags = await dentry.Flags.ReadOnce();
        var isUnhashed = locked ? !dentry.HashLink.IsHashed : !await dentry.HashLink.IsHashedRacy();
        if (Host.Check("unhashed", isUnhashed))
            return false;
        if (Host.Check("DCACHE_DONTCACHE", Has(flags, DentryFlags.DontCache)))
            return false;
        if (Host.Check("not on the LRU", !Has(flags, DentryFlags.LruList)))
        {
            if (!locked)
                return false;
            await AddToLru(dentry);
        }
        else if (!Has(flags, DentryFlags.Referenced))
        {
            if (!locked)
                return false;
            await dentry.Flags.Set(flags | DentryFlags.Referenced);
        }

        return true;
    }

    /// <summary>
    /// Neither an inode nor its names are to be cached: the last use of each name kills it, and the last put evicts the inode, after
    /// writing it. Names that nobody uses now stay until somebody does. v5.8; no release before it has this.
    /// </summary>
    /// <param name="inode">The inode, of which the caller has a reference.</param>
    [KernelSource("fs/dcache.c", "d_mark_dontcache")]
    public static async KTask MarkDontCache(Inode inode)
    {
        await inode.Lock.Acquire();
        for (var alias = inode.Aliases.First; alias != null; alias = inode.Aliases.After(alias))
        {
            await alias.Ref.Acquire();
            await alias.Flags.Set(alias.Flags.Value | DentryFlags.DontCache);
            await alias.Ref.Release();
        }

        await inode.State.Set(inode.State.Value | InodeState.DontCache);
        await inode.Lock.Release();
    }

    [KernelSource("fs/dcache.c", "d_lru_add")]
    private async KTask AddToLru(Dentry dentry)
    {
        await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.LruList);
        await superBlock.DentryLruLock.Acquire();
        superBlock.DentryLru.AddLast(dentry);
        await superBlock.DentryLruLock.Release();
    }

    [KernelSource("fs/dcache.c", "d_lru_del")]
    private async KTask RemoveFromLru(Dentry dentry)
    {
        await dentry.Flags.Set(dentry.Flags.Value & ~DentryFlags.LruList);
        await superBlock.DentryLruLock.Acquire();
        superBlock.DentryLru.Remove(dentry);
        await superBlock.DentryLruLock.Release();
    }
}
