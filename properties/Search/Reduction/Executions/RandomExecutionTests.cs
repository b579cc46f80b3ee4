using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>Random threads: the reductions come to what all schedules come to, with no more executions.</summary>
public static class RandomExecutionTests
{
    private const int ExecutionsMax = 2_000;             // of a scenario; larger ones show nothing more

    [Fact]
    public static void Locks_counters_and_queues() => AssertAgree(SmallScenarios.Random, 700, 80, ["count", "data-race", "deadlock"]);

    [Fact]
    public static void Tables_lists_and_read_sections()
        => AssertAgree(seed => Coroutines.Of(RandomThreads.Of(seed), deadlockIsNone: false), 500, 250, ["data-race", "deadlock", "use-after-free"]);

    private static void AssertAgree(Func<int, Scenario> scenarioOf, int seeds, int comparedMin, string[] rules)
    {
        var compared = 0;
        var (looked, vain) = (0L, 0L);
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < seeds; seed++)
        {
            var scenario = scenarioOf(seed);
            var all = Coroutines.Explore(scenario, StrategyNames.DepthFirst, ExecutionsMax);
            if (all.BudgetSpent)
                continue;
            var sleeping = Coroutines.Explore(scenario, StrategyNames.SleepSets).Tally;
            var optimal = Coroutines.Explore(scenario, StrategyNames.Dpor).Tally;
            var found = Coroutines.Found(all.Tally);
            Assert.True(found == Coroutines.Found(sleeping), $"seed {seed}, sleep sets:\n{found}\n{Coroutines.Found(sleeping)}");
            Assert.True(found == Coroutines.Found(optimal), $"seed {seed}:\n{found}\n{Coroutines.Found(optimal)}");
            var counts = $"seed {seed}: {all.Tally.Executions}, {sleeping.Executions}, {optimal.Executions} executions; "
                + $"{sleeping.Complete}, {optimal.Complete} complete; {optimal.Blocked} blocked";
            Assert.True(sleeping.Executions <= all.Tally.Executions && optimal.Executions <= all.Tally.Executions, counts);
            Assert.True(optimal.Executions <= sleeping.Executions || optimal.Violating > 0, counts);
            Assert.True(optimal.Complete == sleeping.Complete && optimal.Deadlocked == sleeping.Deadlocked, counts);
            compared++;
            (looked, vain) = optimal.Violating > 0 ? (looked, vain) : (looked + optimal.Executions, vain + optimal.Blocked);
            seen.UnionWith(optimal.Violations.Select(v => v.Rule));
        }

        Assert.True(compared > comparedMin, $"{compared} scenarios");
        Assert.True(vain * 50 <= looked, $"{vain} of {looked} executions in vain");     // where nothing is found: few
        Assert.Superset(new HashSet<string>(rules), seen);
    }
}
