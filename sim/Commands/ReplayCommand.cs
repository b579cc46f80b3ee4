using System.CommandLine;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>replay TRACE</c>: the same schedule again, and whether it is the same execution.</summary>
internal static class ReplayCommand
{
    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var path = new Argument<string>("TRACE") { Description = "a file that explore wrote" };
        var command = new Command("replay", "run the schedule of a trace again, and tell its story")
        {
            path, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            var target = parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output;
            return Run(parsed.GetValue(path)!, scenarios, target, parsed.GetValue(CommonOptions.Quiet));
        });
        return command;
    }

    private static int Run(string path, ScenarioCatalog scenarios, Output output, bool quiet)
    {
        var trace = TraceArgument.Read(path);
        var plan = TraceArgument.PlanOf(trace, scenarios, path);
        output.Line($"replay {path}: {trace.Scenario}, {trace.KernelText}, seed {trace.Seed}");
        output.Line();
        using var recording = new Recording(plan, [.. trace.Schedule]);
        if (DivergenceOf(trace, recording) is { } divergence)
        {
            output.Error.Write($"fscrypt-sim: {path}: {divergence}\n");
            return ExitCode.InternalError;
        }

        if (trace.Verdict == Trace.OutcomeVerdict)
            return ReplayOutcome(trace, recording, output, quiet);
        if (!recording.Breaks(trace.Rule))
        {
            output.Judgement("not again", $": {trace.Rule} is not broken in {recording.Steps.Count} steps{Instead(recording)}", good: true);
            output.Line($"seed {trace.Seed}");
            return recording.Finding == null ? ExitCode.Good : ExitCode.Violated;
        }

        var again = recording.TraceOf(trace.Rule);
        if (!quiet)
        {
            output.Text(Columns.Of(again));
            output.Line();
        }

        output.Text(Splat.Of(again, path));
        output.Line();
        output.Judgement("again", $": {trace.Rule}, the same in all {recording.Steps.Count} steps", good: false);
        output.Line($"seed {trace.Seed}");
        return ExitCode.Violated;
    }

    private static int ReplayOutcome(Trace trace, Recording recording, Output output, bool quiet)
    {
        if (recording.Outcome != trace.Finding.Message)
        {
            output.Error.Write($"fscrypt-sim: all steps are the same, and the outcome is another: {recording.Outcome ?? "none"}\n");
            return ExitCode.InternalError;
        }

        if (!quiet)
        {
            output.Text(Columns.Of(trace));
            output.Line();
        }

        output.Judgement("again", $": {(recording.Outcome.Length == 0 ? "no registers" : recording.Outcome)}, the same in all {recording.Steps.Count} steps", good: true);
        output.Line($"seed {trace.Seed}");
        return ExitCode.Good;
    }

    private static string? DivergenceOf(Trace trace, Recording recording)
    {
        for (var i = 0; i < Math.Max(trace.Steps.Count, recording.Steps.Count); i++)
        {
            var expected = i < trace.Steps.Count ? trace.Steps[i] : null;
            var actual = i < recording.Steps.Count ? recording.Steps[i] : null;
            if (expected != null && actual != null && expected.DoesTheSameAs(actual))
                continue;
            var number = expected?.N ?? actual!.N;
            return $"step {number} diverges: the trace has {expected?.Describe(trace.Tasks) ?? "no such step"}, "
                + $"the model does {actual?.Describe(recording.Tasks) ?? recording.Divergence ?? "nothing more"}";
        }

        return recording.Divergence;
    }

    private static string Instead(Recording recording)
        => recording.Finding is { } other ? $"; {other.Rule} is: {other.Message}" : "";
}
