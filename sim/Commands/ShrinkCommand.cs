using System.CommandLine;
using System.Globalization;
using System.Text;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Commands;

/// <summary><c>shrink TRACE</c>: the smallest scenario that breaks the same rule, and its shortest trace.</summary>
internal static class ShrinkCommand
{
    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var path = new Argument<string>("TRACE") { Description = "a file that explore wrote" };
        var command = new Command("shrink", "the smallest scenario and the fewest preemptions that break the same rule")
        {
            path, CommonOptions.Out, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(path)!, scenarios, parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output,
            parsed.GetValue(CommonOptions.Out) ?? "out", parsed.GetValue(CommonOptions.Quiet)));
        return command;
    }

    private static int Run(string path, ScenarioCatalog scenarios, Output output, string directory, bool quiet)
    {
        var trace = TraceArgument.Read(path);
        if (trace.Verdict == Trace.OutcomeVerdict)
            throw new UsageException($"{path}: the trace of an outcome; only what breaks a rule is shrunk");
        var plan = TraceArgument.PlanOf(trace, scenarios, path);
        if (plan.Scenario.Text is not { } text)
            throw new UsageException($"{path}: {trace.Scenario} is not written in a file; only files are shrunk");
        output.Line($"shrink {path}: {trace.Scenario}, {trace.KernelText}, rule {trace.Rule}");
        output.Line();

        var shrinker = new Shrinker(plan, trace.Rule, trace.Finding.Message, new SearchProgress(quiet ? null : output.Error));
        if (shrinker.Run(trace.Preemptions) is not { } shrunk)
        {
            output.Judgement("inconclusive", $": {trace.Rule} was not found again in {Shrinker.ExecutionsMax:N0} executions", good: null);
            output.Line($"seed {trace.Seed}");
            return ExitCode.Undecided;
        }

        var smallest = Formatted(shrunk.Text);
        var name = $"{shrunk.Plan.Scenario.Name}-shrunk";
        var found = shrunk.Plan with { Scenario = shrunk.Plan.Scenario with { Name = name, Text = smallest } };
        var isCircle = trace.Rule == Livelock.Rule;                // no step of it can be left out: it has to come round
        using var shorter = isCircle ? null : new ScheduleShrinker(found, trace.Rule, trace.Finding.Message);
        var schedule = shorter?.Run(shrunk.Violation.Schedule) ?? shrunk.Violation.Schedule.ToArray();
        using var recording = new Recording(found, schedule);
        var small = recording.TraceOf(trace.Rule);
        var written = Output.Saved(directory, () => TraceFile.Write(small, directory));
        output.Line($"lines        {LinesOf(text)} -> {LinesOf(smallest)}");
        output.Line($"preemptions  {trace.Preemptions} -> {small.Preemptions}");
        output.Line($"steps        {trace.Steps.Count} -> {small.Steps.Count}");
        output.Line($"switches     {ScheduleShrinker.SwitchesOf([.. trace.Schedule])} -> {ScheduleShrinker.SwitchesOf(schedule)}");
        output.Line(isCircle ? "another way round may have fewer steps"
            : shrunk.IsProved ? "no schedule has fewer preemptions, and none with as few has fewer steps"
            : string.Create(CultureInfo.InvariantCulture,
                $"the budget of {Shrinker.ExecutionsMax:N0} executions was spent: there may be a schedule with fewer preemptions or fewer steps"));
        output.Line($"{shrinker.Tried} scenarios were tried: all schedules of each, with at most that many preemptions");
        output.Line();
        output.Text(smallest);
        output.Line();
        output.Text(Splat.Of(small, written));
        output.Line();
        output.Line($"seed {trace.Seed}");
        return ExitCode.Violated;
    }

    private static string Formatted(string text) => ScenarioFormatter.Format(new Diagnostics("", text))!;

    private static int LinesOf(string text) => text.Split('\n').Count(l => l.Trim().Length > 0 && l.TrimStart()[0] != '#');
}
