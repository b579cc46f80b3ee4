using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Killing dentries that nobody uses. The lists of victims are private; the flag says whose turn it is to free.
public sealed partial class DentryCache
{
    /// <summary>Kills the unused aliases of an inode, of which the caller has a reference.</summary>
    /// <remarks>
    /// An alias that waits on another task's shrink list is left to that task: this can return while it still pins the
    /// inode. An alias in use is skipped: a look-up that takes a count between the check and the kill wins.
    /// </remarks>
    [KernelSource("fs/dcache.c", "d_prune_aliases")]
    public async KTask PruneAliases(Inode inode)
    {
        if (killsUnderParent)
        {
            await OldPruneAliases(inode);
            return;
        }

        var list = shrinkLists.Allocate();
        await inode.Lock.Acquire();
        for (var alias = inode.Aliases.First; alias != null; alias = inode.Aliases.After(alias))
        {
            Host.Counters.DentriesVisited++;
            await alias.Ref.Acquire();
            if (Host.Check("d_count", alias.Ref.Count == 0, otherwise: true))
                await ToShrinkList(alias, list);
            await alias.Ref.Release();
        }

        await inode.Lock.Release();
        await ShrinkDentryList(list);
        shrinkLists.Free(list);
    }

    /// <summary>
    /// Kills everything unused below a dentry, and waits out those who are killing there: as long as something is on
    /// another task's shrink list and in use, or dead and not yet unlinked, it looks again. That includes the eviction of
    /// a dying child's inode.
    /// </summary>
    [KernelSource("fs/dcache.c", "shrink_dcache_parent")]
    public async KTask ShrinkParent(Dentry parent)
    {
        var list = shrinkLists.Allocate();
        while (true)
        {
            var seen = superBlock.DentryChanges.Now;
            var (found, _) = await SelectCollect(parent, list, steal: false);
            if (list.Dentries.Count > 0)
            {
                await ShrinkDentryList(list);
                continue;
            }

            if (found == 0)
                break;
            await Host.Rcu.ReadLock();                             // keeps a victim that somebody else may free
            (_, var victim) = await SelectCollect(parent, list, steal: true);
            if (victim == null)
            {
                await Host.Rcu.ReadUnlock();
                if (list.Dentries.Count == 0)
                    await superBlock.DentryChanges.ChangedSince(seen);      // cond_resched, and another turn
                await ShrinkDentryList(list);
                continue;
            }

            if (killsUnderParent)
            {
                await OldSteal(victim, list);
                await ShrinkDentryList(list);
                continue;
            }

            await victim.Ref.Acquire();
            if (await LockForKill(victim))
            {
                await KillUpwards(victim);
            }
            else
            {
                await victim.Ref.Release();
                await Host.Rcu.ReadUnlock();
            }

            await ShrinkDentryList(list);
        }

        shrinkLists.Free(list);
    }

    /// <summary>
    /// Collects what can be killed below a dentry. Returns how much is there to be killed by anybody, and, if asked to
    /// steal, the first unused dentry that is on another task's list.
    /// </summary>
    [KernelSource("fs/dcache.c", "select_collect", Omits = "rename_lock: a walk from which something is moved away is one more turn")]
    private async KTask<(int Found, Dentry? Victim)> SelectCollect(Dentry parent, ShrinkList list, bool steal)
    {
        var found = 0;
        await parent.Ref.Acquire();
        for (var child = parent.Children.First; child != null; child = parent.Children.After(child))
        {
            Host.Counters.DentriesVisited++;
            await child.Ref.Acquire(VfsLocks.DentryChild);
            var count = child.Ref.Count;
            var listed = Host.Check("DCACHE_SHRINK_LIST", Has(child.Flags.Value, DentryFlags.ShrinkList));
            if (Host.Check("somebody may kill it", listed || count <= 0))
                found++;
            if (count == 0 && listed && steal && !list.Dentries.Contains(child))
            {
                await child.Ref.Release();
                await parent.Ref.Release();
                return (found, child);
            }

            if (Host.Check("d_count", count == 0, otherwise: true) && !listed)
                await ToShrinkList(child, list);
            else if (killsUnderParent && !listed && Has(child.Flags.Value, DentryFlags.LruList))
                await RemoveFromLru(child);                        // in use: not on the LRU until its next put
            var descend = child.Children.Count > 0;
            await child.Ref.Release();
            if (!descend)
                continue;
            await Host.Rcu.ReadLock();
            await parent.Ref.Release();
            var (below, victim) = await SelectCollect(child, list, steal);
            found += below;
            await parent.Ref.Acquire();
            await Host.Rcu.ReadUnlock();
            if (victim != null)
            {
                await parent.Ref.Release();
                return (found, victim);
            }

            if (Host.Check("went meanwhile", !parent.Children.Contains(child)))
            {
                found++;                                           // unlinked or moved meanwhile: there is a next turn
                break;
            }
        }

        await parent.Ref.Release();
        return (found, null);
    }

    /// <summary>Kills the dentries of a private list that are still unused, and then their parents as far as they are.</summary>
    [KernelSource("fs/dcache.c", "shrink_dentry_list")]
    private async KTask ShrinkDentryList(ShrinkList list)
    {
        if (killsUnderParent)
        {
            await OldShrinkDentryList(list);
            return;
        }

        while (list.Dentries.Last is { } dentry)
        {
            await dentry.Ref.Acquire();
            await Host.Rcu.ReadLock();
            if (!await LockForKill(dentry))
            {
                await Host.Rcu.ReadUnlock();
                await RemoveFromShrinkList(dentry, list);          // in use, or killed by somebody else
                var killed = Host.Check("DCACHE_DENTRY_KILLED", Has(dentry.Flags.Value, DentryFlags.Killed));
                await dentry.Ref.Release();
                if (killed)
                    slab.FreeAfterGracePeriod(dentry);
                continue;
            }

            await RemoveFromShrinkList(dentry, list);
            await KillUpwards(dentry);
        }
    }

    /// <summary>Kills a locked dentry, and its parents as long as that was their last use. No retention test here.</summary>
    [KernelSource("fs/dcache.c", "shrink_kill")]
    private async KTask KillUpwards(Dentry victim)
    {
        var next = victim;
        do
        {
            await Host.Rcu.ReadUnlock();
            next = await Kill(next);
            await Host.Rcu.ReadLock();
        }
        while (next != null && await LockForKill(next));

        await Host.Rcu.ReadUnlock();
        if (next != null)
            await next.Ref.Release();
    }

    [KernelSource("fs/dcache.c", "to_shrink_list")]
    private async KTask ToShrinkList(Dentry dentry, ShrinkList list)
    {
        if (Host.Check("DCACHE_SHRINK_LIST", Has(dentry.Flags.Value, DentryFlags.ShrinkList)))
            return;
        if (Host.Check("DCACHE_LRU_LIST", Has(dentry.Flags.Value, DentryFlags.LruList)))
            await RemoveFromLru(dentry);
        await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.ShrinkList | DentryFlags.LruList);
        list.Dentries.AddFirst(dentry);
    }

    [KernelSource("fs/dcache.c", "d_shrink_del")]
    private async KTask RemoveFromShrinkList(Dentry dentry, ShrinkList list)
    {
        // Somebody may use it by now and ask without the lock whether it is positive: what that rests on goes on.
        await dentry.Flags.StoreRelease(dentry.Flags.Value & ~(DentryFlags.ShrinkList | DentryFlags.LruList));
        list.Dentries.Remove(dentry);
        superBlock.DentryChanges.Bump();
    }

    /// <summary>
    /// With d_lock held, gets i_lock as well, which is outside it: tries, or drops d_lock and takes both in order. True if
    /// the dentry is still unused; false with d_lock still held. Inside a read section: the inode may go meanwhile.
    /// </summary>
    [KernelSource("fs/dcache.c", "lock_for_kill")]
    private static async KTask<bool> LockForKill(Dentry dentry)
    {
        if (dentry.Host.Check("d_count", dentry.Ref.Count != 0))
            return false;
        var inode = dentry.Inode.Value;
        if (inode == null || await inode.Lock.TryAcquire())
            return true;
        do
        {
            await dentry.Ref.Release();
            await inode.Lock.Acquire();
            await dentry.Ref.Acquire();
            if (dentry.Host.Check("d_inode, again", ReferenceEquals(inode, dentry.Inode.Value), otherwise: true))
                break;
            await inode.Lock.Release();
            inode = dentry.Inode.Value;
        }
        while (inode != null);

        if (dentry.Host.Check("d_count, again", dentry.Ref.Count == 0, otherwise: true))
            return true;
        if (inode != null)
            await inode.Lock.Release();
        return false;
    }

    /// <summary>
    /// Kills a dentry with d_lock, and i_lock if it is positive, held. Returns its parent, locked, if this was the last use
    /// of it. The child stays on its parent's list, dead, while its inode is put and perhaps evicted.
    /// </summary>
    [KernelSource("fs/dcache.c", "__dentry_kill")]
    private async KTask<Dentry?> Kill(Dentry dentry)
    {
        Host.Counters.DentriesKilled++;
        dentry.Ref.Count = LockRef.DeadCount;
        if (Host.Check("on the LRU", Has(dentry.Flags.Value, DentryFlags.LruList) && !Has(dentry.Flags.Value, DentryFlags.ShrinkList)))
            await RemoveFromLru(dentry);
        await Unhash(dentry);
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

        var parent = dentry.Parent.Value!;
        await parent.Ref.Acquire();
        await dentry.Ref.Acquire(VfsLocks.DentryChild);
        parent.Children.Remove(dentry);
        await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.Killed);
        var listed = Host.Check("DCACHE_SHRINK_LIST", Has(dentry.Flags.Value, DentryFlags.ShrinkList));
        superBlock.DentryChanges.Bump();
        await dentry.Ref.Release();
        if (!listed)
            slab.FreeAfterGracePeriod(dentry);                     // otherwise the list's owner does
        parent.Ref.Count--;
        if (Host.Check("d_count of the parent", parent.Ref.Count == 0))
            return parent;
        await parent.Ref.Release();
        return null;
    }
}
