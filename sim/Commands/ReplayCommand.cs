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
        var trace = Read(path);
        var plan = PlanOf(trace, scenarios, path);
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

    private static Trace Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }

        return TraceFile.FromText(text, out var refusal) ?? throw new UsageException($"{path}: {refusal}");
    }

    private static SearchPlan PlanOf(Trace trace, ScenarioCatalog scenarios, string path)
    {
        try
        {
            return new SearchPlan(
                ScenarioOf(trace, scenarios),
                new KernelConfiguration
                {
                    Design = CommonOptions.DesignOf(trace.Design),
                    Release = CommonOptions.ReleaseOf(trace.Release),
                    Without = [.. trace.Without.Select(CommonOptions.FixOf)],
                })
            {
                Engine = trace.Engine,
                Strategy = trace.Strategy,
                Seed = trace.Seed,
                StepsMax = trace.StepsMax,
                PointsAll = trace.Points == "all",
            };
        }
        catch (UsageException exception)
        {
            throw new UsageException($"{path}: {exception.Message.TrimEnd('\n')}");
        }
    }

    // A trace of a file has it in it: what the file says by now does not matter.
    private static Scenario ScenarioOf(Trace trace, ScenarioCatalog scenarios) => trace.ScenarioText is { } text
        ? ScenarioCatalog.RunnableOf(ScenarioFile.Load(new Diagnostics(trace.Scenario, text), trace.Scenario))
        : scenarios.Find(trace.Scenario);

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
