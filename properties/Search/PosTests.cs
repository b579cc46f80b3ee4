using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

public sealed class PosTests : SamplingContract<Pos>
{
    private const int Executions = 20_000;

    // Thread b's only event must come after the nine of a, which do not race with it but for the last.
    private const string After = """
        scenario after
        shared x = 0, own = 0
        thread a
          repeat 8
            own = 1
          end
          x = 1
        thread b
          x = 2
        never x == 2
        """;

    protected override string Name => StrategyNames.Pos;

    protected override Pos Make(SearchPlan plan, ulong first = 0) => new(plan.Seed, first);

    // The smallest of ten priorities is b's: one in ten. A random walk must decide nine times for a: one in 512.
    [Fact]
    public void An_order_is_as_likely_as_its_priorities_and_not_as_its_length()
    {
        var scenario = Sampled.Program(After);
        Sampled.AssertRate(1 / 10.0, Sampled.Violating(scenario, new Pos(1), Executions), Executions);
        Sampled.AssertRate(1 / 512.0, Sampled.Violating(scenario, new RandomWalk(1), Executions), Executions);
    }

    // Single events of n threads on n cells: no order is more likely than another, and nothing draws again.
    [Fact]
    public void Independent_events_come_in_every_order_alike()
    {
        var scenario = Sampled.Program("""
            scenario independent
            shared own[4] = 0
            thread t * 4
              own[id] = 1
            always own[0] == 1
            """);
        var counts = Sampled.Schedules(scenario, new Pos(1), Executions).CountBy(s => s).Select(c => c.Value);
        Assert.InRange(Sampled.ChiSquare(counts, 24), 0, 49.7);      // 23 degrees of freedom, one in a thousand
    }

    // Two threads, each a write before the racing one: what lost the first race draws again for the second.
    [Fact]
    public void Who_loses_a_race_draws_again()
    {
        var scenario = Sampled.Program("""
            scenario race
            shared x = 0
            thread a
              x = 1
              x = 2
            thread b
              x = 3
            always x > 0
            """);
        // a first: b has drawn again, and is second with one half. Without that it would be last with one third.
        var counts = Sampled.Schedules(scenario, new Pos(1), Executions).CountBy(s => s).ToDictionary();
        Sampled.AssertRate(1 / 2.0, counts["1 0 0"], Executions);
        Sampled.AssertRate(1 / 4.0, counts["0 1 0"], Executions);
        Sampled.AssertRate(1 / 4.0, counts["0 0 1"], Executions);
    }
}
