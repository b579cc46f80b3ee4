using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>What has to be so in every state is looked at in every state, by those searches that come to all of them.</summary>
public static class InvariantTests
{
    private const string Broken = "shared inside\nthread t * 2\n  n = fetch_add(inside, 1)\n  n = fetch_add(inside, -1)\ninvariant alone: inside <= 1";

    private const string Kept = "shared inside\nlock l\nthread t * 2\n  acquire l\n  n = fetch_add(inside, 1)\n  n = fetch_add(inside, -1)\n"
        + "  release l\ninvariant alone: inside <= 1";

    [Theory]
    [InlineData(StrategyNames.States)]
    [InlineData(StrategyNames.DepthFirst)]
    public static void A_state_between_two_steps_counts(string strategy)
    {
        var found = Assert.Single(Search(Broken, strategy).Tally.Violations);
        Assert.Equal(("alone", "expected in every state: inside <= 1", 1), (found.Rule, found.Message, found.PreemptionsFewest));
        Assert.Equal(Verdict.Holds, Search(Kept, strategy).Verdict);
    }

    [Fact]
    public static void The_state_at_the_beginning_counts()
    {
        var first = Search("shared x = 1\nthread t\n  x = 0\ninvariant x == 0", StrategyNames.States);
        Assert.Equal("invariant x == 0", Assert.Single(first.Tally.Violations).Rule);
    }

    [Fact]
    public static void Coyote_and_sampling_see_it()
    {
        var plan = PlanOf(Broken, "random") with { ExecutionsMax = 200 };
        Assert.Equal("alone", Assert.Single(Explorer.Run(plan, new SearchProgress(null)).Tally.Violations).Rule);
        Assert.Equal("alone", Assert.Single(Explorer.Run(plan with { Engine = EngineNames.Coyote }, new SearchProgress(null)).Tally.Violations).Rule);
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void Who_leaves_states_out_refuses(string strategy)
    {
        var refusal = Assert.Throws<ScenarioException>(() => Search(Kept, strategy));
        Assert.Equal(
            $"strategy {strategy} does not come to every state, and test has an invariant (alone: inside <= 1): states and depth-first do", refusal.Message);
    }

    [Theory]
    [InlineData(StrategyNames.States)]
    [InlineData(StrategyNames.DepthFirst)]
    public static void A_kernel_is_looked_at_too(string strategy)
    {
        const string Text = """
            setup
              root add_key K1
            thread remover
              root rm_key K1 -> removal
            thread reader
              root status K1 -> seen
            invariant told: removal != "OK" || !key_in_memory(K1)
            invariant never-gone: key_in_memory(K1)
            """;
        var violations = Search(Text, strategy).Tally.Violations;
        Assert.Equal("never-gone", Assert.Single(violations).Rule);
    }

    private static SearchResult Search(string text, string strategy) => Explorer.Run(PlanOf(text, strategy), new SearchProgress(null));

    private static SearchPlan PlanOf(string text, string strategy)
    {
        var file = ScenarioFile.Load(new Diagnostics("test", "scenario test\n" + text));
        Assert.Equal("", file.Diagnostics.Format());
        return new SearchPlan(file.Scenario!, new KernelConfiguration()) { Strategy = strategy, PreemptionsMax = strategy == StrategyNames.DepthFirst ? 2 : null };
    }
}
