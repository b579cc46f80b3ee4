using System.Globalization;
using System.Text;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// A finding as kernel developers know them, to be pasted into a mail: in the manner of KASAN, KCSAN and lockdep, ending in
/// the command that shows it again.
/// </summary>
public static class Splat
{
    private const int ChangesMax = 10;
    private static readonly string Rule = new('=', 66);

    /// <summary>The title: what is wrong, and in which functions.</summary>
    public static string TitleOf(Trace trace)
    {
        var functions = trace.Finding.Places.Where(p => p.Functions.Count > 0 && p.What != "allocated")
            .Select(p => p.Functions[0].Name).Distinct().Take(2).ToList();
        var where = functions.Count > 0 ? $"in {string.Join(" / ", functions)}"
            : trace.Finding.Task >= 0 && Expectation.IsExpected(trace.Finding.Message) ? $"in task {trace.Tasks[trace.Finding.Task]}" : $"{(trace.Rule == Livelock.Rule ? "in" : "at the end of")} {trace.Scenario}";
        return $"BUG: fscrypt-sim: {trace.Rule} {where}";
    }

    /// <summary>One line: title and message.</summary>
    public static string SummaryOf(Trace trace) => $"{TitleOf(trace)}: {trace.Finding.Message}";

    /// <summary>The report.</summary>
    /// <param name="trace">The finding.</param>
    /// <param name="path">Where the trace is.</param>
    public static string Of(Trace trace, string path)
    {
        var text = new StringBuilder();
        text.AppendLine(Rule);
        text.AppendLine(TitleOf(trace));
        text.AppendLine(trace.Finding.Message);
        text.AppendLine();
        text.AppendLine($"scenario {trace.Scenario}, {trace.KernelText}");
        text.AppendLine(Invariant($"rule {trace.Rule}, step {trace.Finding.Step}, {Preemptions(trace)}, {Found(trace)}"));
        foreach (var place in trace.Finding.Places)
            AppendPlace(text, trace, place);
        AppendChanges(text, trace);
        text.AppendLine();
        text.AppendLine("to see it again:");
        text.AppendLine($"  {ReplayCommand(path)}");
        text.AppendLine(Rule);
        return text.Replace("\r\n", "\n").ToString();
    }

    /// <summary>The command that replays a trace.</summary>
    public static string ReplayCommand(string path) => $"dotnet run -c Release --project sim -- replay {path}";

    private static string Found(Trace trace)
        => trace.Rule == Livelock.Rule ? "found by going round once"
            : trace.Finding.Task < 0 ? "found when all tasks had ended" : $"found in task {trace.Tasks[trace.Finding.Task]}";

    private static string Preemptions(Trace trace)
        => trace.Preemptions == 1 ? "1 preemption" : Invariant($"{trace.Preemptions} preemptions");

    private static void AppendPlace(StringBuilder text, Trace trace, TracePlace place)
    {
        text.AppendLine();
        if (place.Task < 0)
        {
            text.AppendLine($"{place.What} in the set-up");
            return;
        }

        text.AppendLine(Invariant($"{place.What} by task {trace.Tasks[place.Task]} at step {place.Step}:"));
        foreach (var function in place.Functions)
            text.AppendLine(function.Kernel == null ? $"  {function.Function}" : $"  {function.Name,-36} {function.Kernel.File}");
        if (place.Functions.Count == 0)
            text.AppendLine("  (the body of the task)");
    }

    private static void AppendChanges(StringBuilder text, Trace trace)
    {
        var about = ObjectOf(trace);
        // What was found at the end went wrong before the last part began to look.
        var last = trace.Finding.Task < 0 ? trace.LastPart : trace.Tasks.Count;
        var changes = trace.Steps.Where(s => s.Task < last)
            .SelectMany(s => s.Changed.Where(c => about == null || c.Object == about).Select(c => (Step: s, Change: c)))
            .Where(c => !c.Change.IsOnlyOfHolder).ToList();
        if (changes.Count == 0)
            return;
        text.AppendLine();
        text.AppendLine(about == null ? "the last changes:" : $"the last changes of {about}:");
        foreach (var (step, change) in changes.TakeLast(ChangesMax))
            {
            var name = about == null ? change.Name : change.Field;
            text.AppendLine(Invariant(
                $"  step {step.N,4}  {trace.Tasks[step.Task],-10} {step.Name,-24} {name} {change.From} -> {change.To}"));
        }
    }

    // The object that the finding is about; if it does not say, the one that its message names.
    private static string? ObjectOf(Trace trace)
        => trace.Finding.Object ?? trace.Steps.SelectMany(s => s.Changed).Select(c => c.Object).Distinct()
            .Where(o => o.Length > 0 && trace.Finding.Message.Split(' ', ',', '.', ';').Contains(o)).MaxBy(o => o.Length);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
