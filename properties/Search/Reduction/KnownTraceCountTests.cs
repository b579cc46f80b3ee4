using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction;

/// <summary>Textbook programs whose number of traces is known: exactly those are looked at, and nothing else is begun.</summary>
public static class KnownTraceCountTests
{
    public static TheoryData<string, int, int> Programs => new()
    {
        { Writers(1), 1, 0 }, { Writers(2), 2, 0 }, { Writers(3), 6, 0 }, { Writers(4), 24, 0 }, { Writers(5), 120, 0 },
        { Textbook.Readers(2), 4, 0 }, { Textbook.Readers(3), 8, 0 }, { Textbook.Readers(4), 16, 0 }, { Textbook.Readers(5), 32, 0 },
        { Textbook.Readers(6), 64, 0 }, { Textbook.Readers(7), 128, 0 }, { Textbook.Readers(8), 256, 0 },
        { Textbook.LastZero(1), 2, 0 }, { Textbook.LastZero(2), 5, 0 }, { Textbook.LastZero(3), 12, 0 },
        { Textbook.LastZero(4), 28, 0 }, { Textbook.LastZero(5), 64, 0 },
        { Textbook.Inc(2), 4, 0 }, { Textbook.Inc(3), 36, 0 },
        { Locked(2), 2, 0 }, { Locked(3), 6, 0 }, { Locked(4), 24, 0 }, { Locked(5), 120, 0 },
        { Swaps(1), 1, 0 }, { Swaps(2), 2, 0 }, { Swaps(3), 3, 0 }, { Swaps(6), 6, 0 },
        { Textbook.Fibonacci(1), 3, 0 }, { Textbook.Fibonacci(2), 19, 0 }, { Textbook.Fibonacci(3), 141, 0 },
        { "shared x, y\nthread a\n  x = 1\n  r = y\nthread b\n  y = 1\n  r = x", 3, 0 },
        { "shared x, y\nthread a\n  r = x\n  y = 1\nthread b\n  r = y\n  x = 1", 3, 0 },
        { "shared x, y\nthread a\n  x = 1\n  y = 1\nthread b\n  r = y\n  s = x", 3, 0 },
        { "shared x\nthread a\n  x = 1\n  x = 2\nthread b\n  r = x\n  s = x", 6, 0 },
        { "shared x, y\nthread a\n  x = 1\nthread b\n  y = 1\nthread c\n  r = x\n  s = y\nthread d\n  r = y\n  s = x", 15, 0 },
        { Textbook.Philosophers(2), 2, 1 }, { Textbook.Philosophers(3), 6, 1 }, { Textbook.Philosophers(4), 14, 1 }, { Textbook.Philosophers(5), 30, 1 },
        { Reversed(2), 2, 0 }, { Reversed(3), 6, 0 }, { Reversed(4), 14, 0 }, { Reversed(5), 30, 0 },
    };

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Optimal_reduction_looks_at_each_trace_and_at_nothing_else(string program, int complete, int deadlocked)
    {
        var tally = Traces.Explore(program, StrategyNames.Dpor).Tally;
        Assert.Equal((complete, deadlocked), (tally.Complete, tally.Deadlocked));
        Assert.Equal((0, 0, 0), (tally.Blocked, tally.AwaitBlocked, tally.Cut));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Sleep_sets_look_at_each_trace_once(string program, int complete, int deadlocked)
    {
        var (tally, optimal) = (Traces.Explore(program, StrategyNames.SleepSets).Tally, Traces.Explore(program, StrategyNames.Dpor).Tally);
        Assert.Equal((complete, deadlocked), (tally.Complete, tally.Deadlocked));
        Assert.Equal((0, 0), (tally.AwaitBlocked, tally.Cut));
        Assert.Equal(optimal.Outcomes.Select(o => (o.Count, o.ToString())), tally.Outcomes.Select(o => (o.Count, o.ToString())));
    }

    private static string Writers(int threads) => $"shared x\nthread t * {threads}\n  x = id + 1";

    private static string Swaps(int threads) => $"shared x\nthread t * {threads}\n  r = cas(x, 0, id + 1)";

    private static string Locked(int threads) => $"shared x\nlock l\nthread t * {threads}\n  acquire l\n  r = x\n  x = r + 1\n  release l";

    private static string Reversed(int count) => $"""
        lock fork[{count}]
        thread philosopher * {count - 1}
          acquire fork[id]
          acquire fork[id + 1]
          release fork[id]
          release fork[id + 1]
        thread last
          acquire fork[0]
          acquire fork[{count - 1}]
          release fork[{count - 1}]
          release fork[0]
        """;
}
