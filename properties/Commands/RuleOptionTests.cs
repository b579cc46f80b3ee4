using System.Text.Json;
using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary><c>--rule</c>: what is asked for is checked, and nothing else is.</summary>
public sealed class RuleOptionTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Fact]
    public void Only_what_is_asked_for_is_reported()
    {
        var both = tester.Explore("lost-twice", "--json");
        Assert.Equal(["wrong", "wrong-again"], RulesOf(both.Output));
        Assert.Equal(["wrong-again"], RulesOf(tester.Explore("lost-twice", "--json", "--rule", "wrong-again").Output));
        Assert.Equal(["wrong", "wrong-again"], RulesOf(tester.Explore("lost-twice", "--json", "--rule", "wrong", "--rule", "wrong-again").Output));

        var other = tester.Explore("lost-twice", "--rule", "data-race");
        Assert.Equal(ExitCode.Good, other.Code);
        Assert.Contains("seed 1, rule data-race alone\n", other.Output, StringComparison.Ordinal);
        Assert.Contains("holds: all schedules, rule data-race alone\n", other.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", other.Output, StringComparison.Ordinal);
        Assert.Contains("reached", other.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("depth-first")]
    [InlineData("dpor")]
    [InlineData("sleep-sets")]
    [InlineData("states")]
    [InlineData("states --clocks")]
    public void What_is_watched_but_not_asked_for_goes_on(string strategy)
    {
        string[] words = ["race", "--strategy", .. strategy.Split(' '), "--rule", "deadlock", "--json"];
        var run = tester.Explore(words);
        Assert.Equal((ExitCode.Good, 0), (run.Code, RulesOf(run.Output).Length));
        Assert.Contains("\"rules\":[\"deadlock\"]", run.Output, StringComparison.Ordinal);
        Assert.Equal(["data-race"], RulesOf(tester.Explore("race", "--json", "--rule", "data-race", "--rule", "deadlock").Output));
    }

    [Theory]
    [InlineData("depth-first")]
    [InlineData("dpor")]
    [InlineData("sleep-sets")]
    [InlineData("states")]
    public void After_what_leaves_nothing_known_an_execution_is_given_up(string strategy)
    {
        var run = tester.Explore("freed", "--strategy", strategy, "--rule", "deadlock");
        Assert.Equal(ExitCode.Undecided, run.Code);
        Assert.Contains("rule use-after-free, which was not asked for, is broken, and nothing is known of what follows", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("BUG:", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("depth-first")]
    [InlineData("dpor")]
    [InlineData("states")]
    public void Programs_too_stop_there(string strategy)
    {
        var file = Path.Combine(tester.Directory, "a.scenario");
        File.WriteAllText(file, """
            scenario a
            lock l
            shared x
            thread a
              release l
            thread b
              x = 1
            never x == 1
            """);
        Assert.Equal(ExitCode.Violated, tester.Explore(file, "--strategy", strategy, "--rule", "lock-misuse").Code);
        var run = tester.Explore(file, "--strategy", strategy, "--rule", "deadlock");
        Assert.Equal(ExitCode.Undecided, run.Code);
        Assert.Contains("rule lock-misuse, which was not asked for, is broken", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lost --rule data-rase", "--rule: no rule 'data-rase'; the nearest is data-race")]
    [InlineData("lost --rule reached", "--rule: no rule 'reached'; ")]
    [InlineData("lost --rule livelock", "--rule livelock: strategy depth-first cannot decide it; --strategy states does")]
    [InlineData("lost --rule livelock --executions 10", "--rule livelock: strategy portfolio cannot decide it; --strategy states does")]
    [InlineData("lost --rule data-race --strategy states", "--rule data-race: strategy states cannot decide it, because ")]
    public void What_cannot_be_checked_is_refused(string arguments, string message)
    {
        var run = tester.Explore(arguments.Split(' '));
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Output));
        Assert.StartsWith($"fscrypt-sim: {message}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trace_and_a_checkpoint_know_what_was_asked_for()
    {
        var run = tester.Explore("lost-twice", "--json", "--rule", "wrong-again");
        using var report = JsonDocument.Parse(run.Output);
        var trace = report.RootElement.GetProperty("violations")[0].GetProperty("trace").GetString()!;
        Assert.Contains("\"rules\":", File.ReadAllText(trace), StringComparison.Ordinal);
        var replay = tester.Execute("replay", trace);
        Assert.Equal(ExitCode.Violated, replay.Code);
        Assert.Contains("wrong-again", replay.Output, StringComparison.Ordinal);

        var path = Path.Combine(tester.Directory, "checkpoint");
        InterruptibleSearch.StopsAfter.Value = 1;
        tester.Explore("lost-twice", "--rule", "wrong-again", "--workers", "1", "--checkpoint", path);
        InterruptibleSearch.StopsAfter.Value = null;
        var rest = tester.Explore("--resume", path, "--json", "--workers", "1");
        Assert.Equal(run.Output, rest.Output);
        Assert.Equal(ExitCode.Usage, tester.Explore("--resume", path, "--rule", "wrong").Code);
    }

    [Fact]
    public void Compare_shows_only_those()
    {
        var run = tester.Execute("compare", "lost-twice", "--rule", "wrong", "--workers", "1", "--json");
        Assert.Equal(ExitCode.Good, run.Code);
        using var report = JsonDocument.Parse(run.Output);
        var rules = report.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("rule").GetString()).Distinct();
        Assert.Equal(["wrong", "reached"], rules);
        var table = tester.Execute("compare", "lost-twice", "of-design", "--rule", "wrong", "--workers", "1");
        Assert.DoesNotContain("other rules", table.Output, StringComparison.Ordinal);
        Assert.StartsWith("compare 2 scenarios on 6 kernels: ", table.Output, StringComparison.Ordinal);
    }

    private static string[] RulesOf(string json)
    {
        using var report = JsonDocument.Parse(json);
        return [.. report.RootElement.GetProperty("violations").EnumerateArray().Select(v => v.GetProperty("rule").GetString()!).Distinct().Order(StringComparer.Ordinal)];
    }
}
