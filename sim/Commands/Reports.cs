using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fscrypt.Sim.Cost;

namespace Fscrypt.Sim.Commands;

/// <summary>What <c>explore --json</c> prints.</summary>
public sealed record ExploreReport(
    string Tool,
    string Verb,
    string Scenario,
    string? Design,
    string? Release,
    IReadOnlyList<string> Without,
    string? Fs,
    string Engine,
    string Strategy,
    ulong Seed,
    string Verdict,
    string Covered,
    ExecutionCounts Executions,
    long? States,
    long? Transitions,
    long? Deadlocks,
    long Steps,
    IReadOnlyList<ViolationReport> Violations,
    IReadOnlyList<OutcomeReport> Outcomes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Shard = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ExpectationReport>? Expectations = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Seconds = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Rules = null);

/// <summary>How executions ended; each is counted once.</summary>
public sealed record ExecutionCounts(long Complete, long Deadlocked, long Blocked, long AwaitBlocked, long Cut);

/// <summary>A violation: the smallest schedule that shows it. Of those that break one rule the first has the trace.</summary>
/// <param name="Rule">The rule that is broken.</param>
/// <param name="Finding">What was found.</param>
/// <param name="Preemptions">Preemptions of the schedule.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Trace">Where it is written.</param>
/// <param name="Summary">One line.</param>
/// <param name="Schedule">The schedule, in the report of a shard.</param>
/// <param name="PreemptionsFewest">The fewest preemptions of all that show it, in the report of a shard.</param>
public sealed record ViolationReport(
    string Rule,
    string Finding,
    int Preemptions,
    int Steps,
    string? Trace,
    string Summary,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<short>? Schedule = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? PreemptionsFewest = null);

/// <summary>How often an expectation's condition was so, in the report of a shard.</summary>
public sealed record ExpectationReport(string Name, string Frequency, string Condition, long Held, long Asked);

/// <summary>Executions with the same results, and the trace of one of them if it was wanted.</summary>
public sealed record OutcomeReport(
    long Count,
    IReadOnlyDictionary<string, string> Registers,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Trace = null);

/// <summary>What <c>compare --json</c> prints.</summary>
public sealed record CompareReport(
    string Verb,
    string Fs,
    IReadOnlyList<CompareRow> Rows,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Seconds = null)
{
    /// <summary>Where two designs part; null if that was not asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DifferenceRow>? Differences { get; init; }

    /// <summary>The fix that was asked for, or null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Fix { get; init; }

    /// <summary>What that fix changes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FixRow>? FixRows { get; init; }
}

/// <summary>A question, and the shortest scenario in which two designs answer differently; none if there is none.</summary>
public sealed record DifferenceRow(
    string Question, string Property, int Searched, string? Scenario, string? Observation, IReadOnlyList<DifferenceAnswers> Only);

/// <summary>What one of two designs answers in some schedule, and the other one in none; whether it breaks no rule.</summary>
public sealed record DifferenceAnswers(string Design, string Answers, bool Allowed);

/// <summary>A rule, a probe or an outcome of a scenario that a fix makes a difference to.</summary>
public sealed record FixRow(string Scenario, string What, string With, string Without);

/// <summary>How often a rule is broken in a scenario on a kernel, or how often a probe is reached.</summary>
public sealed record CompareRow(
    string Scenario, string Design, string Release, string Rule, string Result, int? Preemptions, string Covered);

/// <summary>What <c>cost --json</c> prints: scenarios, or runs of one thread if none was named.</summary>
public sealed record CostReport(string Verb, string Release, IReadOnlyList<CostScenario> Scenarios, IReadOnlyList<SequentialCost> Runs);

/// <summary>What a design costs in a scenario, over all executions that came to their end.</summary>
public sealed record CostScenario(
    string Scenario, string Design, string Covered, bool Finished, long Executions, long Broken, IReadOnlyList<CostRow> Costs);

/// <summary>What <c>why --json</c> prints.</summary>
public sealed record WhyReport(
    string Verb,
    string Design,
    string Release,
    string Fs,
    int Preemptions,
    IReadOnlyList<WhyRow> Rows,
    IReadOnlyList<WhyNotReached> NotReached,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Seconds = null);

/// <summary>What breaks without something; with all watchers, and without findings of races and lock order.</summary>
public sealed record WhyRow(
    string Scenario, string Site, string Kind, string Result, string? Rule, string? Finding, int? Preemptions, string? RuleWithoutOrder,
    bool Idle, string? Reason);

/// <summary>A site that no execution of a scenario comes to.</summary>
public sealed record WhyNotReached(string Scenario, string Site);

/// <summary>What <c>bugs --json</c> prints.</summary>
public sealed record BugsReport(
    string Verb,
    IReadOnlyList<BugRow> Rows,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Seconds = null);

/// <summary>A bug: whether it was found, after how many executions depth-first, and whether nothing was with its fix in.</summary>
public sealed record BugRow(
    string Id, string? Commit, bool Found, string Rule, int? Preemptions, long? Executions, bool Clean, string Covered)
{
    /// <summary>Its short name.</summary>
    public required string Slug { get; init; }

    /// <summary>The scenario that shows it.</summary>
    public required string Scenario { get; init; }

    /// <summary>Schedules that each strategy needed; null where it did not find it.</summary>
    public required IReadOnlyDictionary<string, long?> ByStrategy { get; init; }
}

/// <summary>What <c>check-syntax --json</c> prints.</summary>
public sealed record CheckSyntaxReport(string Verb, IReadOnlyList<CheckedFile> Files);

/// <summary>A scenario file, and what is wrong in it.</summary>
public sealed record CheckedFile(string File, IReadOnlyList<SyntaxError> Errors, IReadOnlyList<SyntaxError> NotModelled);

/// <summary>A mistake in a scenario file; line and column count from 1.</summary>
public sealed record SyntaxError(int Line, int Column, string Message);

/// <summary>What <c>conform --json</c> prints; skipped says why nothing could run.</summary>
public sealed record ConformReport(string Verb, IReadOnlyList<ConformRow> Rows, string? Skipped);

/// <summary>A sequence, and how it compares.</summary>
public sealed record ConformRow(string Sequence, bool Match, string? FirstDifference);

/// <summary>The JSON that the program prints: one line, without escapes where none are needed.</summary>
public static class ReportJson
{
    private static readonly ReportContext Json =
        new(new JsonSerializerOptions(ReportContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>How reports are written, and read strictly.</summary>
    public static JsonSerializerOptions Options => Json.Options;

    /// <summary>A report as one line.</summary>
    public static string ToText(ExploreReport report) => JsonSerializer.Serialize(report, Json.ExploreReport);

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    /// <summary>Reads the report of explore; null if the text is none.</summary>
    public static ExploreReport? FromText(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, Json.ExploreReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    public static string ToText(CompareReport report) => JsonSerializer.Serialize(report, Json.CompareReport);

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    public static string ToText(CostReport report) => JsonSerializer.Serialize(report, Json.CostReport);

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    public static string ToText(WhyReport report) => JsonSerializer.Serialize(report, Json.WhyReport);

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    public static string ToText(BugsReport report) => JsonSerializer.Serialize(report, Json.BugsReport);

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    public static string ToText(CheckSyntaxReport report) => JsonSerializer.Serialize(report, Json.CheckSyntaxReport);

    /// <inheritdoc cref="ToText(ExploreReport)"/>
    public static string ToText(ConformReport report) => JsonSerializer.Serialize(report, Json.ConformReport);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExploreReport))]
[JsonSerializable(typeof(CompareReport))]
[JsonSerializable(typeof(CostReport))]
[JsonSerializable(typeof(SequentialCost[]))]
[JsonSerializable(typeof(WhyReport))]
[JsonSerializable(typeof(BugsReport))]
[JsonSerializable(typeof(CheckSyntaxReport))]
[JsonSerializable(typeof(ConformReport))]
internal sealed partial class ReportContext : JsonSerializerContext;
