using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fscrypt.Sim.Model;

namespace Fscrypt.Sim.Search.Checkpoints;

/// <summary>The first line of a checkpoint: all of a plan that decides what its search comes to.</summary>
/// <param name="Format">How the rest of the file is written.</param>
/// <param name="Model">The version of the model.</param>
/// <param name="Scenario">The scenario's name.</param>
/// <param name="ScenarioText">The file it is written in; null if it is written in C#.</param>
/// <param name="Design">What REMOVE does with the key's inodes.</param>
/// <param name="Release">The release around it.</param>
/// <param name="Without">Fixes taken out.</param>
/// <param name="Rules">The only rules that are checked; none for all.</param>
/// <param name="Fs">The file system.</param>
/// <param name="Engine">Who runs the threads.</param>
/// <param name="Strategy">Who chooses.</param>
/// <param name="Preemptions">The bound, or null.</param>
/// <param name="Depth">The depth of bugs that pct looks for.</param>
/// <param name="Seed">What sampling draws from.</param>
/// <param name="Executions">Executions after which the search ends, or null.</param>
/// <param name="SecondsLeft">Time that was left of what it may take, or null.</param>
/// <param name="StepsMax">Steps after which an execution is cut.</param>
/// <param name="Points"><c>all</c> if every release is a scheduling point, otherwise <c>coarse</c>.</param>
/// <param name="Clocks">Whether states are told apart by what happened before what.</param>
/// <param name="TraceOutcome">Whether the schedules of outcomes are kept.</param>
/// <param name="Shard">The part of the search, or null.</param>
public sealed record CheckpointHeader(
    string Format,
    int Model,
    string Scenario,
    string? ScenarioText,
    string Design,
    string Release,
    IReadOnlyList<string> Without,
    IReadOnlyList<string> Rules,
    string Fs,
    string Engine,
    string Strategy,
    int? Preemptions,
    int Depth,
    ulong Seed,
    long? Executions,
    double? SecondsLeft,
    int StepsMax,
    string Points,
    bool Clocks,
    bool TraceOutcome,
    string? Shard)
{
    /// <summary>The <see cref="Format"/> that this program writes.</summary>
    public const string CurrentFormat = "fscrypt-sim-checkpoint-3";

    private static readonly CheckpointJson Json =
        new(new JsonSerializerOptions(CheckpointJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>How it is written and read.</summary>
    public static JsonSerializerOptions Options => Json.Options;

    /// <summary>That of a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="timeLeft">What is left of its time, if that is limited.</param>
    public static CheckpointHeader Of(SearchPlan plan, TimeSpan? timeLeft) => new(
        CurrentFormat, ModelVersion.Current, plan.Scenario.Name, plan.Scenario.Text, plan.Configuration.Design.Name,
        plan.Configuration.Release.Name, [.. plan.Configuration.Without.Select(f => f.Id)], plan.Scenario.OnlyRules,
        plan.Configuration.FileSystem.Name, plan.Engine, plan.Strategy, plan.PreemptionsMax, plan.Depth, plan.Seed, plan.ExecutionsMax, timeLeft?.TotalSeconds, plan.StepsMax,
        plan.PointsAll ? "all" : "coarse", plan.Clocks, plan.TracesOutcomes, plan.Shard?.ToString());

    /// <summary>The line, without its end.</summary>
    public byte[] ToLine() => JsonSerializer.SerializeToUtf8Bytes(this, Json.CheckpointHeader);

    /// <summary>Reads a line; null, and why, if this program cannot go on from there.</summary>
    public static CheckpointHeader? FromLine(ReadOnlySpan<byte> line, out string? refusal)
    {
        refusal = "not a checkpoint";
        try
        {
            var reader = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out var format) || format.ValueKind != JsonValueKind.String)
                return null;
            refusal = format.GetString() != CurrentFormat ? $"a checkpoint of format {format}; this program reads {CurrentFormat}"
                : root.TryGetProperty("model", out var model) && model.TryGetInt32(out var version) && version == ModelVersion.Current ? null
                : $"a checkpoint of model version {model}; this program has model version {ModelVersion.Current}: begin again without --resume";
            return refusal == null ? root.Deserialize(Json.CheckpointHeader) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>How the first line of a checkpoint is written and read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CheckpointHeader))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
