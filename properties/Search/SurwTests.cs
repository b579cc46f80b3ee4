using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

public sealed class SurwTests : SamplingContract<Surw>
{
    private const int Executions = 20_000;

    // Orders of four and four events, and the chi-square with 69 degrees of freedom that one uniform sample in a thousand exceeds.
    private const int Orders = 70;
    private const double Limit = 111.1;

    private const string Independent = """
        scenario independent
        shared x = 0, y = 0
        thread a
          repeat 4
            x = 1
          end
        thread b
          repeat 4
            y = 1
          end
        always x == 1
        """;

    private const string OneCell = """
        scenario one-cell
        shared x = 0
        thread a
          repeat 4
            x = 1
          end
        thread b
          repeat 4
            x = 2
          end
        always x > 0
        """;

    // What a does besides is more than what b does, and is no part of the order of the writes of x.
    private const string Selected = """
        scenario selected
        shared x = 0, own = 0
        thread a
          repeat 4
            own = 1
            own = 2
            own = 3
            own = 4
            x = 1
          end
        thread b
          repeat 4
            x = 2
          end
        always x > 0
        """;

    protected override string Name => StrategyNames.Surw;

    protected override Surw Make(SearchPlan plan, ulong first = 0) => new(Profile.Of(plan), plan.Seed, first);

    [Theory]
    [InlineData(Independent, 0)]
    [InlineData(OneCell, 1)]
    public void All_interleavings_are_alike_and_a_random_walk_fails_that_test(string text, int contended)
    {
        var scenario = Sampled.Program(text);
        var plan = Sampled.Plan(scenario);
        Assert.Equal(contended, Profile.Of(plan).Contended);
        Assert.InRange(ChiSquare(Sampled.Schedules(scenario, Make(plan), Executions)), 0, Limit);
        Assert.True(ChiSquare(Sampled.Schedules(scenario, new RandomWalk(1), Executions)) > 10 * Limit);
    }

    [Fact]
    public void The_orders_of_selected_events_are_alike()
    {
        var scenario = Sampled.Program(Selected);
        Assert.InRange(ChiSquare(OrdersOf(Sampled.Schedules(scenario, Make(Sampled.Plan(scenario)), Executions))), 0, Limit);
        Assert.True(ChiSquare(OrdersOf(Sampled.Schedules(scenario, new RandomWalk(1), Executions))) > 10 * Limit);
    }

    private static double ChiSquare(IEnumerable<string> orders) => Sampled.ChiSquare(orders.CountBy(o => o).Select(c => c.Value), Orders);

    // Every fifth step of thread 0 writes x, and every step of thread 1.
    private static IEnumerable<string> OrdersOf(IEnumerable<string> schedules) => schedules.Select(schedule =>
    {
        var steps = 0;
        return string.Concat(schedule.Split(' ').Where(t => t == "1" || ++steps % 5 == 0));
    });
}
