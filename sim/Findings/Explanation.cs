using System.Globalization;
using System.Text;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Findings;

/// <summary>A trace in prose: who did what, where it could have been interrupted for the same to happen, and what ends that.</summary>
public static class Explanation
{
    // A turn's changes that are told: what others see last is what matters to them.
    private const int ChangesMax = 8;

    /// <summary>The explanation; it runs the windows' schedules.</summary>
    /// <param name="plan">What the trace was found with.</param>
    /// <param name="trace">The trace.</param>
    /// <param name="exposures">Which copies of key material there were.</param>
    public static string Of(SearchPlan plan, Trace trace, IReadOnlyList<Exposure> exposures)
    {
        var text = new StringBuilder();
        text.Append(trace.Finding.Message).Append("\n\n");
        AppendStory(text, trace);
        if (trace.Rule != Livelock.Rule)
            AppendWindows(text, trace, Window.Of(plan, trace));
        if (PointOfNoReturn.Of(plan, trace) is { } point)
            AppendPoint(text, trace, point);
        AppendExposures(text, trace, exposures);
        return text.ToString();
    }

    private static void AppendStory(StringBuilder text, Trace trace)
    {
        text.Append("What happened\n");
        var number = 0;
        for (var start = 0; start < trace.Steps.Count;)
        {
            var end = start;
            while (end < trace.Steps.Count && trace.Steps[end].Task == trace.Steps[start].Task)
                end++;
            AppendTurn(text, trace, ++number, start, end);
            start = end;
        }
    }

    private static void AppendTurn(StringBuilder text, Trace trace, int number, int start, int end)
    {
        var steps = trace.Steps.Skip(start).Take(end - start).ToList();
        var task = trace.Tasks[steps[0].Task];
        var range = steps.Count == 1 ? Invariant($"step {steps[0].N}") : Invariant($"steps {steps[0].N} to {steps[^1].N}");
        text.Append(Invariant($"{number,3}. {task} {(IsFirst(trace, start) ? "begins" : "goes on")}: {range}"));
        var functions = steps.Select(s => s.Kernel?.Function).OfType<string>().Distinct().ToList();
        if (functions.Count > 0)
            text.Append(functions.Count == 1 ? $", in {functions[0]}" : $", from {functions[0]} to {functions[^1]}");
        text.Append('\n');
        var changes = steps.SelectMany(s => s.Changed.Where(c => !c.IsOnlyOfHolder).Select(c => (Step: s, Change: c))).ToList();
        if (changes.Count > ChangesMax)
            text.Append(Invariant($"       … after {changes.Count - ChangesMax} earlier changes:\n"));
        foreach (var (step, change) in changes.TakeLast(ChangesMax))
            text.Append(Invariant($"     {step.N,4}  {step.Name}: {change}\n"));
        text.Append("     ").Append(EndOf(trace, end)).Append('\n');
    }

    private static string EndOf(Trace trace, int end)
    {
        var task = trace.Tasks[trace.Steps[end - 1].Task];
        var next = trace.Steps.Skip(end).FirstOrDefault(s => s.Task == trace.Steps[end - 1].Task);
        if (end == trace.Steps.Count)
            return trace.Rule == Livelock.Rule ? "All is as it was before; it can go on so for ever."
                : trace.Finding.Task < 0 ? $"{task} ends; then {trace.Rule} is seen." : $"{trace.Rule} is seen.";
        return trace.Steps[end].Switch switch
        {
            "preempted" => next == null ? "It is preempted, and does not run again." : $"It is preempted before {Told(next)}.",
            "blocked" => next == null ? "It waits." : $"It waits for {Told(next)}.",
            _ => "It ends.",
        };
    }

    private static void AppendWindows(StringBuilder text, Trace trace, IReadOnlyList<Window> windows)
    {
        text.Append('\n');
        if (windows.Count == 0)
        {
            text.Append("No preemption is needed: the order in which the tasks begin, wait and end is enough.\n");
            return;
        }

        text.Append(windows.Count == 1 ? "The window\n" : "The windows\n");
        foreach (var window in windows)
        {
            var task = trace.Tasks[window.Thread];
            var places = window.Last - window.First + 1;
            var at = Invariant($"{places} {(places == 1 ? "place" : "places")} in its turn {window.Turn + 1}");
            text.Append($"  {task} may be preempted at {at} for the same to happen, with everything else as it is.\n");
            text.Append(window.Opens == null ? "  It is open from the beginning of the turn.\n"
                : $"  It opens after {Told(window.Opens)}{In(window.Opens)}.\n");
            text.Append(window.Closes == null ? $"  It stays open as long as {task} runs.\n"
                : $"  It is closed by {Told(window.Closes)}{In(window.Closes)}.\n");
        }
    }

    private static void AppendPoint(StringBuilder text, Trace trace, PointOfNoReturn point)
    {
        text.Append("\nWhen it was too late\n");
        var step = trace.Steps.FirstOrDefault(s => s.N == point.Step);
        text.Append(step == null
            ? "  At the very beginning: no schedule of this scenario ends well.\n"
            : Invariant($"  After step {point.Step}, {trace.Tasks[step.Task]}: {Told(step)}{In(step)}. Before it some schedule still ended well; after it none does.\n"));
    }

    private static void AppendExposures(StringBuilder text, Trace trace, IReadOnlyList<Exposure> exposures)
    {
        if (exposures.Count == 0)
            return;
        text.Append("\nKey material in memory\n");
        foreach (var exposure in exposures)
        {
            var from = exposure.From == 0 ? "the beginning" : Invariant($"step {exposure.From}");
            var until = exposure.Until is { } last ? Invariant($"step {last}{By(trace, last)}") : "the end";
            text.Append($"  {exposure.Key}: {Named(exposure.Kind)} in {exposure.Place}, from {from} to {until}\n");
            if (exposure.Freed is { } freed)
                text.Append(Invariant($"    freed in step {freed}{By(trace, freed)}, and not wiped before\n"));
        }
    }

    private static string Named(SecretKind kind) => kind switch
    {
        SecretKind.Master => "the key",
        SecretKind.PerFile => "a file's key",
        SecretKind.PerMode => "a key of all files of a mode",
        SecretKind.Passed => "the key, as it was passed",
        _ => "the user's own key",
    };

    private static string By(Trace trace, int number)
    {
        var step = trace.Steps.FirstOrDefault(s => s.N == number);
        return step == null ? "" : $" ({trace.Tasks[step.Task]}, {step.Name})";
    }

    private static bool IsFirst(Trace trace, int start) => trace.Steps.Take(start).All(s => s.Task != trace.Steps[start].Task);

    private static string Told(TraceStep step) => step.Told;

    private static string In(TraceStep step) => step.Kernel == null ? "" : $" in {step.Kernel.Function} ({step.Kernel.File})";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
