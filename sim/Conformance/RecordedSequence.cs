using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fscrypt.Sim.Conformance;

/// <summary>What a kernel answered: sequences of operations with every result.</summary>
/// <param name="Kernel">Which kernel it was.</param>
/// <param name="Sequences">The sequences; each began on an empty file system, freshly mounted.</param>
internal sealed record RecordedFile(string Kernel, IReadOnlyList<RecordedSequence> Sequences)
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <exception cref="FormatException">It is no recording; the message says where it is not.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RecordedFile Read(string path) => Of(File.ReadAllBytes(path));

    /// <summary>The recording that comes with the program.</summary>
    public static RecordedFile Shipped()
    {
        using var stream = typeof(RecordedFile).Assembly.GetManifestResourceStream("recordings/linux-6.18.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Of(bytes);
    }

    private static RecordedFile Of(byte[] text)
    {
        RecordedFile? file;
        try
        {
            file = JsonSerializer.Deserialize(text, RecordedJson.Default.RecordedFile);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"line {exception.LineNumber + 1}: {exception.Message}", exception);
        }

        if (file?.Sequences is not { Count: > 0 })
            throw new FormatException("it has no sequences: a recording is an object with kernel and sequences");
        foreach (var sequence in file.Sequences)
        {
            if (sequence.Id == null || sequence.Steps == null || sequence.Steps.Any(s => s is not { Actor: not null, Op: not null, Args: not null }))
                throw new FormatException($"the sequence {sequence.Id ?? "without id"} lacks steps with actor, op, args and result");
            if (sequence.Steps.FirstOrDefault(s => s.Result.ValueKind != JsonValueKind.Object) is { } step)
                throw new FormatException($"the sequence {sequence.Id}: '{step.Actor} {step.Op}' has no result");
        }

        return file;
    }

    /// <summary>Writes it to a file, which appears whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, JsonSerializer.Serialize(this, RecordedJson.Default.RecordedFile) + "\n");
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}

/// <summary>Operations one after another.</summary>
/// <param name="Id">Its short name.</param>
/// <param name="Title">What it is about.</param>
/// <param name="Steps">The operations.</param>
internal sealed record RecordedSequence(string Id, string? Title, IReadOnlyList<RecordedStep> Steps)
{
    /// <summary>The sequence as a scenario without threads; the result of step i is in the register ri.</summary>
    public string ToScenario()
    {
        var lines = new List<string> { "scenario recorded", "setup" };
        lines.AddRange(Steps.Select((step, i) => $"  {step.Text} -> r{i + 1}"));
        return string.Join('\n', lines) + "\n";
    }
}

/// <summary>An operation, and what the kernel answered.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Op">The operation, as in scenarios.</param>
/// <param name="Args">Its arguments and options.</param>
/// <param name="Result">The result: <c>ret</c>, and what else there is to say.</param>
internal sealed record RecordedStep(string Actor, string Op, IReadOnlyList<string> Args, JsonElement Result)
{
    /// <summary>The operation as a line of a scenario.</summary>
    public string Text => string.Join(' ', [Actor, Op, .. Args.Select(Quoted)]);

    private static string Quoted(string argument)
        => argument.Length > 0 && argument[0] != '#' && !argument.Any(c => char.IsWhiteSpace(c) || c is '"' or '\\') && argument != "->"
            ? argument : InQuotes(argument);

    /// <summary>A text as scenarios write it.</summary>
    public static string InQuotes(string text)
        => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\0", "\\0", StringComparison.Ordinal)}\"";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(RecordedFile))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
internal sealed partial class RecordedJson : JsonSerializerContext;
