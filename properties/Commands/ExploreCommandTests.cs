using System.Text.Json;
using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

public sealed class ExploreCommandTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Theory]
    [InlineData(ExitCode.Good, "locked")]
    [InlineData(ExitCode.Good, "of-design")]
    [InlineData(ExitCode.Violated, "of-design", "--design", "walk-and-invalidate")]
    [InlineData(ExitCode.Violated, "lost")]
    [InlineData(ExitCode.Violated, "lost-twice")]
    [InlineData(ExitCode.Violated, "race")]
    [InlineData(ExitCode.Violated, "freed")]
    [InlineData(ExitCode.Violated, "stuck")]
    [InlineData(ExitCode.InternalError, "throws")]
    [InlineData(ExitCode.InternalError, "moody")]
    [InlineData(ExitCode.Undecided, "unreached")]
    [InlineData(ExitCode.Undecided, "endless", "--steps-max", "50")]
    [InlineData(ExitCode.Undecided, "locked", "--executions", "20")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "random", "--executions", "20")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "pct")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "pct", "--depth", "1", "--executions", "20")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "pos", "--executions", "20")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "surw", "--executions", "20")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "portfolio", "--executions", "20", "--depth", "5")]
    [InlineData(ExitCode.Undecided, "endless", "--strategy", "pct", "--executions", "20", "--steps-max", "50")]
    [InlineData(ExitCode.Undecided, "locked", "--strategy", "surw", "--for", "50ms", "--points", "all")]
    [InlineData(ExitCode.Violated, "lost", "--strategy", "pct", "--executions", "100")]
    [InlineData(ExitCode.Violated, "lost", "--strategy", "pos", "--executions", "100")]
    [InlineData(ExitCode.Violated, "lost", "--strategy", "surw", "--executions", "100")]
    [InlineData(ExitCode.Violated, "lost", "--executions", "100")]
    [InlineData(ExitCode.InternalError, "throws", "--strategy", "portfolio")]
    [InlineData(ExitCode.Undecided, "locked", "--preemptions", "3", "--executions", "1")]
    [InlineData(ExitCode.Undecided, "locked", "--engine", "coyote", "--executions", "20")]
    [InlineData(ExitCode.Violated, "lost", "--engine", "coyote", "--executions", "2000")]
    [InlineData(ExitCode.Good, "locked", "--points", "all")]
    [InlineData(ExitCode.Good, "locked", "--strategy", "depth-first")]
    [InlineData(ExitCode.Violated, "lost", "--for", "1h", "--preemptions", "1")]
    public void The_exit_code_tells_the_verdict(int code, params string[] arguments)
    {
        var run = tester.Explore(arguments);
        Assert.True(run.Code == code, run.Output + run.Error);
    }

    [Fact]
    public void A_finding_needs_as_few_preemptions_as_there_are()
    {
        Assert.Equal(ExitCode.Good, tester.Explore("lost", "--preemptions", "0").Code);
        var violation = Report("lost").GetProperty("violations")[0];
        Assert.Equal(1, violation.GetProperty("preemptions").GetInt32());
        Assert.Equal("wrong", violation.GetProperty("rule").GetString());
    }

    // Two threads of two operations each: of the 4! / (2! 2!) = 6 interleavings 2 need no preemption, 4 at most one.
    [Fact]
    public void Executions_are_counted_once_each()
    {
        var executions = Report("lost", "--strategy", "depth-first").GetProperty("executions");
        Assert.Equal(6, executions.GetProperty("complete").GetInt64());
        Assert.Equal(0, executions.GetProperty("deadlocked").GetInt64());
        Assert.Equal(2, Report("lost", "--preemptions", "0").GetProperty("executions").GetProperty("complete").GetInt64());
    }

    [Fact]
    public void What_no_bound_cut_off_is_all_schedules()
    {
        Assert.Equal("preemptions<=0", Report("lost", "--preemptions", "0").GetProperty("covered").GetString());
        Assert.Equal("all-schedules", Report("locked").GetProperty("covered").GetString());
        Assert.Equal("sampled", Report("locked", "--executions", "5").GetProperty("covered").GetString());
        Assert.Contains("holds: all schedules\n", tester.Explore("locked").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deadlock_is_counted_as_one()
    {
        var report = Report("stuck");
        Assert.Equal("deadlock", report.GetProperty("violations")[0].GetProperty("rule").GetString());
        Assert.True(report.GetProperty("executions").GetProperty("deadlocked").GetInt64() > 0);
    }

    [Fact]
    public void Expectations_that_are_broken_together_are_both_found()
    {
        var rules = Report("lost-twice").GetProperty("violations").EnumerateArray().Select(v => v.GetProperty("rule").GetString());
        Assert.Equal(["wrong", "wrong-again"], rules);
        Assert.True(File.Exists(tester.TraceOf("lost-twice", "wrong-again")));
    }

    [Fact]
    public void Outcomes_add_up_to_the_executions()
    {
        var report = Report("lost", "--strategy", "depth-first");
        Assert.Equal(6, report.GetProperty("outcomes").EnumerateArray().Sum(o => o.GetProperty("count").GetInt64()));
        Assert.Equal("not two", report.GetProperty("outcomes")[0].GetProperty("registers").GetProperty("count").GetString());
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("lost", "--strategy", "random", "--executions", "500", "--seed", "3")]
    [InlineData("lost", "--executions", "500", "--seed", "3")]
    [InlineData("lost", "--json")]
    [InlineData("lost", "--engine", "coyote", "--executions", "300")]
    public void The_same_input_gives_the_same_bytes(params string[] arguments)
    {
        var first = tester.Explore(arguments);
        var trace = File.ReadAllText(tester.TraceOf("lost", "wrong"));
        Assert.Equal(first.Result, tester.Explore(arguments).Result);
        Assert.Equal(trace, File.ReadAllText(tester.TraceOf("lost", "wrong")));
    }

    [Theory]
    [InlineData("lost", "--executions", "50", "strategy portfolio, depth 3, seed 1")]
    [InlineData("lost", "--for", "10ms", "strategy portfolio, depth 3, seed 1")]
    [InlineData("lost", "--strategy", "pct", "strategy pct, depth 3, seed 1")]
    [InlineData("lost", "--executions", "50", "strategy random, seed 1", "--engine", "coyote")]
    public void The_first_line_says_what_was_chosen(string name, string option, string value, string chosen, params string[] others)
        => Assert.EndsWith(chosen, tester.Explore([name, option, value, .. others]).Output.Split('\n')[0], StringComparison.Ordinal);

    [Theory]
    [InlineData("random")]
    [InlineData("portfolio")]
    public void Workers_do_not_change_what_sampling_says(string strategy)
    {
        string[] arguments = ["lost", "--strategy", strategy, "--executions", "1001", "--seed", "9", "--workers"];
        var alone = tester.Explore([.. arguments, "1"]);
        var trace = File.ReadAllText(tester.TraceOf("lost", "wrong"));
        Assert.Equal(alone.Result, tester.Explore([.. arguments, "3"]).Result);
        Assert.Equal(trace, File.ReadAllText(tester.TraceOf("lost", "wrong")));
    }

    [Fact]
    public void What_a_time_allowed_can_be_repeated_by_number()
    {
        var run = tester.Explore("locked", "--for", "50ms", "--seed", "4");
        var executions = run.Output.Split("--executions ")[1].Split(' ')[0];
        var again = tester.Explore("locked", "--executions", executions, "--seed", "4");
        Assert.Contains(again.Output.Split("executions  ")[1].Split('\n')[0], run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_seed_is_told_first_and_last()
    {
        var output = tester.Explore("locked", "--executions", "5", "--seed", "77").Output;
        Assert.EndsWith(", seed 77", output.Split('\n')[0], StringComparison.Ordinal);
        Assert.EndsWith("\nseed 77\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_cannot_be_written_is_a_mistake_of_the_user()
    {
        var file = Path.Combine(tester.Directory, "file");
        File.WriteAllText(file, "");
        var run = tester.Execute("explore", "lost", "--out", file);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith($"fscrypt-sim: --out {file}: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unstable_model_is_named_with_its_step()
    {
        var run = tester.Explore("moody");
        Assert.Contains("internal error: execution 0, run a second time, was another one, from step 1:", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_words_for_people_are_those_of_the_expected_text()
        => ExpectedText.Compare("explore-lost.txt", tester.Explore("lost").Output.Replace(tester.Directory, "out", StringComparison.Ordinal));

    private JsonElement Report(params string[] arguments)
        => JsonDocument.Parse(tester.Explore([.. arguments, "--json"]).Output).RootElement;
}
