using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// d_seq says enough, in all schedules there are: who finds it as it was has been looking at one and the same dentry all the time. And
/// it says more than a comparison of what it guards: a name that was moved away and back is another one.
/// </summary>
public static class SequenceTests
{
    [Theory]
    [InlineData("v6.18", 194)]
    [InlineData("v5.10", 196)]
    public static void A_name_that_is_moved_there_and_back(string release, long states)
        => Assert.True(Holds(states, release, w => w.MoveThereAndBack).ChangedUnseen);

    [Theory]
    [InlineData("v6.18", 57)]
    public static void A_name_that_is_exchanged(string release, long states) => Holds(states, release, w => w.Exchange);

    [Theory]
    [InlineData("v6.18", 129)]
    public static void A_file_that_is_deleted(string release, long states) => Holds(states, release, w => w.Delete);

    [Theory]
    [InlineData("v6.18", 35)]
    public static void A_negative_dentry_that_gets_an_inode(string release, long states) => Holds(states, release, w => w.Instantiate, readsNegative: true);

    [Theory]
    [InlineData("v6.18", 152)]
    [InlineData("v5.10", 134)]
    public static void A_dentry_that_is_killed(string release, long states) => Holds(states, release, w => w.Kill);

    [Theory]
    [InlineData("v6.18", 24)]
    public static void A_dentry_that_is_invalidated(string release, long states) => Holds(states, release, w => w.Invalidate);

    private static Seen Holds(long states, string release, Func<World, Func<KTask>> writer, bool readsNegative = false)
    {
        var seen = new Seen();
        var scenario = KernelTexts.Watched(new KernelScenario("d_seq", "", kernel =>
        {
            var world = new World(kernel, seen, readsNegative);
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", world.SetUp),
                Threads = [new ThreadBody("reader", world.Read), new ThreadBody("writer", writer(world))],
                Finally = new ThreadBody(ScenarioInstance.LastPartName, world.Put),
                Registers = [],
                Expectations =
                [
                    new Expectation("same", Frequency.Never, "d_seq did not change, and what it guards did", () => world.WasMissed.Value),
                ],
            };
        }));
        var all = KernelTexts.Run(scenario, release, StrategyNames.States, null, clocks: false);
        Assert.Equal("", string.Join("; ", all.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")) + (all.Covered.Exhaustive ? "" : all.Reason));
        Assert.True(seen.Unchanged && seen.Changed);
        Assert.Equal(states, all.Tally.States!.States);
        return seen;
    }

    /// <summary>What the reader met in some schedule.</summary>
    [NotState("what was seen on the way: no thread looks at it")]
    private sealed class Seen
    {
        public bool Unchanged { get; set; }

        public bool Changed { get; set; }

        public bool ChangedUnseen { get; set; }
    }

    /// <summary>The files f and g, cached; n, which is known not to be there; and a reader who has found one of them.</summary>
    private sealed class World(Kernel kernel, Seen seen, bool readsNegative) : KernelObject(kernel.Host)
    {
        public Note<bool> WasMissed;

        [NotState("the same in all executions")] private Dentry root = null!;
        [NotState("the same in all executions")] private Dentry f = null!;
        [NotState("the same in all executions")] private Dentry g = null!;
        [NotState("the same in all executions")] private Dentry n = null!;

        private DentryCache Cache => kernel.Dentries;

        public override string Name => "world";

        public async KTask SetUp()
        {
            foreach (var name in new[] { "f", "g" })
                kernel.Disk.AddFile(Disk.RootNumber, name, name);
            await kernel.Mount();
            root = kernel.SuperBlock.Root.Value!;
            var paths = new PathLookup(kernel.SuperBlock, kernel.Inodes, Cache, kernel.Configuration.Release, kernel.Configuration.FixesIn);
            f = (await paths.Walk([kernel.Disk.FileName("f")])).Dentry!;
            g = (await paths.Walk([kernel.Disk.FileName("g")])).Dentry!;
            n = await Cache.Allocate(root, kernel.Disk.FileName("n"));
            await Cache.SpliceAlias(null, n);
        }

        public async KTask Put()
        {
            foreach (var dentry in new[] { f, g, n })
            {
                if (dentry.IsAlive && dentry.Ref.Peek > 0)
                    await Cache.Dput(dentry);
            }
        }

        // What a walk does: it takes the count, looks, does something else, looks again, and compares.
        public async KTask Read()
        {
            await kernel.Host.Rcu.ReadLock();
            var (dentry, sequence) = await Cache.LookupRcu(root, kernel.Disk.FileName(readsNegative ? "n" : "f"));
            if (dentry != null)
            {
                var before = Look(dentry);
                await kernel.Host.Point();
                var isSame = before == Look(dentry);
                var hasChanged = dentry.Sequence.Retry(sequence);
                WasMissed.Value = !hasChanged && !isSame;
                seen.Unchanged |= !hasChanged;
                seen.Changed |= hasChanged;
                seen.ChangedUnseen |= hasChanged && isSame && !dentry.Sequence.Now.IsOdd;
            }

            await kernel.Host.Rcu.ReadUnlock();
        }

        public async KTask MoveThereAndBack()
        {
            var name = f.FileName.Value;
            await Cache.Move(f, n);
            var back = await Cache.Allocate(root, name);
            await Cache.SpliceAlias(null, back);
            await Cache.Move(f, back);
            await Cache.Dput(back);
        }

        public KTask Exchange() => Cache.Exchange(f, g);

        public async KTask Delete()
        {
            f.Inode.Value!.Nlink.Value = 0;
            root.Inode.Value!.OnDisk.Remove(f.FileName.Value);
            await Cache.Delete(f);
        }

        public async KTask Instantiate()
        {
            await kernel.Inodes.Ihold(g.Inode.Value!);
            await DentryCache.Instantiate(n, g.Inode.Value!);
        }

        public async KTask Kill()
        {
            await Cache.Dput(f);
            await Cache.ShrinkAll();
        }

        public KTask Invalidate() => Cache.Invalidate(f);

        private static (Dentry?, int, Inode?, bool) Look(Dentry dentry)
            => (dentry.Parent.Racy, dentry.FileName.Racy, dentry.Inode.Racy, dentry.HashLink.IsHashed);
    }
}
