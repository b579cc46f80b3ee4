using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Commands;

/// <summary>A search that goes on where a checkpoint says.</summary>
/// <param name="Plan">What it does.</param>
/// <param name="Position">Where it was, to be read by the search.</param>
internal sealed record Resumption(SearchPlan Plan, BinaryReader Position)
{
    /// <summary>The search of <c>--resume</c>.</summary>
    /// <exception cref="UsageException">There is none, or the options say something else than it does.</exception>
    public static Resumption Of(ParseResult parsed, string? scenario, ScenarioCatalog scenarios)
    {
        var path = parsed.GetValue(CommonOptions.Resume)!;
        var (header, position) = Read(path);
        try
        {
            var plan = PlanOf(header, scenarios, path);
            Compare(parsed, header, path);
            if (scenario != null && scenario != header.Scenario && scenarios.Find(scenario).Text is var text && (text == null || text != header.ScenarioText))
                throw new UsageException($"{scenario}: {path} is of a search of {header.Scenario}; leave the scenario out");
            return new Resumption(
                plan with { Workers = CommonOptions.WorkersOf(parsed), TimeMax = CommonOptions.TimeOf(parsed.GetValue(CommonOptions.For)) ?? plan.TimeMax },
                position);
        }
        catch (UsageException)
        {
            position.Dispose();
            throw;
        }
    }

    private static (CheckpointHeader Header, BinaryReader Position) Read(string path)
    {
        try
        {
            return CheckpointFile.Read(path, out var refusal) ?? throw new UsageException($"--resume {path}: {refusal}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--resume {path}: {exception.Message}");
        }
    }

    private static SearchPlan PlanOf(CheckpointHeader header, ScenarioCatalog scenarios, string path)
    {
        try
        {
            var configuration = new KernelConfiguration
            {
                Design = CommonOptions.DesignOf(header.Design),
                Release = CommonOptions.ReleaseOf(header.Release),
                Without = [.. header.Without.Select(CommonOptions.FixOf)],
                FileSystem = CommonOptions.FileSystemOf(header.Fs),
            };
            return new SearchPlan(ScenarioOf(header, scenarios) with { OnlyRules = [.. header.Rules] }, configuration)
            {
                Engine = header.Engine,
                Strategy = header.Strategy,
                PreemptionsMax = header.Preemptions,
                Depth = header.Depth,
                Seed = header.Seed,
                ExecutionsMax = header.Executions,
                TimeMax = header.SecondsLeft is { } seconds ? TimeSpan.FromSeconds(Math.Max(seconds, 0.001)) : null,
                StepsMax = header.StepsMax,
                PointsAll = header.Points == "all",
                Clocks = header.Clocks,
                TracesOutcomes = header.TraceOutcome,
                Shard = CommonOptions.ShardOf(header.Shard),
            };
        }
        catch (UsageException exception)
        {
            throw new UsageException($"--resume {path}: {exception.Message.TrimEnd('\n')}");
        }
    }

    // What the file says by now does not matter.
    private static Scenario ScenarioOf(CheckpointHeader header, ScenarioCatalog scenarios) => header.ScenarioText is { } text
        ? ScenarioCatalog.RunnableOf(ScenarioFile.Load(new Diagnostics(header.Scenario, text), header.Scenario))
        : scenarios.Find(header.Scenario);

    private static void Compare(ParseResult parsed, CheckpointHeader header, string path)
    {
        (Option Option, string? Given, string? Has)[] options =
        [
            (CommonOptions.Design, parsed.GetValue(CommonOptions.Design), header.Design),
            (CommonOptions.Release, parsed.GetValue(CommonOptions.Release), header.Release),
            (CommonOptions.Without, Joined(parsed.GetValue(CommonOptions.Without)), Joined(header.Without)),
            (CommonOptions.Rule, Joined(parsed.GetValue(CommonOptions.Rule)), Joined(header.Rules)),
            (CommonOptions.Fs, parsed.GetValue(CommonOptions.Fs), header.Fs),
            (CommonOptions.Engine, parsed.GetValue(CommonOptions.Engine), header.Engine),
            (CommonOptions.Strategy, parsed.GetValue(CommonOptions.Strategy), header.Strategy),
            (CommonOptions.Preemptions, parsed.GetValue(CommonOptions.Preemptions), Text(header.Preemptions)),
            (CommonOptions.Depth, parsed.GetValue(CommonOptions.Depth), Text(header.Depth)),
            (CommonOptions.Seed, parsed.GetValue(CommonOptions.Seed), header.Seed.ToString(CultureInfo.InvariantCulture)),
            (CommonOptions.Executions, parsed.GetValue(CommonOptions.Executions), Text(header.Executions)),
            (CommonOptions.StepsMax, parsed.GetValue(CommonOptions.StepsMax), Text(header.StepsMax)),
            (CommonOptions.Points, parsed.GetValue(CommonOptions.Points), header.Points == "all" ? "all" : null),
            (CommonOptions.Clocks, parsed.GetValue(CommonOptions.Clocks) ? "" : null, header.Clocks ? "" : null),
            (CommonOptions.TraceOutcome, parsed.GetValue(CommonOptions.TraceOutcome) ? "" : null, header.TraceOutcome ? "" : null),
            (CommonOptions.ShardOption, parsed.GetValue(CommonOptions.ShardOption), header.Shard),
        ];
        foreach (var (option, given, has) in options)
        {
            if (given == null || given == has)
                continue;
            var other = has == null ? $"without {option.Name}" : $"with {option.Name} {has}";
            throw new UsageException($"{$"{option.Name} {given}".TrimEnd()}: {path} is of a search {other}; leave the option out");
        }
    }

    private static string? Joined(IEnumerable<string>? fixes)
        => fixes?.Distinct().Order(StringComparer.Ordinal).ToList() is { Count: > 0 } several ? string.Join(' ', several) : null;

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
