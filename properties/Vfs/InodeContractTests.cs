using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>What each function of the inode cache does for one caller: what it returns, and what it leaves behind.</summary>
public static class InodeContractTests
{
    private static readonly string[] Names = [.. KernelRelease.All.Select(r => r.Name)];

    public static TheoryData<string> Releases => [.. Names];

    [Theory]
    [MemberData(nameof(Releases))]
    public static void Iget_makes_an_inode_once(string release) => Run(release, async w =>
    {
        var (made, isNew) = await w.Kernel.Inodes.Iget(w.Kernel.SuperBlock, w.Number);
        Assert.Equal((true, InodeState.New, 1), (isNew, made!.State.Peek, made.Count.Peek));
        Assert.True(made.HashLink.Peek && made.SuperBlockLink.Peek);
        await w.Kernel.Inodes.UnlockNew(made);
        var (found, again) = await w.Kernel.Inodes.Iget(w.Kernel.SuperBlock, w.Number);
        Assert.Equal((false, made, InodeState.None, 2), (again, found, made.State.Peek, made.Count.Peek));
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void Iget5_and_ilookup_agree_with_iget(string release) => Run(release, async w =>
    {
        var cache = w.Kernel.Inodes;
        Assert.Null(await cache.Ilookup(w.Number));
        Assert.Null(await cache.Ilookup5(w.Number));
        var (made, isNew) = await cache.Iget5(w.Kernel.SuperBlock, w.Number);
        Assert.True(isNew);
        Assert.Equal((made, true), await cache.Ilookup5NoWait(w.Number));
        await cache.UnlockNew(made!);
        Assert.Equal(made, await cache.Ilookup(w.Number));
        Assert.Equal(made, await cache.Ilookup5(w.Number));
        Assert.Equal((made, false), await cache.Iget5(w.Kernel.SuperBlock, w.Number));
        Assert.Equal(5, made!.Count.Peek);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void An_inode_that_is_created_is_not_found_and_its_number_is_busy(string release) => Run(release, async w =>
    {
        var cache = w.Kernel.Inodes;
        var made = await cache.New(w.Kernel.SuperBlock);
        Assert.Equal((InodeState.None, 1, false, true), (made.State.Peek, made.Count.Peek, made.HashLink.Peek, made.SuperBlockLink.Peek));
        made.Number.Value = w.Number;
        Assert.Equal(Errno.OK, await cache.InsertLocked(made));
        Assert.Equal(InodeState.New | InodeState.Creating, made.State.Peek);
        Assert.Null((await cache.Iget(w.Kernel.SuperBlock, w.Number)).Inode);
        Assert.Null(await cache.Ilookup(w.Number));
        var second = await cache.New(w.Kernel.SuperBlock);
        Assert.Null(await cache.Insert5(w.Kernel.SuperBlock, second, w.Number));
        second.Number.Value = w.Number;
        Assert.Equal(Errno.EBUSY, await cache.InsertLocked(second));
        await cache.UnlockNew(made);
        Assert.Equal(Errno.EBUSY, await cache.InsertLocked(second));
        Assert.Equal((1, 1), (made.Count.Peek, second.Count.Peek));
        Assert.Equal(made, await cache.Insert5(w.Kernel.SuperBlock, second, w.Number));
        await cache.Iput(second);
        Assert.Equal(1, second.Evicted.Value.Order);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void An_inode_is_found_by_its_number_once_it_is_hashed(string release) => Run(release, async w =>
    {
        var cache = w.Kernel.Inodes;
        var made = await cache.New(w.Kernel.SuperBlock);
        made.Number.Value = w.Number;
        await cache.InsertHash(made);
        Assert.Equal((InodeState.None, true, false), (made.State.Peek, made.HashLink.Peek, cache.HashLock.IsHeld));
        Assert.Equal(made, await cache.Ilookup(w.Number));
        await cache.Iput(made);
        made.Nlink.Value = 0;
        await cache.Iput(made);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void A_discarded_or_bad_inode_goes_with_its_last_reference(string release) => Run(release, async w =>
    {
        var cache = w.Kernel.Inodes;
        var (bad, _) = await cache.Iget(w.Kernel.SuperBlock, w.Number);
        await cache.IgetFailed(bad!);
        Assert.Equal((1, false), (bad!.Evicted.Value.Order, bad.HashLink.Peek));
        var (discarded, isNew) = await cache.Iget(w.Kernel.SuperBlock, w.Number);
        Assert.True(isNew);
        discarded!.Nlink.Value = 0;
        await cache.DiscardNew(discarded);
        Assert.Equal(2, discarded.Evicted.Value.Order);
        Assert.Null(w.Kernel.Disk.Inodes[w.Number]);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void Igrab_refuses_what_is_dying(string release) => Run(release, async w =>
    {
        await w.Hold(0);
        Assert.Equal(w.Inode, await w.Kernel.Inodes.Igrab(w.Inode));
        Assert.Equal(1, w.Inode.Count.Peek);
        await w.Put();
        await w.Mark(InodeState.WillFree);
        Assert.Null(await w.Kernel.Inodes.Igrab(w.Inode));
        Assert.Equal((0, false), (w.Inode.Count.Peek, w.Inode.Lock.IsHeld));
        await w.Inode.State.Set(InodeState.None);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void The_last_put_caches_the_inode_and_the_second_gives_it_another_chance(string release) => Run(release, async w =>
    {
        await w.Hold(0);
        Assert.Equal((0, true, InodeState.None), (w.Inode.Count.Peek, w.Inode.LruLink.Peek, w.Inode.State.Peek));
        await w.LookUp();
        Assert.Equal(InodeState.Referenced, w.Inode.State.Peek);
        Assert.Equal(0, await w.Kernel.Inodes.PruneLru(w.Kernel.SuperBlock, 1));
        Assert.Equal((true, InodeState.None), (w.Inode.LruLink.Peek, w.Inode.State.Peek));
        Assert.Equal(1, await w.Kernel.Inodes.PruneLru(w.Kernel.SuperBlock, 1));
        Assert.Equal((1, false), (w.Inode.Evicted.Value.Order, w.Inode.HashLink.Peek));
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void Pages_keep_an_inode_off_the_list_in_newer_kernels_and_are_stripped_in_older_ones(string release) => Run(release, async w =>
    {
        await w.Hold(1);
        await w.Fill(FolioFlags.Uptodate);
        await w.Put();
        Assert.Equal(w.StripsPages, w.Inode.LruLink.Peek);
        await w.Prune(3);                                          // strips; the put that ends it gives a second chance
        await w.Prune(1);
        Assert.Equal((w.StripsPages, w.StripsPages ? 1 : 0), (w.Inode.Folio.Peek.Flags == FolioFlags.None, w.Inode.Evicted.Value.Order));
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void What_is_in_use_leaves_the_list_when_the_walk_meets_it(string release) => Run(release, async w =>
    {
        await w.Hold(0);
        var (found, _) = await w.Kernel.Inodes.Iget(w.Kernel.SuperBlock, w.Number);
        Assert.True(found!.LruLink.Peek);
        Assert.Equal(1, await w.Kernel.Inodes.PruneLru(w.Kernel.SuperBlock, 5));
        Assert.Equal((false, 0), (found.LruLink.Peek, found.Evicted.Value.Order));
        await w.Put();
        Assert.True(found.LruLink.Peek);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void The_last_put_turns_the_times_into_dirt(string release) => Run(release, async w =>
    {
        await w.Hold(1);
        await w.Mark(InodeState.DirtyTime);
        await w.Put();
        Assert.Equal((0, InodeState.DirtySync, true), (w.Inode.Count.Peek, w.Inode.State.Peek, w.Inode.WritebackLink.Peek));
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public static void An_inode_that_is_not_cached_is_written_before_it_goes(bool active) => Run("v6.18", async w =>
    {
        await w.Hold(1);
        await w.Kernel.Writeback.MarkDirty(w.Inode, InodeState.DirtySync);
        if (active)
            await w.Mark(InodeState.DontCache);
        else
            await w.Kernel.SuperBlock.Active.WriteRacy(false);
        await w.Put();
        Assert.Equal((1, InodeState.Freeing | InodeState.Clear), (w.Inode.Evicted.Value.Order, w.Inode.State.Peek));
        Assert.Equal(0, w.Kernel.Writeback.DirtyInodes.Peek);
    });

    [Fact]
    public static void The_eviction_of_an_unlinked_inode_nests_in_the_handle_of_whoever_puts_it() => Run("v6.18", async w =>
    {
        var journal = ((Ext4)w.Kernel.Inodes.FileSystem).Journal;
        await w.Hold(1);
        w.Inode.Nlink.Value = 0;
        var outermost = await journal.Start();
        await w.Put();
        Assert.Equal((true, true, 1), (outermost, journal.IsOpen, w.Inode.Evicted.Value.Order));
        await journal.Stop(outermost);
        Assert.False(journal.IsOpen);
        Assert.Null(w.Kernel.Disk.Inodes[w.Number]);
    });

    [Theory]
    [MemberData(nameof(Releases))]
    public static void Evicting_all_leaves_what_is_in_use(string release) => Run(release, async w =>
    {
        await w.Hold(1);
        await w.Kernel.SuperBlock.Active.WriteRacy(false);
        await w.EvictAll();
        Assert.Equal(0, w.Inode.Evicted.Value.Order);
        Assert.True(await w.Kernel.Inodes.InvalidateAll(w.Kernel.SuperBlock, killDirty: true));
    });

    [Theory]
    [InlineData("v5.10", false, true)]
    [InlineData("v5.10", true, false)]
    [InlineData("v6.12", false, false)]
    public static void Invalidating_keeps_dirty_inodes_in_old_kernels_unless_told(string release, bool killDirty, bool stays) => Run(release, async w =>
    {
        await w.Hold(1);
        await w.Kernel.Writeback.MarkDirty(w.Inode, InodeState.DirtySync);
        await w.Put();
        Assert.Equal(stays, await w.Kernel.Inodes.InvalidateAll(w.Kernel.SuperBlock, killDirty));
        Assert.Equal(stays ? 0 : 1, w.Inode.Evicted.Value.Order);
    });

    // Whoever may sleep says so at once, whatever path it takes.
    [Fact]
    public static void Nothing_that_may_sleep_is_called_inside_a_spinlock()
    {
        Func<InodeWorld, KTask>[] sleepers =
        [
            w => w.Put(), w => w.LookUpAndForget(), w => w.Prune(1), w => w.EvictAll(), async w => await w.Kernel.Inodes.New(w.Kernel.SuperBlock),
            w => w.Kernel.Writeback.WriteNow(w.Inode), async w => await w.Kernel.Inodes.InvalidateAll(w.Kernel.SuperBlock, false),
        ];
        foreach (var sleeper in sleepers)
        {
            Assert.Equal("sleep-in-atomic", FindingOf("v6.18", async w =>
            {
                await w.Hold(1);
                await w.Kernel.Writeback.WorkLock.Acquire();
                await sleeper(w);
            }));
        }
    }

    [Fact]
    public static void Ihold_without_a_reference_is_a_finding()
        => Assert.Equal("reference-count", FindingOf("v6.18", async w =>
        {
            await w.Hold(0);
            await w.Kernel.Inodes.Ihold(w.Inode);
        }));

    [Fact]
    public static void The_last_reference_of_a_new_inode_is_a_finding()
        => Assert.Equal("inode-state", FindingOf("v6.18", async w
            => await w.Kernel.Inodes.Iput((await w.Kernel.Inodes.Iget(w.Kernel.SuperBlock, w.Number)).Inode!)));

    // No lock is held afterwards: the machine would say so when the thread ends.
    private static void Run(string release, Func<InodeWorld, KTask> body)
    {
        var finding = FindingOf(release, body);
        Assert.True(finding == null, finding);
    }

    private static string? FindingOf(string release, Func<InodeWorld, KTask> body)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var world = new InodeWorld(new Kernel(host, new KernelConfiguration { Release = KernelRelease.Named(release)! }));
        host.RunAlone(new ThreadBody("user", () => body(world)));
        return host.Finding?.Rule == "exception" ? host.Finding.Message : host.Finding?.Rule;
    }
}
