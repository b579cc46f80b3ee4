using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fscrypt.Sim.Model;

namespace Fscrypt.Sim.Findings;

/// <summary>Traces as text and as files.</summary>
public static class TraceFile
{
    // People read these files: "->" stays what it is.
    private static readonly TraceJson Json =
        new(new JsonSerializerOptions(TraceJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>How traces are written and read.</summary>
    public static JsonSerializerOptions Options => Json.Options;

    /// <summary>The canonical text: the same trace, the same bytes.</summary>
    public static string ToText(Trace trace) => JsonSerializer.Serialize(trace, Json.Trace) + "\n";

    /// <summary>Reads a text; null, and why, if it is no trace that this program can replay.</summary>
    public static Trace? FromText(string text, out string? refusal)
    {
        refusal = null;
        try
        {
            using (var document = JsonDocument.Parse(text))
                refusal = RefusalOf(document.RootElement);
            if (refusal != null)
                return null;
            return JsonSerializer.Deserialize(text, Json.Trace)!;
        }
        catch (JsonException exception)
        {
            var where = exception.LineNumber is { } line ? $"line {line + 1}, column {exception.BytePositionInLine + 1}: " : "";
            refusal = $"not a trace: {where}{FirstSentence(exception.Message)}";
            return null;
        }
    }

    /// <summary>Writes a trace; the file appears whole or not at all.</summary>
    /// <returns>The path.</returns>
    public static string Write(Trace trace, string directory)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, trace.FileName);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllText(temporary, ToText(trace), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(temporary, path, overwrite: true);
        return path;
    }

    // Asked first, because other versions may have other fields.
    private static string? RefusalOf(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out var format))
            return "not a trace: it has no format";
        if (format.ValueKind != JsonValueKind.String || format.GetString() != Trace.CurrentFormat)
            return $"a trace of format {format}; this program reads {Trace.CurrentFormat}";
        if (!root.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Number)
            return "not a trace: it has no model version";
        return model.TryGetInt32(out var version) && version == ModelVersion.Current
            ? null
            : $"a trace of model version {model}; this program has model version {ModelVersion.Current}: record it again with explore";
    }

    private static string FirstSentence(string message) => message.Split(". ", 2)[0].TrimEnd('.');
}

/// <summary>How traces are written and read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(Trace))]
internal sealed partial class TraceJson : JsonSerializerContext;
