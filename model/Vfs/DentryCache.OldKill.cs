using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// The shape up to 6.7. A dentry is killed with its parent's lock held as well, and leaves its parent's list before its inode
// is put. Who drops the parent depends on who kills: dput and d_prune_aliases put it afterwards, shrinkers drop it before.
public sealed partial class DentryCache
{
    [KernelSource("fs/dcache.c", "dput", Omits = "->d_delete, DCACHE_DISCONNECTED: never set here")]
    private async KTask OldDput(Dentry dentry)
    {
        var victim = dentry;
        while (victim != null)
        {
            await Host.Rcu.ReadLock();
            var done = await OldFastPut(victim);
            await Host.Rcu.ReadUnlock();
            if (done)
                return;
            if (await OldRetain(victim))
            {
                await victim.Ref.Release();
                return;
            }

            victim = await OldDentryKill(victim);
        }
    }

    /// <summary>True if that was all; false if the lock is held and the own reference is the last one, and still counted.</summary>
    [KernelSource("fs/dcache.c", "fast_dput")]
    private async KTask<bool> OldFastPut(Dentry dentry)
    {
        var left = await dentry.Ref.PutReturn();
        if (left > 0)
            return true;
        if (left < 0)
        {
            await dentry.Ref.Acquire();                            // somebody held the lock
            if (dentry.Ref.Count == 1)
                return false;
            dentry.Ref.Count--;
            await dentry.Ref.Release();
            return true;
        }

        var flags = await dentry.Flags.ReadOnce();
        var isKept = Has(flags, DentryFlags.LruList | DentryFlags.Referenced) && !(looksAtDontCache && Has(flags, DentryFlags.DontCache));
        if (isKept && await dentry.HashLink.IsHashedRacy())
            return true;

        // The race is here: until d_lock is taken others may use the dentry again, or kill it.
        await dentry.Ref.Acquire();
        if (dentry.Ref.Count != 0)
        {
            await dentry.Ref.Release();
            return true;
        }

        dentry.Ref.Count = 1;
        return false;
    }

    [KernelSource("fs/dcache.c", "retain_dentry")]
    private async KTask<bool> OldRetain(Dentry dentry)
    {
        if (!dentry.HashLink.IsHashed || Has(dentry.Flags.Value, DentryFlags.DontCache))
            return false;
        dentry.Ref.Count--;
        return await Retain(dentry, locked: true);
    }

    /// <summary>Gets the inode's and the parent's lock, if need be by dropping d_lock, and kills. Returns the parent to be put.</summary>
    [KernelSource("fs/dcache.c", "dentry_kill")]
    private async KTask<Dentry?> OldDentryKill(Dentry dentry)
    {
        var inode = dentry.Inode.Value;
        var dropped = false;
        if (inode != null && !await inode.Lock.TryAcquire())
        {
            dropped = true;
            await dentry.Ref.Release();
            await inode.Lock.Acquire();
            await dentry.Ref.Acquire();
        }

        var parent = dentry.Parent.Value!;
        if (!await parent.Ref.TryAcquire())
        {
            dropped = true;
            parent = await LockParent(dentry);
            if (inode == null && dentry.Inode.Value != null)
            {
                // Negative before, and positive now: from the start, with its inode's lock first.
                await parent.Ref.Release();
                inode = dentry.Inode.Value;
                await dentry.Ref.Release();
                await inode.Lock.Acquire();
                await dentry.Ref.Acquire();
                parent = await TryLockParent(dentry);
            }
        }

        var keeps = false;
        if (dropped && dentry.Ref.Count != 1)
        {
            dentry.Ref.Count--;                                    // somebody else has it
            keeps = true;
        }
        else if (dropped)
        {
            keeps = await OldRetain(dentry);
        }

        if (!keeps)
        {
            await OldKill(dentry, parent);
            return parent;
        }

        if (inode != null)
            await inode.Lock.Release();
        await parent.Ref.Release();
        await dentry.Ref.Release();
        return null;
    }

    /// <summary>Kills a dentry with d_lock, its parent's, and i_lock if it is positive, held; drops all of them.</summary>
    [KernelSource("fs/dcache.c", "__dentry_kill")]
    private async KTask OldKill(Dentry dentry, Dentry parent)
    {
        Host.Counters.DentriesKilled++;
        dentry.Ref.Count = LockRef.DeadCount;
        if (Has(dentry.Flags.Value, DentryFlags.LruList) && !Has(dentry.Flags.Value, DentryFlags.ShrinkList))
            await RemoveFromLru(dentry);
        await Unhash(dentry);
        await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.Killed);
        parent.Children.Remove(dentry);                            // dentry_unlist: before the inode is put
        superBlock.DentryChanges.Bump();
        await parent.Ref.Release();
        var inode = dentry.Inode.Value;
        if (inode != null)
        {
            dentry.Sequence.BeginWrite();
            dentry.Inode.Value = null;
            inode.Aliases.Remove(dentry);
            dentry.Sequence.EndWrite();
            await dentry.Ref.Release();
            await inode.Lock.Release();
            await inodes.Iput(inode);                              // sleeps; may evict
        }
        else
        {
            await dentry.Ref.Release();
        }

        await dentry.Ref.Acquire();
        var listed = Has(dentry.Flags.Value, DentryFlags.ShrinkList);
        if (listed)
            await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.MayFree);
        await dentry.Ref.Release();
        if (!listed)
            slab.FreeAfterGracePeriod(dentry);                     // otherwise the list's owner does
    }

    [KernelSource("fs/dcache.c", "d_prune_aliases")]
    private async KTask OldPruneAliases(Inode inode)
    {
        await inode.Lock.Acquire();
        for (var alias = inode.Aliases.First; alias != null;)
        {
            await alias.Ref.Acquire();
            if (alias.Ref.Count == 0)
            {
                // Also one that is on another task's shrink list: that task then finds it dead.
                var parent = await TryLockParent(alias);
                if (alias.Ref.Count == 0)
                {
                    await OldKill(alias, parent);
                    await OldDput(parent);
                    await inode.Lock.Acquire();
                    alias = inode.Aliases.First;                   // i_lock was dropped: from the start
                    continue;
                }

                await parent.Ref.Release();
            }

            await alias.Ref.Release();
            alias = inode.Aliases.After(alias);
        }

        await inode.Lock.Release();
    }

    [KernelSource("fs/dcache.c", "shrink_dentry_list")]
    private async KTask OldShrinkDentryList(ShrinkList list)
    {
        while (list.Dentries.Last is { } dentry)
        {
            await dentry.Ref.Acquire();
            await Host.Rcu.ReadLock();
            if (await OldLockForShrink(dentry) is { } parent)
            {
                await Host.Rcu.ReadUnlock();
                await RemoveFromShrinkList(dentry, list);
                await PutToList(parent, list);
                await OldKill(dentry, parent);
                continue;
            }

            await Host.Rcu.ReadUnlock();
            await RemoveFromShrinkList(dentry, list);              // in use, or killed by somebody else
            var frees = dentry.Ref.Count < 0 && Has(dentry.Flags.Value, DentryFlags.MayFree);
            await dentry.Ref.Release();
            if (frees)
                slab.FreeAfterGracePeriod(dentry);
        }
    }

    /// <summary>Kills the victim that a walk found on somebody else's list, if it is still unused. Inside a read section, which it ends.</summary>
    private async KTask OldSteal(Dentry victim, ShrinkList list)
    {
        await victim.Ref.Acquire();
        var parent = await OldLockForShrink(victim);
        await Host.Rcu.ReadUnlock();
        if (parent == null)
        {
            await victim.Ref.Release();
            return;
        }

        await PutToList(parent, list);
        await OldKill(victim, parent);
    }

    /// <summary>The locks for a kill, of a dentry that must not be in use. Returns its parent, locked; null with d_lock still held.</summary>
    [KernelSource("fs/dcache.c", "shrink_lock_dentry")]
    private static async KTask<Dentry?> OldLockForShrink(Dentry dentry)
    {
        if (dentry.Ref.Count != 0)
            return null;
        var inode = dentry.Inode.Value;
        if (inode != null && !await inode.Lock.TryAcquire())
        {
            await dentry.Ref.Release();
            await inode.Lock.Acquire();
            await dentry.Ref.Acquire();
            if (dentry.Ref.Count != 0 || !ReferenceEquals(inode, dentry.Inode.Value))
            {
                await inode.Lock.Release();                        // another inode means that somebody had it meanwhile
                return null;
            }
        }

        var parent = dentry.Parent.Value!;
        if (await parent.Ref.TryAcquire())
            return parent;
        await dentry.Ref.Release();
        await parent.Ref.Acquire();
        await dentry.Ref.Acquire(VfsLocks.DentryChild);
        if (dentry.Ref.Count == 0 && ReferenceEquals(parent, dentry.Parent.Value))
            return parent;
        await parent.Ref.Release();
        if (inode != null)
            await inode.Lock.Release();
        return null;
    }

    /// <summary>Drops a locked parent before its child is killed. Unused, it is on the list and next; no retention test here.</summary>
    [KernelSource("fs/dcache.c", "__dput_to_list")]
    private async KTask PutToList(Dentry parent, ShrinkList list)
    {
        if (!Has(parent.Flags.Value, DentryFlags.ShrinkList) && Has(parent.Flags.Value, DentryFlags.LruList))
            await RemoveFromLru(parent);
        parent.Ref.Count--;
        if (parent.Ref.Count == 0)
            await ToShrinkList(parent, list);
    }

    [KernelSource("fs/dcache.c", "lock_parent")]
    private async KTask<Dentry> TryLockParent(Dentry dentry)
    {
        var parent = dentry.Parent.Value!;
        return await parent.Ref.TryAcquire() ? parent : await LockParent(dentry);
    }

    /// <summary>Drops d_lock and takes it again inside its parent's, whichever that is then.</summary>
    [KernelSource("fs/dcache.c", "__lock_parent")]
    private async KTask<Dentry> LockParent(Dentry dentry)
    {
        await Host.Rcu.ReadLock();
        while (true)
        {
            var parent = dentry.Parent.Value!;
            await dentry.Ref.Release();
            await parent.Ref.Acquire();
            await dentry.Ref.Acquire(VfsLocks.DentryChild);
            if (ReferenceEquals(parent, dentry.Parent.Value))
            {
                await Host.Rcu.ReadUnlock();
                return parent;
            }

            await parent.Ref.Release();
        }
    }
}
