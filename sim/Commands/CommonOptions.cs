using System.CommandLine;
using System.CommandLine.Parsing;
using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Reduction;

namespace Fscrypt.Sim.Commands;

/// <summary>
/// The options that mean the same everywhere. All are read as text and converted here, so that each mistake is answered
/// with what would have been right.
/// </summary>
internal static class CommonOptions
{
    // More changes of priority than anybody waits for.
    private const int DepthMost = 64;

    public static Option<string?> Design { get; } = Text("--design", "D", "what REMOVE does with the key's inodes (default drop-inode)");

    public static Option<string?> Designs { get; } = Text("--design", "D,D…", "the designs to compare, with commas (default: the two of 2019)");

    public static Option<string?> Release { get; } = Text("--release", "R", "the release around it (default v6.18)");

    public static Option<string[]> Without { get; } = new("--without")
    {
        Description = "take a fix out (repeatable)", HelpName = "FIX", Arity = ArgumentArity.OneOrMore,
    };

    public static Option<string[]> Rule { get; } = new("--rule")
    {
        Description = "check only this rule, or expectation (repeatable; default all)", HelpName = "NAME", Arity = ArgumentArity.OneOrMore,
    };

    public static Option<string?> Fs { get; } = Text("--fs", "F", "the file system: ext4, f2fs, ubifs (default ext4)");

    public static Option<string?> Engine { get; } = Text("--engine", "E", "who runs the threads: native, coyote (default native)");

    public static Option<string?> Strategy { get; } =
        Text(
            "--strategy", "S",
            "who chooses: depth-first, sleep-sets, dpor, states (exhaustive), random, pct, pos, surw, portfolio; with coyote its own");

    public static Option<string?> Seed { get; } = Text("--seed", "N", "what sampling draws from (default 1)");

    public static Option<string?> Preemptions { get; } = Text("--preemptions", "N", "bound of an exhaustive search (default 3)");

    public static Option<string?> Depth { get; } = Text("--depth", "D", "depth of the bugs that pct looks for; the largest of portfolio (default 3)");

    public static Option<string?> StepsMax { get; } = Text("--steps-max", "N", "cut an execution after N steps (default 100000)");

    public static Option<string?> Executions { get; } = Text("--executions", "N", "end after N executions");

    public static Option<string?> For { get; } = Text("--for", "TIME", "end after a time: 90s, 5m, 1h");

    public static Option<string?> Workers { get; } = Text("--workers", "N", "processors to use (default all); changes no result");

    public static Option<string?> Points { get; } = Text("--points", "all", "make every release of a lock and every plain access a scheduling point");

    public static Option<bool> Clocks { get; } =
        new("--clocks") { Description = "with states: tell them apart, too, by what happened before what, which decides data races" };

    public static Option<bool> Differences { get; } = new("--differences") { Description = "only where two designs part, a question each (default walk-and-invalidate,drop-inode)" };

    public static Option<bool> AllScenarios { get; } = new("--all") { Description = "every scenario of the library on every design, at most 1 preemption: what is broken in how many" };

    public static Option<string?> FixToCompare { get; } = Text("--fix", "FIX", "the scenarios whose result a fix changes, by its commit or slug");

    public static Option<string?> Out { get; } = Text("--out", "DIR", "where traces are written (default out)");

    public static Option<bool> Json { get; } = new("--json") { Description = "one JSON object on one line" };

    public static Option<bool> Timing { get; } = new("--timing") { Description = "say how long it took" };

    public static Option<bool> Quiet { get; } = new("--quiet") { Description = "no progress, and only verdicts and findings" };

    public static Option<bool> NoColor { get; } = new("--no-color") { Description = "no colours, no lines around tables" };

    public static Option<string?> ShardOption { get; } =
        Text("--shard", "I/N", "do part I of N of a depth-first or sampling search; merge adds the parts up");

    public static Option<string?> Checkpoint { get; } =
        Text("--checkpoint", "FILE", "write down every 30 s, and when it is interrupted, how far the search is");

    public static Option<string?> Resume { get; } =
        Text("--resume", "FILE", "go on with the search of a checkpoint, which says all but --workers and --for");

    public static Option<bool> TraceOutcome { get; } = new("--trace-outcome") { Description = "write a trace of each outcome" };

    /// <summary>The kernel that the options describe, on which the scenario makes sense.</summary>
    public static KernelConfiguration KernelOf(ParseResult parsed, Scenario scenario)
    {
        if (!scenario.HasKernel && KernelOptions.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } given)
            throw new UsageException($"{scenario.Name} has no kernel: {given.Name} makes no difference to it; leave it out");
        var configuration = KernelOf(parsed);
        return scenario.RefusalOf(configuration) is { } refusal ? throw new UsageException(refusal) : configuration;
    }

    /// <summary>The kernel that the options describe.</summary>
    public static KernelConfiguration KernelOf(ParseResult parsed)
    {
        var configuration = new KernelConfiguration
        {
            Design = DesignOf(parsed.GetValue(Design)),
            Release = ReleaseOf(parsed.GetValue(Release)),
            Without = [.. (parsed.GetValue(Without) ?? []).Select(FixOf).Distinct()],
            FileSystem = FileSystemOf(parsed.GetValue(Fs)),
        };
        return configuration.Refusal() is { } refusal ? throw new UsageException(refusal) : configuration;
    }

    private static Option[] KernelOptions => [Design, Release, Without, Fs];

    /// <summary>A design by its name; the default for null.</summary>
    public static Design DesignOf(string? name) => name == null ? new KernelConfiguration().Design
        : Model.Eviction.Design.Named(name)
            ?? throw new UsageException(Nearest.Message("design", name, Model.Eviction.Design.All.Select(d => d.Name)));

    /// <summary>A release by its name; the default for null.</summary>
    public static KernelRelease ReleaseOf(string? name) => name == null ? KernelRelease.Default
        : KernelRelease.Named(name)
            ?? throw new UsageException(Nearest.Message("release", name, KernelRelease.All.Select(r => r.Name)));

    /// <summary>A file system by its name; the default for null.</summary>
    public static FileSystemType FileSystemOf(string? name) => name == null ? new KernelConfiguration().FileSystem
        : FileSystemType.Named(name)
            ?? throw new UsageException(Nearest.Message("file system", name, FileSystemType.All.Select(f => f.Name)));

    /// <summary>A fix by its commit or its slug.</summary>
    public static Fix FixOf(string id)
        => Fix.Named(id) ?? throw new UsageException(Nearest.Message("fix", id, Fix.All.Select(f => f.Slug).Concat(Fix.All.Select(f => f.Commit).OfType<string>())));

    /// <summary>A plan as the options describe it.</summary>
    public static SearchPlan PlanOf(ParseResult parsed, Scenario scenario)
    {
        var engine = NameOf(parsed.GetValue(Engine), "engine", EngineNames.All) ?? EngineNames.Native;
        var executions = NumberOf(parsed, Executions, 1, long.MaxValue);
        var time = TimeOf(parsed.GetValue(For));
        var preemptions = (int?)NumberOf(parsed, Preemptions, 0, 1_000_000);
        var samples = (executions != null || time != null) && preemptions == null;
        var named = NameOf(parsed.GetValue(Strategy), "strategy", StrategiesOf(engine));
        var depth = (int?)NumberOf(parsed, Depth, 1, DepthMost);
        var plan = new SearchPlan(scenario, KernelOf(parsed, scenario))
        {
            Engine = engine,
            Strategy = named ?? (engine == EngineNames.Coyote ? StrategyNames.Random : samples ? StrategyNames.Portfolio : StrategyNames.DepthFirst),
            Depth = depth ?? SearchPlan.DepthDefault,
            PreemptionsMax = preemptions ?? (named == null ? SearchPlan.PreemptionsDefault : null),
            Seed = (ulong?)NumberOf(parsed, Seed, 0, long.MaxValue) ?? 1,
            ExecutionsMax = executions,
            TimeMax = time,
            StepsMax = (int?)NumberOf(parsed, StepsMax, 1, int.MaxValue) ?? SearchPlan.StepsMaxDefault,
            PointsAll = PointsAllOf(parsed),
            Clocks = parsed.GetValue(Clocks),
            Workers = WorkersOf(parsed),
            TracesOutcomes = parsed.GetValue(TraceOutcome),
            Shard = ShardOf(parsed.GetValue(ShardOption)),
        };
        if (plan.Shard != null && ShardRefusal(plan) is { } impossible)
            throw new UsageException($"--shard: {impossible}");
        if (preemptions != null && !plan.IsExhaustive)
        {
            throw new UsageException(
                $"--preemptions bounds an exhaustive search; engine {engine} with strategy {plan.Strategy} samples");
        }

        if (depth != null && !plan.HasDepth)
        {
            throw new UsageException(
                $"--depth is for the strategies pct and portfolio of the native engine; engine {engine} with strategy {plan.Strategy} has none");
        }

        if (plan.Reduces && ReducedSearch.RefusalOf(plan) is { } refusal)
            throw new UsageException(refusal);
        if (plan.Clocks && (plan.Strategy != StrategyNames.States || !scenario.HasKernel))
        {
            throw new UsageException(scenario.HasKernel
                ? "--clocks is for --strategy states: other searches keep each execution's clocks"
                : "--clocks: a program of shared variables has none, so states says all there is to say of it");
        }

        if (plan.PointsAll && engine == EngineNames.Coyote)
            throw new UsageException("--points all is for the native engine");
        return AskedRules.Only(parsed, [plan])[0];
    }

    /// <summary>The strategies of an engine.</summary>
    public static IReadOnlyList<string> StrategiesOf(string engine)
        => engine == EngineNames.Coyote ? CoyoteEngine.Strategies : [.. StrategyNames.Exhaustive, .. StrategyNames.Sampling];

    public static int WorkersOf(ParseResult parsed) => (int?)NumberOf(parsed, Workers, 1, 1024) ?? Environment.ProcessorCount;

    public static bool PointsAllOf(ParseResult parsed) => parsed.GetValue(Points) switch
    {
        null => false,
        "all" => true,
        var other => throw new UsageException($"--points: '{other}' is none; there is all"),
    };

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, or null if the option was not given.</summary>
    public static long? NumberOf(ParseResult parsed, Option<string?> option, long least, long most)
    {
        if (parsed.GetValue(option) is not { } text)
            return null;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || number < least || number > most)
        {
            throw new UsageException(string.Create(CultureInfo.InvariantCulture,
                $"{option.Name}: '{text}' is no number from {least}{(most == long.MaxValue ? "" : $" to {most}")}"));
        }

        return number;
    }

    public static Shard? ShardOf(string? text)
    {
        if (text == null)
            return null;
        var parts = text.Split('/');
        if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && index >= 1 && index <= count && count <= Shard.CountMax)
        {
            return new Shard(index, count);
        }

        throw new UsageException($"--shard: '{text}' is no part; 1/4 to 4/4 are, up to {Shard.CountMax} of them");
    }

    private static string? ShardRefusal(SearchPlan plan)
        => plan.Engine == EngineNames.Coyote ? "Coyote's searches cannot be divided"
            : plan.Strategy == StrategyNames.States || plan.Reduces
                ? $"strategy {plan.Strategy} cannot be divided: what one part finds adds to others; depth-first and sampling can"
            : plan.TimeMax != null ? "the parts of a search that a time ends do not add up; give --executions"
            : plan.PointsAll ? "not with --points all"
            : plan.IsExhaustive && plan.ExecutionsMax != null ? "a part of an exhaustive search is searched whole: leave --executions out"
            : !plan.IsExhaustive && plan.Shard!.Value.Count > (plan.ExecutionsMax ?? SearchPlan.ExecutionsDefault)
                ? "there are more parts than executions"
            : null;

    public static TimeSpan? TimeOf(string? text)
    {
        if (text == null)
            return null;
        var unit = text.TrimStart('.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        var amount = text[..^unit.Length];
        var seconds = unit switch { "ms" => 0.001, "s" or "" => 1, "m" => 60, "h" => 3600, _ => 0 };
        if (!double.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number * seconds is <= 0 or > 1e9)
        {
            throw new UsageException($"--for: '{text}' is no time; 90s, 5m and 1h are");
        }

        return TimeSpan.FromSeconds(number * seconds);
    }

    private static string? NameOf(string? given, string kind, IReadOnlyList<string> valid)
        => given == null || valid.Contains(given) ? given : throw new UsageException(Nearest.Message(kind, given, valid));

    private static Option<string?> Text(string name, string value, string description)
        => new(name) { HelpName = value, Description = description, Arity = ArgumentArity.ExactlyOne };
}
