using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios;

/// <summary>What the three scenarios say of the designs, with exact counts: every schedule with at most two preemptions.</summary>
public static class DesignsTests
{
    [Theory]
    [InlineData("drop-inode", "v5.4", 1)]
    [InlineData("drop-inode", "v5.6", -1)]
    [InlineData("drop-inode", "v6.18", -1)]
    [InlineData("walk-and-invalidate", "v6.18", 1)]
    [InlineData("walk-and-invalidate-skip-dirty", "v6.18", -1)]
    [InlineData("walk-and-invalidate-skip-busy", "v6.18", -1)]
    public static void A_write_is_lost_where_dirty_inodes_are_evicted(string design, string release, int preemptions)
    {
        var configuration = new KernelConfiguration { Design = Design.Named(design)!, Release = KernelRelease.Named(release)! };
        for (var bound = 0; bound <= 2; bound++)
        {
            var rules = Explore("remove-vs-write", configuration, bound).Rules;
            Assert.Equal(preemptions >= 0 && bound >= preemptions ? ["lost-write"] : [], rules);
        }
    }

    [Fact]
    public static void Taking_the_fix_out_of_a_newer_release_brings_the_loss_back()
    {
        var configuration = new KernelConfiguration { Without = [Fixes.KeepDirtyInodes] };
        Assert.Equal(["lost-write"], Explore("remove-vs-write", configuration, 1).Rules);
    }

    [Theory]
    [InlineData("remove-vs-write", "drop-inode", "removal=OK data=world", "removal=OK[FILES_BUSY] data=world")]
    [InlineData("remove-vs-open", "drop-inode", "read=ENOENT removal=OK data=hello", "read=ENOKEY removal=OK[FILES_BUSY] data=hello",
        "read=hello removal=OK data=hello", "read=hello removal=OK[FILES_BUSY] data=hello")]
    [InlineData("remove-vs-open", "walk-and-invalidate", "read=ENOENT removal=OK data=hello", "read=ENOKEY removal=OK[FILES_BUSY] data=hello",
        "read=hello removal=OK data=hello", "read=hello removal=OK[FILES_BUSY] data=hello")]
    [InlineData("remove-vs-unlock", "drop-inode", "unlock=OK read=hello removal=OK answer=PRESENT[users=1,self]",
        "unlock=OK read=hello removal=OK[FILES_BUSY] answer=PRESENT[users=1,self]",
        "unlock=OK read=hello removal=OK[OTHER_USERS] answer=PRESENT[users=1,self]")]
    public static void All_outcomes_are_known_and_reached(string scenario, string design, params string[] outcomes)
        => Assert.Equal(outcomes, Explore(scenario, new KernelConfiguration { Design = Design.Named(design)! }, 2).Outcomes);

    [Theory]
    [InlineData("remove-vs-write", 2, 110, 4_601)]
    [InlineData("remove-vs-open", 2, 135, 7_829)]
    [InlineData("remove-vs-unlock", 2, 143, 7_449)]
    public static void The_number_of_schedules_is_pinned(string scenario, int atZero, int atOne, int atTwo)
    {
        int[] counts = [.. Enumerable.Range(0, 3).Select(bound => Explore(scenario, new KernelConfiguration(), bound).Executions)];
        Assert.Equal([atZero, atOne, atTwo], counts);
    }

    private static (int Executions, List<string> Rules, List<string> Outcomes) Explore(string name, KernelConfiguration configuration, int bound)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(bound));
        var simulation = new Simulation(ScenarioLibrary.Named(name)!, configuration, host);
        var rules = new SortedSet<string>(StringComparer.Ordinal);
        var outcomes = new SortedSet<string>(StringComparer.Ordinal);
        var executions = 0;
        do
        {
            executions++;
            if (simulation.Execute() == ExecutionEnd.Complete)
                outcomes.Add(string.Join(" ", simulation.Instance.Registers.Select(r => $"{r.Name}={r.Text}")));
            else
                rules.Add(simulation.Violation!.Rule);
        }
        while (host.Strategy.Next());
        return (executions, [.. rules], [.. outcomes]);
    }
}
