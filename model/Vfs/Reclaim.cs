using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>mm/vmscan.c and fs/drop_caches.c: taking back what caches can do without, for lack of memory or because somebody asks.</summary>
public sealed class Reclaim : KernelObject
{
    // Up to 5.10 drop_slab ends when a turn freed no more than this.
    private const int LittleFreed = 10;

    private readonly SuperBlock superBlock;
    private readonly InodeCache inodes;
    private readonly DentryCache dentries;
    private readonly KernelRelease release;
    private readonly bool locksUmountOut;

    internal Reclaim(KernelHost host, SuperBlock superBlock, InodeCache inodes, DentryCache dentries, KernelRelease release, FixSet fixes)
        : base(host)
    {
        this.superBlock = superBlock;
        this.inodes = inodes;
        this.dentries = dentries;
        this.release = release;
        locksUmountOut = fixes.Has(Fixes.UmountWaitsForShrinkers);
    }

    /// <summary>How often allocations may still reclaim. Part of a scenario, and 0 unless it says so.</summary>
    [KernelName("direct reclaim")]
    public Atomic Budget;

    /// <summary>Whether allocations may reclaim at all in this scenario: otherwise they are not even a step.</summary>
    [field: Wiring]
    public bool InAllocations { get; set; }

    public override string Name => "reclaim";

    /// <summary>/proc/sys/vm/drop_caches: 1 drops clean pages, 2 unused dentries and inodes, 3 both.</summary>
    [KernelSource("fs/drop_caches.c", "drop_caches_sysctl_handler")]
    public async KTask DropCaches(int what)
    {
        Host.MightSleep("drop_caches");
        if ((what & 1) != 0)
        {
            await superBlock.Umount.AcquireRead();                 // iterate_supers
            if (superBlock.Root.Value != null)
                await DropPages();
            await superBlock.Umount.ReleaseRead();
        }

        if ((what & 2) != 0)
            await DropSlab();
    }

    /// <summary>
    /// FS_IOC_DROP_CACHE of ChromeOS: all names that nobody uses, then all inodes that nobody uses. Nothing is synced first: up to 6.1
    /// dirty inodes stay, and since then invalidate_inodes throws away what is not written.
    /// </summary>
    [KernelSource("ChromeOS fs/ext4/ioctl.c", "FS_IOC_DROP_CACHE")]
    public async KTask DropCacheIoctl()
    {
        Host.MightSleep("FS_IOC_DROP_CACHE");
        await dentries.ShrinkAll();

        // The race is here: no lock is held in between. A name that is looked up now pins its inode, which stays.
        await inodes.InvalidateAll(superBlock, killDirty: false);
    }

    /// <summary>kswapd: now and then, up to a number of times, it looks at a part of what can be reclaimed, or at all of it.</summary>
    [KernelSource("mm/vmscan.c", "kswapd", Omits = "watermarks: it runs whenever the scheduler likes; the share that it looks at is one object of each kind, or all")]
    public async KTask Kswapd(int runsMax)
    {
        for (var run = 0; run < runsMax; run++)
        {
            var how = await Host.Choose(3);
            if (how == 0)
                return;
            await Scan(all: how == 1);
        }
    }

    /// <summary>An allocation that may sleep and enter the file system: if memory is short now, it reclaims first.</summary>
    [KernelSource("mm/page_alloc.c", "__alloc_pages_direct_reclaim", Omits = "allocations without __GFP_FS, which cannot reclaim here")]
    public async KTask Allocate()
    {
        Host.MightSleep("allocation");
        if (!InAllocations)
            return;
        var left = await Budget.Read();
        if (left != 0 && await Host.Choose(2) != 0 && await Budget.CompareExchange(left, left - 1))
            await Scan(all: true);
    }

    /// <summary>Drops clean pages of all inodes. The reference on an inode keeps it on the list, and is put one step behind.</summary>
    [KernelSource("fs/drop_caches.c", "drop_pagecache_sb")]
    private async KTask DropPages()
    {
        Inode? previous = null;
        await superBlock.InodeListLock.Acquire();
        for (var inode = superBlock.Inodes.First; inode != null; inode = superBlock.Inodes.After(inode))
        {
            Host.Counters.InodesVisited++;
            await inode.Lock.Acquire();
            var skip = (inode.State.Value & (InodeState.Dying | InodeState.New)) != 0
                || !(await inode.Folio.ReadRacy()).IsThere;
            if (!skip)
                await inodes.Grab(inode);
            await inode.Lock.Release();
            if (skip)
                continue;
            await superBlock.InodeListLock.Release();

            await inodes.InvalidatePages(inode);
            if (previous != null)
                await inodes.Iput(previous);                       // may evict, with s_umount held
            previous = inode;
            await superBlock.InodeListLock.Acquire();
        }

        await superBlock.InodeListLock.Release();
        if (previous != null)
            await inodes.Iput(previous);
    }

    /// <summary>
    /// All caches are shrunk until a turn frees little. What the caches of others free counts too, so that it may go on where
    /// this super block's gave nothing, and those that were used recently lose their second chance.
    /// </summary>
    [KernelSource("mm/vmscan.c", "drop_slab", Omits = "nodes and memory cgroups; other shrinkers, but for the turns that they lead to: three at most")]
    private async KTask DropSlab()
    {
        const int TurnsForOthers = 3;
        for (var turn = 0; ; turn++)
        {
            var (freed, listed) = await Scan(all: true);
            var freedMuch = Change.DropSlabHalves.IsIn(release) ? freed >> turn > 1 : freed > LittleFreed;
            if (!freedMuch && (listed == 0 || turn >= TurnsForOthers || await Host.Choose(2) == 1))
                return;
        }
    }

    /// <summary>The super block's shrinker: dentries first, then inodes, of which more are unused by then. How many went, and were on the LRUs.</summary>
    /// <remarks>Who unmounts, or has s_umount for another change, is not waited for: nothing is reclaimed then.</remarks>
    [KernelSource("fs/super.c", "super_cache_scan", Omits = "what the file system itself caches; the counts are taken under the locks of the lists")]
    private async KTask<(int Freed, int Listed)> Scan(bool all)
    {
        if (locksUmountOut && !await superBlock.Umount.TryAcquireRead())
            return (0, 0);
        var (freed, listed) = (0, 0);
        if (superBlock.Root.Value != null)
        {
            await superBlock.DentryLruLock.Acquire();
            var dentryCount = superBlock.DentryLru.Count;
            await superBlock.DentryLruLock.Release();
            await superBlock.InodeLruLock.Acquire();
            var inodeCount = superBlock.InodeLru.Count;
            await superBlock.InodeLruLock.Release();
            listed = dentryCount + inodeCount;
            freed += await dentries.PruneLru(ShareOf(dentryCount, all));
            freed += await inodes.PruneLru(superBlock, ShareOf(inodeCount, all));
        }

        if (locksUmountOut)
            await superBlock.Umount.ReleaseRead();
        return (freed, listed);
    }

    // With the highest priority each object can be looked at twice: once for its second chance. And at least one always is:
    // the inode, perhaps, that lost its last dentry just now and was not counted.
    private static int ShareOf(int count, bool all) => (all ? 2 * count : 0) + 1;
}
