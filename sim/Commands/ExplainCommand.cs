using System.CommandLine;
using Fscrypt.Sim.Findings;

namespace Fscrypt.Sim.Commands;

/// <summary><c>explain TRACE</c>: the story of a violation in prose, and where the window was.</summary>
internal static class ExplainCommand
{
    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var path = new Argument<string>("TRACE") { Description = "a file that explore or shrink wrote" };
        var command = new Command("explain", "who did what, where the window opened, and what closes it") { path };
        command.SetAction(parsed => Run(parsed.GetValue(path)!, scenarios, output));
        return command;
    }

    private static int Run(string path, ScenarioCatalog scenarios, Output output)
    {
        var trace = TraceArgument.Read(path);
        if (trace.Verdict == Trace.OutcomeVerdict)
            throw new UsageException($"{path}: the trace of an outcome; only what breaks a rule is explained (replay tells the steps)");
        if (trace.Points == "all")
            throw new UsageException($"{path}: found with --points all; shrink it first, which finds it again with the ordinary points");
        var plan = TraceArgument.PlanOf(trace, scenarios, path);
        using var recording = new Recording(plan, [.. trace.Schedule]);
        if (!recording.Breaks(trace.Rule))
            throw new UsageException($"{path}: {trace.Rule} is not broken when its schedule is run again: replay says where it diverges");

        output.Line($"explain {path}: {trace.Scenario}, {trace.KernelText}, rule {trace.Rule}");
        output.Line();
        output.Text(Explanation.Of(plan, trace, recording.Exposures));
        output.Line();
        output.Line("to see every step:");
        output.Line($"  {Splat.ReplayCommand(path)}");
        output.Line($"seed {trace.Seed}");
        return ExitCode.Violated;
    }
}
