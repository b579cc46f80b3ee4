using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// Small races of the dentry cache, its functions called directly, in all schedules there are: nothing is found, every sentence
/// about the state holds at each state, and what the race is about happens. The counts are pinned.
/// </summary>
public static class DentryRaceTests
{
    [Theory]
    [InlineData("v5.10", 182)]
    [InlineData("v6.12", 387)]
    [InlineData("v6.18", 401)]
    public static void Dput_beside_d_prune_aliases(string release, long states) => Holds(states, release, w => new Race(
        [w.Put, w.PruneAliases],
        [
            new Expectation("kept", Frequency.Sometimes, "the dentry was in use when its alias was looked for", () => w.IsCached),
            new Expectation("gone", Frequency.Sometimes, "the alias was unused, and killed", () => !w.IsCached),
            new Expectation("used", Frequency.Always, "the inode is as its pruner found it, or as cached as its dentry", () => w.Inode.IsAlive),
        ]));

    [Theory]
    [InlineData("v5.10", 15_374)]
    [InlineData("v6.12", 34_502)]
    [InlineData("v6.18", 35_306)]
    public static void Shrink_dcache_parent_beside_dput_and_a_look_up(string release, long states) => Holds(states, release, w => new Race(
        [w.ShrinkParent, w.Put, w.LookUp],
        [
            new Expectation("kept", Frequency.Sometimes, "the look-up took the dentry before it was killed", () => w.IsCached),
            new Expectation("again", Frequency.Sometimes, "the look-up made a dentry of its own", () => !w.IsCached && w.FoundAnother.Value),
            new Expectation("gone", Frequency.Sometimes, "nothing is cached afterwards", () => w.Directory.Children.PeekCount == 0),
        ]));

    [Theory]
    [InlineData("v5.10", 1_026)]
    [InlineData("v6.12", 1_218)]
    [InlineData("v6.18", 1_200)]
    public static void D_delete_beside_a_look_up_and_reclaim(string release, long states) => Holds(states, release, w => new Race(
        [w.Delete, w.FindByName, w.Reclaim],
        [
            new Expectation("evicted", Frequency.Always, "the file is gone from memory and from the disk", () => !w.Inode.IsAlive && w.IsDeleted),
            new Expectation("found", Frequency.Sometimes, "the look-up came first", () => w.Found.Value),
            new Expectation("kept", Frequency.Sometimes, "the name is known to be gone", () => w.IsCached),
            new Expectation("reclaimed", Frequency.Sometimes, "the name is not known", () => !w.IsCached),
        ]), pins: true);

    [Theory]
    [InlineData("v5.10", 6_279)]
    [InlineData("v6.18", 9_595)]
    public static void Unlink_beside_a_look_up_that_asks_the_disk_and_reclaim(string release, long states) => Holds(states, release, w => new Race(
        [w.Unlink, w.LookUp, w.Reclaim],
        [
            new Expectation("evicted", Frequency.Always, "the file is gone from memory and from the disk", () => !w.Inode.IsAlive && w.IsDeleted),
            new Expectation("found", Frequency.Sometimes, "the look-up came first", () => w.Found.Value),
            new Expectation("missed", Frequency.Sometimes, "the look-up came last", () => !w.Found.Value),
            new Expectation("reclaimed", Frequency.Sometimes, "the name is not known", () => !w.IsCached),
        ]), pins: true);

    [Theory]
    [InlineData("v5.10", 350)]
    [InlineData("v6.12", 361)]
    public static void The_ioctl_that_drops_caches_beside_a_close(string release, long states) => Holds(states, release, w => new Race(
        [w.DropCache, w.Put],
        [
            new Expectation("evicted", Frequency.Sometimes, "the close came first", () => !w.Inode.IsAlive),
            new Expectation("unnamed", Frequency.Never, "an inode that lost its name is left", () => w.Inode.IsAlive && !w.IsCached && w.Inode.Count.Peek > 0),
            new Expectation("kept", Frequency.Sometimes, "the name was in use", () => w.IsCached),
        ]));

    private static void Holds(long states, string release, Func<DentryWorld, Race> race, bool pins = false)
    {
        var scenario = KernelTexts.Watched(new KernelScenario("dentries", "", kernel =>
        {
            var world = new DentryWorld(kernel);
            var (threads, expectations) = race(world);
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", () => world.SetUp(pins)),
                Finally = pins ? new ThreadBody(ScenarioInstance.LastPartName, world.Unpin) : null,
                Threads = [.. threads.Select((t, i) => new ThreadBody($"t{i}", t))],
                Registers = [],
                Expectations = expectations,
            };
        }));
        var all = KernelTexts.Run(scenario, release, StrategyNames.States, null, clocks: false);
        Assert.Equal("", string.Join("; ", all.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")) + (all.Covered.Exhaustive ? "" : all.Reason));
        var few = KernelTexts.Run(scenario, release, StrategyNames.DepthFirst, 1, clocks: false);
        Assert.True(few.Tally.Violations.Count == 0, string.Join("; ", few.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")));
        Assert.Equal(states, all.Tally.States!.States);
    }

    private sealed record Race(Func<KTask>[] Threads, Expectation[] Expectations);

    /// <summary>The file d/f, in use by whoever asks; nothing is encrypted.</summary>
    private sealed class DentryWorld(Kernel kernel) : KernelObject(kernel.Host)
    {
        public Note<bool> Found;
        public Note<bool> FoundAnother;

        private readonly int[] path = [kernel.Disk.FileName("d"), kernel.Disk.FileName("f")];
        private readonly int number = kernel.Disk.AddFile(kernel.Disk.AddDirectory(Disk.RootNumber, "d", -1), "f", "x");
        [NotState("the same in all executions")] private Dentry dentry = null!;
        [NotState("the same in all executions")] private Inode inode = null!;
        [NotState("the same in all executions")] private Dentry directory = null!;
        [NotState("the same in all executions")] private OpenFile file = null!;

        public override string Name => "world";

        public Dentry Directory => directory;

        public Inode Inode => inode;

        public bool IsCached => dentry.IsAlive && dentry.Ref.Peek >= 0;

        public bool IsDeleted => kernel.Disk.Inodes[number] == null;

        public async KTask SetUp(bool pins)
        {
            await kernel.Mount();
            (_, var opened) = await kernel.Calls.Open(path);
            file = opened!;
            dentry = file.Dentry.Value!;
            inode = dentry.Inode.Value!;
            directory = dentry.Parent.Value!;
            if (pins)
                await DentryCache.Dget(directory);                 // somebody else works in it
        }

        public KTask Unpin() => kernel.Dentries.Dput(directory);

        public async KTask Put() => await kernel.Calls.Close(file);

        public async KTask PruneAliases()
        {
            await kernel.Inodes.Igrab(inode);
            await kernel.Dentries.PruneAliases(inode);
            await kernel.Inodes.Iput(inode);
        }

        public async KTask ShrinkParent()
        {
            await DentryCache.Dget(directory);
            await kernel.Dentries.ShrinkParent(directory);
            await kernel.Dentries.Dput(directory);
        }

        public async KTask LookUp()
        {
            var (_, opened) = await kernel.Calls.Open(path);
            Found.Value = opened != null;
            if (opened == null)
                return;
            FoundAnother.Value = opened.Dentry.Value != dentry;
            await kernel.Calls.Close(opened);
        }

        /// <summary>What vfs_unlink does when the file system has taken the entry away.</summary>
        public async KTask Delete()
        {
            inode.Nlink.Value = 0;
            directory.Inode.Value!.OnDisk.Remove(path[1]);
            await kernel.Dentries.Delete(dentry);
            await kernel.Calls.Close(file);
        }

        /// <summary>The same with the lock of the directory, which vfs_unlink holds, and look-ups that ask the file system want.</summary>
        public async KTask Unlink()
        {
            await directory.Inode.Value!.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
            inode.Nlink.Value = 0;
            directory.Inode.Value!.OnDisk.Remove(path[1]);
            await kernel.Dentries.Delete(dentry);
            await directory.Inode.Value!.Rwsem.ReleaseWrite();
            await kernel.Calls.Close(file);
        }

        // The cached dentry only: a look-up that asks the file system as well makes too many states.
        public async KTask FindByName()
        {
            var cached = await kernel.Dentries.Lookup(directory, path[1]);
            Found.Value = cached != null;
            if (cached != null)
                await kernel.Dentries.Dput(cached);
        }

        public KTask DropCache() => kernel.Reclaim.DropCacheIoctl();

        public async KTask Reclaim() => await kernel.Dentries.PruneLru(1);
    }
}
