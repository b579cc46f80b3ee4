using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

public sealed class PortfolioTests : SamplingContract<Portfolio>
{
    protected override string Name => StrategyNames.Portfolio;

    protected override Portfolio Make(SearchPlan plan, ulong first = 0) => new(Profile.Of(plan), plan.Depth, plan.Seed, first);

    [Fact]
    public void Each_execution_is_one_of_a_strategy_alone()
    {
        foreach (var scenario in new[] { ScenarioLibrary.Named("remove-vs-open")!, SmallScenarios.SpawnsAndChooses })
        {
            var plan = Sampled.Plan(scenario, 9) with { Depth = 4 };
            var profile = Profile.Of(plan);
            var mixed = Sampled.Schedules(scenario, Make(plan), 64);
            List<string>[] alone =
            [
                Sampled.Schedules(scenario, new RandomWalk(plan.Seed), 64),
                .. Enumerable.Range(1, 4).Select(depth => Sampled.Schedules(scenario, new Pct(profile, depth, plan.Seed), 64)),
                Sampled.Schedules(scenario, new Pos(plan.Seed), 64),
                Sampled.Schedules(scenario, new Surw(profile, plan.Seed), 64),
            ];
            for (var i = 0; i < mixed.Count; i++)
            {
                var member = (i % 4) switch { 0 => 0, 1 => 1 + (i / 4 % 4), 2 => 5, _ => 6 };
                Assert.Equal(alone[member][i], mixed[i]);
            }
        }
    }
}
