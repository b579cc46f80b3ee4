using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Textbook programs whose number of interleavings is known: without a reduction exactly those are run.</summary>
public static class KnownCountTests
{
    [Theory]
    [InlineData(2, 6)]
    [InlineData(3, 90)]
    public static void Increments_that_are_lost(int threads, int interleavings)
    {
        var all = Programs.Explore(Textbook.Inc(threads));
        Assert.Equal((interleavings, 0, 0), (all.Complete, all.Deadlocked, all.Cut));
        var finals = all.Outcomes.Keys.Select(o => o[^1] - '0').Distinct().Order();
        Assert.Equal(Enumerable.Range(1, threads), finals);
    }

    [Fact]
    public static void The_outcomes_of_two_increments()
        => Assert.Equal(
            ["inc[0].r=0 inc[1].r=0 x=1", "inc[0].r=0 inc[1].r=1 x=2", "inc[0].r=1 inc[1].r=0 x=2"],
            Programs.Explore(Textbook.Inc(2)).Outcomes.Keys);

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 6)]
    [InlineData(3, 24)]
    [InlineData(4, 120)]
    public static void A_writer_and_its_readers(int readers, int interleavings)
        => Assert.Equal(interleavings, Programs.Explore(Textbook.Readers(readers)).Complete);

    [Fact]
    public static void The_last_zero() => Assert.Equal(920, Programs.Explore(Textbook.LastZero(3)).Complete);

    [Fact]
    public static void Fibonacci()
    {
        var all = Programs.Explore(Textbook.Fibonacci(2));
        Assert.Equal(924, all.Complete);
        Assert.Contains(all.Outcomes.Keys, o => o.EndsWith("i=5 j=8", StringComparison.Ordinal));
    }

    [Fact]
    public static void Three_philosophers()
    {
        var all = Programs.Explore(Textbook.Philosophers(3));
        Assert.Equal((390, 6), (all.Complete, all.Deadlocked));
    }
}

/// <summary>Programs that everybody knows.</summary>
internal static class Textbook
{
    public static string Inc(int threads) => $"""
        shared x
        thread inc * {threads}
          r = x
          x = r + 1
        """;

    public static string Readers(int readers) => $"""
        shared x
        thread writer
          x = 1
        thread reader * {readers}
          r = x
        """;

    public static string LastZero(int writers) => $"""
        shared a[{writers + 1}]
        thread reader
          i = {writers}
          r = a[i]
          while r != 0
            i = i - 1
            r = a[i]
          end
        thread writer * {writers}
          r = a[id]
          a[id + 1] = r + 1
        """;

    public static string Fibonacci(int rounds) => $"""
        shared i = 1, j = 1
        thread first
          repeat {rounds}
            r = i
            s = j
            i = r + s
          end
        thread second
          repeat {rounds}
            r = j
            s = i
            j = r + s
          end
        """;

    public static string Philosophers(int count) => $"""
        lock fork[{count}]
        thread philosopher * {count}
          acquire fork[id]
          acquire fork[(id + 1) % {count}]
          release fork[id]
          release fork[(id + 1) % {count}]
        """;
}
