using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// A trace as a story: one column a task, calls indented, only the steps that changed something and those next to a switch,
/// and a line at each switch that says why another task goes on.
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
        for (var i = 0; i < trace.Steps.Count; i++)
        {
            var step = trace.Steps[i];
            if (step.Switch != null)
                text.Append('-', NumberWidth).Append(' ').Append(trace.Tasks[trace.Steps[i - 1].Task]).Append(' ').Append(Why(trace, i)).Append('\n');
            var lines = LinesOf(step);
            var isAtSwitch = step.Switch != null || i + 1 == trace.Steps.Count || trace.Steps[i + 1].Switch != null;
            if (lines.Count == 0 && isAtSwitch)
                lines.Add(step.Told);
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

        return text.Append('=', NumberWidth).Append($" {trace.Rule}: {trace.Finding.Message}\n").ToString();
    }

    private static string Why(Trace trace, int i) => trace.Steps[i].Switch switch
    {
        "ended" => "has ended",
        "preempted" => $"is preempted{NextOf(trace, trace.Steps[i - 1], "before")}",
        _ => $"waits{NextOf(trace, trace.Steps[i - 1], "for")}",
    };

    private static string NextOf(Trace trace, TraceStep before, string word)
    {
        var next = trace.Steps.FirstOrDefault(s => s.N > before.N && s.Task == before.Task);
        return next == null ? "" : $" {word} {next.What}";
    }

    // Taking a lock is told as that; the field that says who holds it is not told a second time.
    private static List<string> LinesOf(TraceStep step)
    {
        var lines = new List<string>();
        foreach (var change in step.Changed)
        {
            if (!change.IsOnlyOfHolder)
                lines.Add(change.Field == TraceChange.Memory ? $"{change.Object} {change.To}" : change.ToString());
            else if (change.Name == step.Object)
                lines.Add(step.What);
        }

        if (lines.Count == 0 && (step.Operation.EndsWith("(queues)", StringComparison.Ordinal) || step.Result == "false"))
            lines.Add(step.Told);
        return lines;
    }

    private static void Append(StringBuilder text, string number, int column, string line)
    {
        text.Append(number.PadLeft(NumberWidth - 1)).Append(' ', column - NumberWidth + 1).Append(line.TrimEnd()).Append('\n');
    }
}
