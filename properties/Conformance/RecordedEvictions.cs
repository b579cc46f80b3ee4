using System.Text.Json;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>What a kernel's trace events said between the operations of a sequence: which inode was asked for, evicted, freed.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Steps">The operations.</param>
internal sealed record RecordedEvictions(string Title, IReadOnlyList<RecordedEvictions.Step> Steps)
{
    /// <summary>Reads a file.</summary>
    public static IReadOnlyList<RecordedEvictions> Read(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return
        [
            .. document.RootElement.GetProperty("scenarios").EnumerateArray().Select(s => new RecordedEvictions(
                s.GetProperty("title").GetString()!, [.. s.GetProperty("steps").EnumerateArray().Where(IsOperation).Select(StepOf)])),
        ];
    }

    /// <summary>The sequence as a scenario without threads; the result of step i, from 1, is in the register ri.</summary>
    public string ToScenario() => $"scenario evictions\nsetup\n{string.Concat(Steps.Select((s, i) => $"  {s.Text} -> r{i + 1}\n"))}";

    // Who only waits makes nothing happen that was recorded, and the last step is none.
    private static bool IsOperation(JsonElement step)
    {
        var text = step.GetProperty("step").GetString()!;
        var isNone = text == "(after)" || text.Contains(" sleep ", StringComparison.Ordinal);
        return !isNone || (StepOf(step).Events.Count > 0 ? throw new FormatException("inodes went while nobody did anything") : false);
    }

    private static Step StepOf(JsonElement step)
        => new(
            step.GetProperty("step").GetString()!,
            [.. step.GetProperty("events").EnumerateArray().Select(e => Short(e.GetString()!)).OfType<string>()]);

    // drop(f,1) stays, EVICT(f,nlink=1) and FREE(f) lose all but the name: links of directories are not counted here.
    private static string? Short(string recorded)
    {
        var text = recorded.StartsWith("kw:", StringComparison.Ordinal) ? recorded[3..] : recorded;
        if (text.StartsWith("drop(", StringComparison.Ordinal))
            return text;
        return text.StartsWith("EVICT(", StringComparison.Ordinal) || text.StartsWith("FREE(", StringComparison.Ordinal)
            ? $"{text.Split(',')[0].TrimEnd(')')})" : null;
    }

    /// <summary>An operation and what happened to inodes meanwhile, in order.</summary>
    internal sealed record Step(string Text, IReadOnlyList<string> Events);
}
