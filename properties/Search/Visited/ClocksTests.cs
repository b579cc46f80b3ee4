using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>With clocks a search of states finds the races that depth-first finds; without it says that it does not know.</summary>
public static class ClocksTests
{
    public static TheoryData<string> Little => [.. LittleScenarios.All.Select(s => s.Name).Except(["moody", "throws", "endless"])];

    [Theory]
    [MemberData(nameof(Little))]
    public static void States_with_clocks_find_what_depth_first_finds(string name)
    {
        var plan = PlanOf(LittleScenarios.All.Single(s => s.Name == name));
        var states = Explorer.Run(plan with { Clocks = true }, new SearchProgress(null));
        var judge = Explorer.Run(plan with { Strategy = StrategyNames.DepthFirst, RunOn = true }, new SearchProgress(null));

        Assert.Equal(Findings(judge), Findings(states));
        Assert.Equal(judge.Tally.Outcomes.Select(o => o.ToString()).Order(), states.Tally.Outcomes.Select(o => o.ToString()).Order());
        Assert.Equal(judge.Verdict, states.Verdict);
    }

    [Fact]
    public static void Without_clocks_nothing_is_said_of_races()
    {
        var result = Explorer.Run(PlanOf(LittleScenarios.Locked), new SearchProgress(null));
        Assert.Equal(Verdict.Inconclusive, result.Verdict);
        Assert.Equal("races not decided: who is before whom is not part of a state; --clocks makes it one", result.Reason);
    }

    [Fact]
    public static void Clocks_make_more_states()
    {
        var plan = PlanOf(LittleScenarios.Locked);
        var (without, with) = (Explorer.Run(plan, new SearchProgress(null)), Explorer.Run(plan with { Clocks = true }, new SearchProgress(null)));
        Assert.InRange(without.Tally.States!.States, 2, with.Tally.States!.States - 1);
    }

    private static IEnumerable<string> Findings(SearchResult result)
        => result.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}, {v.PreemptionsFewest} preemptions").Order(StringComparer.Ordinal);

    private static SearchPlan PlanOf(Scenario scenario)
        => new(scenario, new KernelConfiguration()) { Strategy = StrategyNames.States, PreemptionsMax = null, StepsMax = int.MaxValue };
}
