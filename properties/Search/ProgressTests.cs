using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>How much of a depth-first search is done, estimated from the decisions that it stands at.</summary>
public static class ProgressTests
{
    [Property(MaxTest = 300)]
    public static void It_never_goes_back_and_ends_at_one(NonNegativeInt seed)
    {
        var seen = Walk(path => path.Count < 6 ? 1 + new Random((seed.Get * 31) + Hash(path)).Next(4) : 0);
        Assert.Equal(0, seen[0]);
        for (var i = 1; i < seen.Count; i++)
            Assert.True(seen[i] > seen[i - 1] && seen[i] < 1, $"{i}: {seen[i - 1]} {seen[i]}");
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 8)]
    [InlineData(4, 4)]
    public static void It_is_exact_where_all_branches_are_alike(int branches, int depth)
    {
        var seen = Walk(path => path.Count < depth ? branches : 0);
        Assert.Equal(Enumerable.Range(0, (int)Math.Pow(branches, depth)).Select(i => i / Math.Pow(branches, depth)), seen);
    }

    [Fact]
    public static void Parts_weigh_as_much_as_the_whole()
    {
        var plan = new SearchPlan(ScenarioLibrary.Named("textbook/lastzero3")!, new KernelConfiguration()) { PreemptionsMax = null };
        foreach (var workers in new[] { 1, 3 })
        {
            using var division = new Division(plan, workers, new SearchProgress(null), new Sim.Search.Checkpoints.Interruption());
            var parts = division.Beginnings(-1)!;
            division.Prepare(parts);
            Assert.InRange(division.Fraction, 0, 1e-9);
            Assert.Empty(division.Run(-1, parts, division.NewTally(), long.MaxValue, long.MaxValue));
            Assert.InRange(division.Fraction, 1 - 1e-9, 1);
        }
    }

    [Fact]
    public static void What_is_left_takes_as_long_as_what_was_done()
    {
        Assert.Equal(TimeSpan.FromSeconds(30), SearchProgress.Remaining(TimeSpan.FromSeconds(10), 0, 0.25));
        Assert.Equal(TimeSpan.FromSeconds(10), SearchProgress.Remaining(TimeSpan.FromSeconds(10), 0.5, 0.75));
        Assert.Equal(TimeSpan.Zero, SearchProgress.Remaining(TimeSpan.FromSeconds(10), 0, 1));
        Assert.Null(SearchProgress.Remaining(TimeSpan.FromSeconds(10), 0.25, 0.25));
        Assert.Equal(["30 s", "5 min", "2 h", "1,157 days"], new[] { 30, 300, 7_200, 100_000_000 }.Select(s => SearchProgress.TextOf(TimeSpan.FromSeconds(s))));
    }

    [Fact]
    public static void A_line_has_what_is_known()
    {
        var progress = new SearchProgress(null) { Stage = "at most 2 preemptions" };
        Assert.Equal("4 s: 1,000 executions (250/s), at most 2 preemptions", progress.LineOf(1000, TimeSpan.FromSeconds(4)));
        progress.Begin(() => 0.25);
        progress.AddViolating(3);
        Assert.Equal(
            "4 s: 1,000 executions (250/s), 3 with a finding, at most 2 preemptions, 25.0 % done", progress.LineOf(1000, TimeSpan.FromSeconds(4)));
        progress.Detail = () => "7 states";
        Assert.EndsWith(", at most 2 preemptions, 7 states, 25.0 % done", progress.LineOf(1000, TimeSpan.FromSeconds(4)), StringComparison.Ordinal);
        Assert.Equal("4 s: 0 executions (0/s), 1 of 3 done", Several().LineOf(0, TimeSpan.FromSeconds(4)));

        static SearchProgress Several()
        {
            var progress = new SearchProgress(null, 3);
            progress.Done();
            return progress;
        }
    }

    // What the search says before each path of a tree, which is given by the branches after a path.
    private static List<double> Walk(Func<List<int>, int> branches)
    {
        var search = new DepthFirst(-1);
        var host = new NativeHost<RandomWalk>(default);
        var seen = new List<double>();
        do
        {
            seen.Add(search.Fraction);
            search.Begin();
            var path = new List<int>();
            for (var several = branches(path); several > 0; several = branches(path))
                path.Add(several == 1 ? 0 : path.Count % 2 == 0 ? search.ChooseData(several) : search.Choose(host, (1UL << several) - 1, -1));
        }
        while (search.Next());

        return seen;
    }

    private static int Hash(List<int> path)
        => path.Aggregate(path.Count, (hash, branch) => unchecked((hash * 7) + branch + 1));
}
