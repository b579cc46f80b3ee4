using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>Two searches go the same ways; one of a scenario that does not is stopped, and says where.</summary>
public static class DeterminismTests
{
    [Theory]
    [InlineData("remove-vs-write")]
    [InlineData("races/two-keys")]
    public static void Two_searches_go_the_same_ways(string name)
    {
        var plan = Searches.Plan(ScenarioLibrary.Named(name)!, 1);
        Assert.Equal(Ways(plan), Ways(plan));
    }

    [Fact]
    public static void Two_searches_of_random_threads_go_the_same_ways()
    {
        for (var seed = 0; seed < 20; seed++)
            Assert.Equal(Ways(Searches.Plan(SmallScenarios.Random(seed), 0)), Ways(Searches.Plan(SmallScenarios.Random(seed), 0)));
    }

    [Fact]
    public static void A_scenario_that_is_not_deterministic_is_stopped()
    {
        var exception = Assert.Throws<InternalErrorException>(() => Searches.Executed(Searches.Plan(LittleScenarios.Moody, null)));
        Assert.Matches("^run 1: after [01] entries of the schedule [01,]+ the state was not the one of the time before: the scenario is not deterministic$", exception.Message);
    }

    // Everything that depends on the order of the search, in one text.
    private static string Ways(SearchPlan plan)
    {
        var (merged, sum) = (0, 17UL);
        var result = Searches.Executed(plan, (first, second) =>
        {
            merged++;
            foreach (var thread in first.Concat(second))
                sum = (sum * 1099511628211UL) ^ (ulong)(thread + 1);
        });
        return $"{result.Tally.States} {merged} {sum}\n{string.Join('\n', Searches.Counted(result.Tally).Concat(Searches.Rules(result.Tally)))}";
    }
}
