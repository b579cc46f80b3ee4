using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>Searches, without a command line around them.</summary>
public static class ExplorerTests
{
    [Fact]
    public static void To_count_an_execution_like_one_before_it_allocates_nothing()
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        var simulation = new Simulation(LittleScenarios.Locked, new KernelConfiguration(), host);
        var tally = new Tally(simulation.Instance.Expectations.Length);
        var allocated = new long[100];
        for (var i = 0; i < allocated.Length; i++)
        {
            var end = simulation.Execute();
            var before = GC.GetAllocatedBytesForCurrentThread();
            tally.Count(simulation, end, host.Schedule, host.Preemptions, host.Steps);
            allocated[i] = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.All(allocated.Skip(1), bytes => Assert.Equal(0, bytes));
    }

    [Fact]
    public static void Linux_5_4_loses_a_write_with_one_preemption_and_5_6_does_not()
    {
        var scenario = ScenarioLibrary.Named("remove-vs-write")!;
        SearchResult On(string release, int preemptions) => Run(
            new SearchPlan(scenario, new KernelConfiguration { Release = KernelRelease.Named(release)! }) { PreemptionsMax = preemptions });

        Assert.Equal(Verdict.Violated, On("v5.4", 3).Verdict);
        Assert.Equal(new Coverage(true, 1), On("v5.4", 3).Covered);
        Assert.Equal(Verdict.Holds, On("v5.6", 2).Verdict);
    }

    [Fact]
    public static void A_search_that_runs_on_counts_the_whole_bound()
    {
        var plan = new SearchPlan(LittleScenarios.Lost, new KernelConfiguration()) { PreemptionsMax = 2 };
        Assert.Equal(4, Run(plan).Tally.Executions);
        var whole = Run(plan with { RunOn = true }).Tally;
        Assert.Equal(6, whole.Executions);
        Assert.Equal(1, whole.Violations[0].PreemptionsFewest);
        Assert.Equal(4, whole.Violations[0].Count);
    }

    [Fact]
    public static void The_smallest_schedule_is_kept()
    {
        var plan = new SearchPlan(LittleScenarios.Lost, new KernelConfiguration()) { PreemptionsMax = null };
        Assert.Equal([0, 1, 0, 1], Run(plan).Tally.Violations[0].Schedule.ToArray());
    }

    [Fact]
    public static void What_a_spent_budget_found_counts_and_what_it_did_not_finish_does_not()
    {
        var result = Run(new SearchPlan(LittleScenarios.Lost, new KernelConfiguration()) { ExecutionsMax = 5 });
        Assert.Equal((2, true), (result.Tally.Executions, result.BudgetSpent));
        Assert.Equal(new Coverage(true, 0), result.Covered);
        Assert.Equal(Verdict.Violated, result.Verdict);
    }

    [Fact]
    public static void Two_halves_of_a_sample_are_the_whole()
    {
        var plan = new SearchPlan(LittleScenarios.Lost, new KernelConfiguration()) { Strategy = StrategyNames.Random, ExecutionsMax = 999 };
        var (one, two) = (Run(plan).Tally, Run(plan with { Workers = 2 }).Tally);
        Assert.Equal((one.Complete, one.Steps, one.Violating), (two.Complete, two.Steps, two.Violating));
        Assert.Equal(one.Outcomes.Select(o => (o.Count, o.ToString())), two.Outcomes.Select(o => (o.Count, o.ToString())));
        Assert.Equal(one.Violations[0].Schedule.ToArray(), two.Violations[0].Schedule.ToArray());
    }

    private static SearchResult Run(SearchPlan plan) => Explorer.Run(plan, new SearchProgress(null));
}
