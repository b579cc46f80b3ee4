using System.Text.Json.Nodes;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Properties.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Findings;

/// <summary>From a finding to its trace, and from the trace to the finding.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Theory]
    [InlineData("lost", "wrong")]
    [InlineData("lost-twice", "wrong-again")]
    [InlineData("race", "data-race")]
    [InlineData("freed", "use-after-free")]
    [InlineData("stuck", "deadlock")]
    public void A_finding_comes_again(string scenario, string rule)
    {
        tester.Explore(scenario);
        var run = tester.Execute("replay", tester.TraceOf(scenario, rule));
        Assert.True(run.Code == ExitCode.Violated, run.Output + run.Error);
        Assert.Contains($"again: {rule}, the same in all ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finding_of_Coyote_comes_again_natively()
    {
        Assert.Equal(ExitCode.Violated, tester.Explore("lost", "--engine", "coyote", "--executions", "1000").Code);
        Assert.Equal(ExitCode.Violated, tester.Execute("replay", tester.TraceOf("lost", "wrong")).Code);
    }

    [Theory]
    [InlineData("lost", "wrong")]
    [InlineData("race", "data-race")]
    [InlineData("freed", "use-after-free")]
    [InlineData("stuck", "deadlock")]
    public void A_finding_with_all_points_comes_again(string scenario, string rule)
    {
        Assert.Equal(ExitCode.Violated, tester.Explore(scenario, "--points", "all").Code);
        var run = tester.Execute("replay", tester.TraceOf(scenario, rule));
        Assert.True(run.Code == ExitCode.Violated, run.Output + run.Error);
        Assert.Contains($"again: {rule}, the same in all ", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lost", "wrong")]
    [InlineData("race", "data-race")]
    public void A_trace_is_read_as_it_was_written(string scenario, string rule)
    {
        tester.Explore(scenario);
        var text = File.ReadAllText(tester.TraceOf(scenario, rule));
        var trace = TraceFile.FromText(text, out var refusal);
        Assert.Null(refusal);
        Assert.Equal(text, TraceFile.ToText(trace!));
    }

    [Fact]
    public void Nothing_is_left_beside_the_trace()
    {
        tester.Explore("lost");
        Assert.Equal([tester.TraceOf("lost", "wrong")], Directory.GetFiles(tester.Directory));
    }

    [Fact]
    public void Steps_name_functions_and_changes()
    {
        tester.Explore("lost");
        var trace = TraceFile.FromText(File.ReadAllText(tester.TraceOf("lost", "wrong")), out _)!;
        var read = trace.Steps[0];
        Assert.Equal(("Box.Add", "box_add", "lib/box.c"), (read.Function, read.Kernel!.Function, read.Kernel.File));
        Assert.Equal(("read", "box:1.b_count", "0"), (read.Operation, read.Object, read.Result));
        Assert.Empty(read.Changed);
        var writes = trace.Steps.Where(s => s.Operation == "write").ToList();
        Assert.Equal([new TraceChange("box:1", "b_count", "0", "1")], writes[0].Changed);
        Assert.Empty(writes[1].Changed);
        Assert.Equal(["preempted", "ended", "ended"], trace.Steps.Select(s => s.Switch).OfType<string>());
        Assert.Equal("finally", trace.Tasks[trace.Steps[^1].Task]);
    }

    [Fact]
    public void A_race_names_both_functions_and_a_use_after_free_all_three()
    {
        tester.Explore("race");
        tester.Explore("freed");
        var race = TraceFile.FromText(File.ReadAllText(tester.TraceOf("race", "data-race")), out _)!;
        Assert.Equal(["later access", "earlier access"], race.Finding.Places.Select(p => p.What));
        Assert.Equal(["box_write_one", "box_write_two"], race.Finding.Places.Select(p => p.Functions[0].Name).Order());
        var freed = TraceFile.FromText(File.ReadAllText(tester.TraceOf("freed", "use-after-free")), out _)!;
        Assert.Contains(freed.Finding.Places, p => p.What == "use" && p.Functions[0].Name == "box_add");
        Assert.Contains(freed.Finding.Places, p => p.What == "freed" && p.Functions[0].Name == "box_free");
        Assert.Contains(freed.Finding.Places, p => p.What == "allocated" && p.Task == -1);
    }

    [Theory]
    [InlineData("lost", "wrong")]
    [InlineData("race", "data-race")]
    [InlineData("freed", "use-after-free")]
    [InlineData("stuck", "deadlock")]
    public void Splats_and_columns_are_those_of_the_expected_text(string scenario, string rule)
    {
        tester.Explore(scenario);
        var trace = TraceFile.FromText(File.ReadAllText(tester.TraceOf(scenario, rule)), out _)!;
        ExpectedText.Compare($"{scenario}.txt", Columns.Of(trace) + "\n" + Splat.Of(trace, $"out/{trace.FileName}"));
    }

    [Fact]
    public void A_trace_that_says_something_else_diverges_at_that_step()
    {
        Doctor(t => t["steps"]![2]!["operation"] = "atomic_inc");
        var run = tester.Execute("replay", tester.TraceOf("lost", "wrong"));
        Assert.Equal(ExitCode.InternalError, run.Code);
        Assert.Contains("step 3 diverges: the trace has b atomic_inc box:1.b_count = 1, the model does b write ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_that_cannot_be_followed_diverges()
    {
        Doctor(t => t["schedule"]![0] = 7);
        var run = tester.Execute("replay", tester.TraceOf("lost", "wrong"));
        Assert.Equal(ExitCode.InternalError, run.Code);
        Assert.Contains("step 1 diverges: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finding_that_does_not_come_again_is_told()
    {
        Doctor(t => t["rule"] = "data-race");
        var run = tester.Execute("replay", tester.TraceOf("lost", "wrong"));
        Assert.Contains("not again: data-race is not broken", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_kernel_diverges()
    {
        Doctor(t => t["design"] = "drop-inode", "of-design", "walk-and-invalidate");
        var path = tester.TraceOf("of-design", "wrong").Replace("drop-inode", "walk-and-invalidate", StringComparison.Ordinal);
        Assert.Contains("step 1 diverges: ", tester.Execute("replay", path).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_finding_a_replay_is_good()
    {
        tester.Explore("lost");
        var path = tester.TraceOf("lost", "wrong");
        var trace = TraceFile.FromText(File.ReadAllText(path), out _)!;
        // The same steps one after another: the second thread reads what the first wrote.
        var plan = new Fscrypt.Sim.Search.SearchPlan(LittleScenarios.Lost, new Model.KernelConfiguration());
        using var recording = new Recording(plan, [0, 0, 1, 1]);
        File.WriteAllText(path, TraceFile.ToText(trace with { Schedule = [0, 0, 1, 1], Steps = recording.Steps }));
        Assert.Equal(ExitCode.Good, tester.Execute("replay", path).Code);
    }

    [Theory]
    [InlineData("", "not a trace: line 1, column 1: ")]
    [InlineData("{}", "not a trace: it has no format")]
    [InlineData("[]", "not a trace: it has no format")]
    [InlineData("{\"format\":\"fscrypt-sim-trace-0\"}", "a trace of format fscrypt-sim-trace-0; this program reads fscrypt-sim-trace-2")]
    [InlineData("{\"format\":\"fscrypt-sim-trace-2\",\"model\":0}", "a trace of model version 0; this program has model version 4: record it again")]
    [InlineData("{\"format\":\"fscrypt-sim-trace-2\",\"model\":4}", "not a trace: ")]
    public void What_is_no_trace_of_this_version_is_refused(string text, string message)
    {
        var path = Path.Combine(tester.Directory, "x.trace.json");
        File.WriteAllText(path, text);
        var run = tester.Execute("replay", path);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith($"fscrypt-sim: {path}: {message}", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void A_file_that_is_not_there_is_told() => Assert.Equal(ExitCode.Usage, tester.Execute("replay", "nowhere.json").Code);

    private void Doctor(Action<JsonNode> change, string scenario = "lost", string design = "drop-inode")
    {
        tester.Explore(scenario, "--design", design);
        var path = tester.TraceOf(scenario, "wrong").Replace("drop-inode", design, StringComparison.Ordinal);
        var trace = JsonNode.Parse(File.ReadAllText(path))!;
        change(trace);
        File.WriteAllText(path, trace.ToJsonString());
    }
}
