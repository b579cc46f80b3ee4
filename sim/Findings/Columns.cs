using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// A trace as a story: one column a task, calls indented, only the steps that changed something, and a line at each switch
/// that says why another task goes on.
/// </summary>
public static class Columns
{
    private const int WidthMax = 100;
    private const int NumberWidth = 5;
    private const int IndentMax = 8;

    /// <summary>The story.</summary>
    public static string Of(Trace trace)
    {
        var tasks = trace.Steps.Select(s => s.Task).Distinct().Order().ToList();
        var width = Math.Max(20, (WidthMax - NumberWidth) / Math.Max(1, tasks.Count));
        var text = new StringBuilder();
        text.Append(' ', NumberWidth);
        foreach (var task in tasks)
            text.Append(task == tasks[^1] ? trace.Tasks[task] : trace.Tasks[task].PadRight(width));
        text.Append('\n');

        var functions = new string?[trace.Tasks.Count];
        TraceStep? before = null;
        foreach (var step in trace.Steps)
        {
            if (before != null && before.Task != step.Task)
                text.Append(CultureInfo.InvariantCulture, $"{new string('-', NumberWidth)} {trace.Tasks[before.Task]} {Why(trace, before, step)}\n");
            before = step;
            var lines = LinesOf(step);
            if (lines.Count == 0)
                continue;
            var column = NumberWidth + (tasks.IndexOf(step.Task) * width);
            var indent = Math.Min(step.Depth, IndentMax);
            if (functions[step.Task] != step.Function)
                Append(text, "", column, $"{new string(' ', indent)}{step.Name}:");
            functions[step.Task] = step.Function;
            foreach (var line in lines)
                Append(text, step.N.ToString(CultureInfo.InvariantCulture), column, $"{new string(' ', indent + 1)}{line}");
        }

        text.Append(CultureInfo.InvariantCulture, $"{new string('=', NumberWidth)} {trace.Rule}: {trace.Finding.Message}\n");
        return text.ToString();
    }

    private static string Why(Trace trace, TraceStep before, TraceStep step) => step.Switch switch
    {
        "ended" => "has ended",
        "preempted" => $"is preempted{NextOf(trace, before, "before")}",
        _ => $"waits{NextOf(trace, before, "for")}",
    };

    private static string NextOf(Trace trace, TraceStep before, string word)
    {
        var next = trace.Steps.FirstOrDefault(s => s.N > before.N && s.Task == before.Task);
        return next == null ? "" : $" {word} {next.Operation} {next.Object}";
    }

    // Taking a lock is told as that; the field that says who holds it is not told a second time.
    private static List<string> LinesOf(TraceStep step)
    {
        var lines = new List<string>();
        foreach (var change in step.Changed)
        {
            var cell = $"{change.Object}.{change.Field}";
            if (!change.IsOnlyOfHolder)
                lines.Add(change.Field == TraceChange.Memory ? $"{change.Object} {change.To}" : change.ToString());
            else if (cell == step.Object)
                lines.Add($"{step.Operation} {cell}");
        }

        if (lines.Count == 0 && (step.Operation.EndsWith("(queues)", StringComparison.Ordinal) || step.Result == "false"))
            lines.Add($"{step.Operation} {step.Object}{(step.Result == null ? "" : " = " + step.Result)}");
        return lines;
    }

    private static void Append(StringBuilder text, string number, int column, string line)
    {
        text.Append(number.PadLeft(NumberWidth - 1)).Append(' ', column - NumberWidth + 1).Append(line.TrimEnd()).Append('\n');
    }
}
