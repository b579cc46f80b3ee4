using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Names that nobody uses go when memory is short: the LRU is walked under its lock, which is inside d_lock, so d_lock is tried.
public sealed partial class DentryCache
{
    // What a walk does with a dentry: goes past it, takes it off the LRU, moves it to the end, or found its lock taken.
    private enum Isolated
    {
        Skipped,
        Removed,
        Rotated,
    }

    /// <summary>Looks at the oldest unused dentries, and kills those that were not used since the last look.</summary>
    /// <param name="scan">How many to look at.</param>
    /// <returns>How many left the LRU, those included that are in use again.</returns>
    [KernelSource("fs/dcache.c", "prune_dcache_sb", Omits = "per-node and per-cgroup lists: one list a super block")]
    public async KTask<int> PruneLru(int scan)
    {
        Host.MightSleep("prune_dcache_sb");
        var list = shrinkLists.Allocate();
        var freed = 0;
        await superBlock.DentryLruLock.Acquire();
        var dentry = superBlock.DentryLru.First;
        for (; scan > 0 && dentry != null; scan--)
        {
            var next = superBlock.DentryLru.After(dentry);         // before it moves: what was last is not seen again
            if (await Isolate(dentry, list) == Isolated.Removed)
                freed++;
            dentry = next;
        }

        await superBlock.DentryLruLock.Release();
        await ShrinkDentryList(list);
        shrinkLists.Free(list);
        return freed;
    }

    /// <summary>Kills all unused dentries, recently used or not; as long as others add some, it goes on.</summary>
    [KernelSource("fs/dcache.c", "shrink_dcache_sb", Omits = "turns of 1024 dentries")]
    public async KTask ShrinkAll()
    {
        Host.MightSleep("shrink_dcache_sb");
        var list = shrinkLists.Allocate();
        bool more;
        do
        {
            Dentry? taken = null;                                  // the first one whose lock another task holds
            await superBlock.DentryLruLock.Acquire();
            var dentry = superBlock.DentryLru.First;
            while (dentry != null)
            {
                var next = superBlock.DentryLru.After(dentry);
                if (await IsolateShrink(dentry, list) == Isolated.Skipped)
                    taken ??= dentry;
                dentry = next;
            }

            var waits = list.Dentries.Count == 0 && taken != null;
            if (waits)
                await Host.Rcu.ReadLock();                         // keeps its memory
            await superBlock.DentryLruLock.Release();
            if (waits)
            {
                // The kernel turns until the lock is free. Here it waits for that: the same, without an endless schedule.
                await taken!.Ref.Acquire();
                await taken.Ref.Release();
                await Host.Rcu.ReadUnlock();
            }

            await ShrinkDentryList(list);
            await superBlock.DentryLruLock.Acquire();
            more = superBlock.DentryLru.Count > 0;
            await superBlock.DentryLruLock.Release();
        }
        while (more);

        shrinkLists.Free(list);
    }

    /// <summary>Under the LRU's lock: a dentry in use leaves the LRU, a recently used one gets a second chance.</summary>
    [KernelSource("fs/dcache.c", "dentry_lru_isolate")]
    private async KTask<Isolated> Isolate(Dentry dentry, ShrinkList list)
    {
        Host.Counters.DentriesVisited++;
        if (!await dentry.Ref.TryAcquire())
            return Isolated.Skipped;
        var flags = dentry.Flags.Value;
        Isolated what;
        if (dentry.Ref.Count != 0)
        {
            await dentry.Flags.Set(flags & ~DentryFlags.LruList);
            superBlock.DentryLru.Remove(dentry);
            what = Isolated.Removed;
        }
        else if (Has(flags, DentryFlags.Referenced))
        {
            await dentry.Flags.Set(flags & ~DentryFlags.Referenced);
            superBlock.DentryLru.Remove(dentry);
            superBlock.DentryLru.AddLast(dentry);
            what = Isolated.Rotated;
        }
        else
        {
            await MoveToShrinkList(dentry, list);
            what = Isolated.Removed;
        }

        await dentry.Ref.Release();
        return what;
    }

    /// <summary>Under the LRU's lock: whatever it is, it goes to the private list; who kills it looks at its count.</summary>
    [KernelSource("fs/dcache.c", "dentry_lru_isolate_shrink")]
    private async KTask<Isolated> IsolateShrink(Dentry dentry, ShrinkList list)
    {
        Host.Counters.DentriesVisited++;
        if (!await dentry.Ref.TryAcquire())
            return Isolated.Skipped;
        await MoveToShrinkList(dentry, list);
        await dentry.Ref.Release();
        return Isolated.Removed;
    }

    [KernelSource("fs/dcache.c", "d_lru_shrink_move")]
    private async KTask MoveToShrinkList(Dentry dentry, ShrinkList list)
    {
        await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.ShrinkList);
        superBlock.DentryLru.Remove(dentry);
        list.Dentries.AddFirst(dentry);
    }
}
