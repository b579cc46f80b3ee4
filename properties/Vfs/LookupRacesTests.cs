using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Look-ups side by side, beside who takes names away and exchanges them: all states, and what comes up in some of them.</summary>
public static class LookupRacesTests
{
    private const string ExchangeVsLookup = """
        scenario exchange-vs-look-up
        setup
          root create f x
          root create g y
          root sync
        thread a
          root rename f g flags=exchange -> moved
        thread b
          root cat f -> data
        finally
          root cat g -> other
        always moved == "OK"
        always data == "x" || data == "y"
        always other == "x"
        sometimes data == "x"
        sometimes data == "y"
        """;

    private const string ExchangesCrosswise = """
        scenario exchanges-crosswise
        setup
          root mkdir a
          root mkdir b
          root create a/f x
          root create b/g y
          root sync
        thread one
          root rename a/f b/g flags=exchange -> first
        thread two
          root rename b/g a/f flags=exchange -> second
        finally
          root cat a/f -> data
        always first == "OK" && second == "OK" && data == "x"
        """;

    [Theory]
    [InlineData(ExchangeVsLookup, "v6.18", 2_241)]
    [InlineData(ExchangeVsLookup, "v5.10", 2_105)]
    [InlineData(ExchangesCrosswise, "v6.18", 1_984)]
    public static void All_states_are_as_expected(string text, string release, long states)
    {
        var result = NameRacesTests.Run(text, release, plan => plan with { Strategy = StrategyNames.States, PreemptionsMax = null });
        Assert.Empty(result.Tally.Violations);
        Assert.True(result.Covered.Exhaustive);
        Assert.Equal(states, result.Tally.States!.States);
    }

    [Theory]
    [InlineData("v6.18", 4_244)]
    [InlineData("v5.10", 3_889)]
    public static void Two_look_ups_of_one_name_ask_the_file_system_once(string release, long states)
    {
        var seen = new Seen();
        Assert.Equal(states, Explore("f", "f", release, seen));
        Assert.True(seen.Waited);
        Assert.Equal(1, seen.InLookup);
    }

    [Theory]
    [InlineData("v6.18", 2_891)]
    public static void Look_ups_of_two_names_run_side_by_side(string release, long states)
    {
        var seen = new Seen();
        Assert.Equal(states, Explore("f", "g", release, seen));
        Assert.False(seen.Waited);
        Assert.Equal(2, seen.InLookup);
    }

    [Fact]
    public static void A_directory_that_is_cached_elsewhere_moves_unless_a_lock_is_taken()
    {
        var isDone = false;
        var scenario = new KernelScenario("splice", "", kernel =>
        {
            var (disk, cache) = (kernel.Disk, kernel.Dentries);
            disk.AddDirectory(Disk.RootNumber, "p", -1);
            var (p, d, e) = (disk.FileName("p"), disk.FileName("d"), disk.FileName("e"));
            disk.AddDirectory(Disk.RootNumber, "d", -1);
            var number = disk.NumberOf([d]);
            disk.Inodes[Disk.RootNumber]!.Enter(e, number);
            disk.Inodes[disk.NumberOf([p])]!.Enter(d, number);
            var paths = new PathLookup(kernel.SuperBlock, kernel.Inodes, cache, kernel.Configuration.Release, kernel.Configuration.FixesIn);
            async KTask Splice()
            {
                var first = (await paths.Walk([d])).Dentry!;
                Assert.Equal((Errno.OK, first), await paths.Walk([e]));
                Assert.Equal((e, 2, 1), (first.FileName.Peek, first.Ref.Peek, first.Inode.Peek!.Count.Peek));
                await kernel.SuperBlock.RenameMutex.Acquire();
                Assert.Equal((Errno.ESTALE, null), await paths.Walk([p, d]));
                await kernel.SuperBlock.RenameMutex.Release();
                var parent = first.Parent.Peek!.Inode.Peek!;
                await parent.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
                Assert.Equal((Errno.ESTALE, null), await paths.Walk([p, d]));
                await parent.Rwsem.ReleaseWrite();
                Assert.Equal((Errno.OK, first), await paths.Walk([p, d]));
                Assert.Equal((d, 3, 1), (first.FileName.Peek, first.Ref.Peek, first.Inode.Peek!.Count.Peek));
                Assert.Equal("dentry:p", first.Parent.Peek!.Name);
                for (var i = 0; i < 3; i++)
                    await cache.Dput(first);
                isDone = true;
            }

            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", kernel.Mount), Threads = [new ThreadBody("a", Splice)], Registers = [], Expectations = [],
            };
        });
        var result = Explorer.Run(new SearchPlan(scenario, new KernelConfiguration()), new SearchProgress(null));
        Assert.Equal("", string.Join("; ", result.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")));
        Assert.True(isDone);
    }

    private static long Explore(string first, string second, string release, Seen seen)
    {
        var scenario = new KernelScenario("look-ups", "", kernel =>
        {
            kernel.Disk.AddFile(Disk.RootNumber, "f", "x");
            var paths = new PathLookup(kernel.SuperBlock, kernel.Inodes, kernel.Dentries, kernel.Configuration.Release, kernel.Configuration.FixesIn);
            var (a, b) = (kernel.Disk.FileName(first), kernel.Disk.FileName(second));
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", kernel.Mount),
                Threads = [new ThreadBody("a", () => Find(kernel, paths, a)), new ThreadBody("b", () => Find(kernel, paths, b))],
                Registers = [],
                Expectations = [new Expectation("twins", Frequency.Invariant, "a name is looked up once at a time", () => seen.Look(kernel))],
            };
        });
        var plan = new SearchPlan(scenario, new KernelConfiguration { Release = KernelRelease.Named(release)! })
        {
            Strategy = StrategyNames.States,
            PreemptionsMax = null,
        };
        var result = Explorer.Run(plan, new SearchProgress(null));
        Assert.Empty(result.Tally.Violations);
        Assert.True(result.Covered.Exhaustive);
        return result.Tally.States!.States;
    }

    private static async KTask Find(Kernel kernel, PathLookup paths, int name)
    {
        var (_, dentry) = await paths.Walk([name]);
        if (dentry != null)
            await kernel.Dentries.Dput(dentry);
    }

    /// <summary>What was seen on the way.</summary>
    [NotState("what was seen on the way: no thread looks at it")]
    private sealed class Seen
    {
        public bool Waited { get; private set; }

        public int InLookup { get; private set; }

        public bool Look(Kernel kernel)
        {
            Waited |= kernel.Dentries.LookupQueue.AnySleeper;
            var asked = kernel.Dentries.All.ToArray().Where(d => d.IsAlive && kernel.Dentries.InLookup.PeekContains(d)).ToList();
            InLookup = Math.Max(InLookup, asked.Count);
            return asked.Select(d => d.FileName.Peek).Distinct().Count() == asked.Count;
        }
    }
}
