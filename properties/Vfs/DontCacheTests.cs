using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Files that are not to be cached: their last close evicts them, and loses nothing. Up to v5.10 it keeps those that were used before.</summary>
public static class DontCacheTests
{
    [Theory]
    [InlineData("v5.10", false, true)]
    [InlineData("v5.10", true, false)]                             // 77573fa310d9 is missing
    [InlineData("v5.11", false, true)]
    [InlineData("v5.11", true, true)]
    [InlineData("v6.12", true, true)]
    [InlineData("v6.18", false, true)]
    [InlineData("v6.18", true, true)]
    public static void The_last_close_evicts_the_file(string release, bool wasUsedBefore, bool goes)
    {
        var tree = new CachedTree(release);
        var (isAlive, isCached, data) = (true, true, "");
        tree.Run(async () =>
        {
            for (var i = 0; wasUsedBefore && i < 2; i++)
                await tree.Touch("d", "g");                            // on the LRU, and referenced
            var path = wasUsedBefore ? tree.Path("d", "g") : tree.Path("d", "h");
            var (_, file) = await tree.Kernel.Calls.Open(path);
            var (dentry, inode) = (file!.Dentry.Value!, file.Dentry.Value!.Inode.Value!);
            await tree.Kernel.Calls.Write(file, tree.Kernel.Disk.Text("new"));
            await DentryCache.MarkDontCache(inode);
            await tree.Kernel.Calls.Close(file);
            (isAlive, isCached) = (inode.IsAlive, dentry.IsAlive);
            data = tree.Kernel.Disk.TextOf(tree.Kernel.Disk.Inodes[inode.Number.Peek]!.Data.Peek);
        });
        Assert.Null(tree.Finding);
        Assert.Equal((!goes, !goes), (isAlive, isCached));
        if (goes)
            Assert.StartsWith("new", data, StringComparison.Ordinal);
    }

    [Fact]
    public static void A_name_that_nobody_uses_stays_until_somebody_does()
    {
        var tree = new CachedTree();
        tree.Run(async () =>
        {
            var (g, inode) = (tree.G, tree.Of(tree.G));
            await tree.Kernel.Inodes.Igrab(inode);
            await DentryCache.MarkDontCache(inode);
            await tree.Kernel.Inodes.Iput(inode);
            Assert.Equal((true, true), (g.IsAlive, inode.IsAlive));
            await tree.Touch("d", "g");
            Assert.Equal((false, false), (g.IsAlive, inode.IsAlive));
        });
        Assert.Null(tree.Finding);
    }

    [Theory]
    [InlineData("v5.10", 21_521)]
    [InlineData("v6.18", 17_044)]
    public static void A_mark_beside_a_close_and_a_look_up(string release, long states)
    {
        var scenario = KernelTexts.Watched(new KernelScenario("dontcache", "", kernel =>
        {
            var number = kernel.Disk.AddFile(Disk.RootNumber, "f", "x");
            int[] path = [kernel.Disk.FileName("f")];
            var world = new World(kernel.Host);
            async KTask SetUp()
            {
                await kernel.Mount();
                world.File.Value = (await kernel.Calls.Open(path)).File;
            }

            async KTask Mark()
            {
                if (await kernel.Inodes.Ilookup(number) is not { } inode)
                    return;
                await DentryCache.MarkDontCache(inode);
                await kernel.Inodes.Iput(inode);
                world.Marked.Value = true;
            }

            async KTask LookUp()
            {
                var (_, file) = await kernel.Calls.Open(path);
                await kernel.Calls.Close(file!);
            }

            bool IsCached() => kernel.Inodes.Hash.Peek((ulong)number) != null;
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", SetUp),
                Threads =
                [
                    new ThreadBody("closer", async () => await kernel.Calls.Close(world.File.Value!)),
                    new ThreadBody("marker", Mark), new ThreadBody("finder", LookUp),
                ],
                Registers = [],
                Expectations =
                [
                    new Expectation("kept", Frequency.Sometimes, "the mark came after the last use", () => world.Marked.Value && IsCached()),
                    new Expectation("gone", Frequency.Sometimes, "the mark came before it", () => world.Marked.Value && !IsCached()),
                ],
            };
        }));
        var all = KernelTexts.Run(scenario, release, StrategyNames.States, null, clocks: false);
        Assert.Equal("", string.Join("; ", all.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")) + (all.Covered.Exhaustive ? "" : all.Reason));
        Assert.Equal(states, all.Tally.States!.States);
    }

    private sealed class World(KernelHost host) : KernelObject(host)
    {
        public Note<OpenFile?> File;

        public Note<bool> Marked;

        public override string Name => "world";
    }
}
