using System.Text.Json;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary><c>explore --strategy states</c>.</summary>
public sealed class ExploreStatesTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Fact]
    public void States_are_counted_in_text_and_in_json()
    {
        var file = Write(Textbook.Inc(3) + "\nsometimes x == 1");
        var run = tester.Explore(file, "--strategy", "states");
        Assert.Equal(ExitCode.Good, run.Code);
        Assert.Contains("states      84, transitions 111, deadlocked states 0, final states 16\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("no fingerprints, so 0 collisions\n", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("executions", run.Output, StringComparison.Ordinal);

        using var report = JsonDocument.Parse(tester.Explore(file, "--strategy", "states", "--json").Output);
        var root = report.RootElement;
        Assert.Equal((84, 111, 0), (Number(root, "states"), Number(root, "transitions"), Number(root, "deadlocks")));
        Assert.Equal(("holds", "all-schedules", "states"), (Text(root, "verdict"), Text(root, "covered"), Text(root, "strategy")));
        Assert.All(root.GetProperty("executions").EnumerateObject(), e => Assert.Equal(0, e.Value.GetInt64()));
        using var other = JsonDocument.Parse(tester.Explore(file, "--json").Output);
        Assert.Equal(JsonValueKind.Null, other.RootElement.GetProperty("states").ValueKind);
    }

    [Fact]
    public void A_finding_has_a_trace_that_replays()
    {
        var file = Write(EndlessPrograms.Philosophers(3));
        using var report = JsonDocument.Parse(tester.Explore(file, "--strategy", "states", "--json").Output);
        Assert.Equal((26, 51, 1), (Number(report.RootElement, "states"), Number(report.RootElement, "transitions"), Number(report.RootElement, "deadlocks")));
        var violation = report.RootElement.GetProperty("violations")[0];
        Assert.Equal((1, "deadlock"), (Number(violation, "preemptions"), Text(violation, "rule")));
        Assert.Equal(ExitCode.Violated, tester.Execute("replay", Text(violation, "trace")).Code);
        Assert.StartsWith("violated: deadlock; fewest preemptions 1\n", Body(tester.Explore(file, "--strategy", "states").Output), StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_states_is_refused_with_a_remedy()
    {
        var file = Write(Textbook.Inc(2));
        Assert.Contains("has no executions to count", tester.Explore(file, "--strategy", "states", "--executions", "5").Error, StringComparison.Ordinal);
        Assert.Contains("--steps-max cuts executions", tester.Explore(file, "--strategy", "states", "--steps-max", "5").Error, StringComparison.Ordinal);
        Assert.Contains("depth-first takes it", tester.Explore("locked", "--strategy", "states", "--points", "all").Error, StringComparison.Ordinal);
    }

    // What comes behind a race was looked at in the one history that was kept: that is not every schedule.
    [Theory]
    [InlineData("race", false)]
    [InlineData("freed", false)]
    [InlineData("race", true)]
    public void Behind_a_race_not_all_schedules_are_covered(string scenario, bool clocks)
    {
        string[] more = clocks ? ["--clocks"] : [];
        var run = tester.Explore([scenario, "--strategy", "states", .. more]);
        Assert.Equal(ExitCode.Violated, run.Code);
        Assert.Equal(clocks, run.Output.Contains("covered     all schedules", StringComparison.Ordinal));
        Assert.NotEqual(clocks, run.Output.Contains("--clocks keeps those apart", StringComparison.Ordinal));
    }

    [Fact]
    public void A_livelock_is_shrunk_replayed_and_explained()
    {
        var file = Write("""
            lock l[2]
            thread dancer * 2
              while r == 0
                acquire l[id]
                r = try_acquire l[1 - id]
                if r == 1
                  release l[1 - id]
                end
                release l[id]
              end
            """);
        Assert.Equal(ExitCode.Violated, tester.Explore(file, "--strategy", "states").Code);
        var trace = Path.Combine(tester.Directory, "program-livelock.trace.json");
        foreach (var verb in new[] { "replay", "explain" })
            Assert.Equal(ExitCode.Violated, tester.Execute(verb, trace).Code);
        var shrunk = tester.Execute("shrink", trace, "--out", tester.Directory);
        Assert.Equal((ExitCode.Violated, true), (shrunk.Code, shrunk.Output.Contains("lines        11 -> 8", StringComparison.Ordinal)));
        Assert.Equal(ExitCode.Violated, tester.Execute("replay", Path.Combine(tester.Directory, "program-shrunk-livelock.trace.json")).Code);
    }

    [Theory]
    [InlineData("dpor")]
    [InlineData("states")]
    public void A_search_of_a_kernel_can_be_interrupted(string strategy)
    {
        InterruptibleSearch.StopsAfter.Value = 1;
        var run = tester.Explore("locked", "--strategy", strategy);
        InterruptibleSearch.StopsAfter.Value = null;
        Assert.Equal(ExitCode.Undecided, run.Code);
        Assert.Contains("interrupted before the search was at its end", run.Output, StringComparison.Ordinal);
        Assert.Contains("fscrypt-sim: interrupted; ", run.Error, StringComparison.Ordinal);
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string Body(string output) => output[(output.IndexOf("\n\n", StringComparison.Ordinal) + 2)..];

    private string Write(string text)
    {
        var path = Path.Combine(tester.Directory, "program.scenario");
        File.WriteAllText(path, "scenario program \"a program\"\n" + text + "\n");
        return path;
    }
}
