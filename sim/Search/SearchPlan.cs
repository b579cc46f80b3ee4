using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Search;

/// <summary>Which schedules of a scenario to look at.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Configuration">The kernel it runs on.</param>
public sealed record SearchPlan(Scenario Scenario, KernelConfiguration Configuration)
{
    /// <summary>Preemptions up to which a search goes that is not told.</summary>
    public const int PreemptionsDefault = 3;

    /// <summary>Executions of a sampling search that is not told.</summary>
    public const int ExecutionsDefault = 10_000;

    /// <summary>Steps after which an execution is cut, for a search that is not told.</summary>
    public const int StepsMaxDefault = 100_000;

    /// <summary>The depth of bugs that pct looks for, if it is not told.</summary>
    public const int DepthDefault = 3;

    /// <summary>Who runs the threads: <c>native</c> or <c>coyote</c>.</summary>
    public string Engine { get; init; } = EngineNames.Native;

    /// <summary>The strategy as the command line names it.</summary>
    public string Strategy { get; init; } = StrategyNames.DepthFirst;

    /// <summary>The bound up to which an exhaustive search goes, one after another from 0; null for no bound at all.</summary>
    public int? PreemptionsMax { get; init; } = PreemptionsDefault;

    /// <summary>The depth of bugs that pct looks for; the largest one of a portfolio.</summary>
    public int Depth { get; init; } = DepthDefault;

    /// <summary>What sampling draws from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Executions after which the search ends, over all its bounds; null for no such limit.</summary>
    public long? ExecutionsMax { get; init; }

    /// <summary>Time after which the search ends, at the end of an execution; null for no such limit.</summary>
    public TimeSpan? TimeMax { get; init; }

    /// <summary>Steps after which an execution is cut.</summary>
    public int StepsMax { get; init; } = StepsMaxDefault;

    /// <summary>Whether every release and every plain access is a scheduling point.</summary>
    public bool PointsAll { get; init; }

    /// <summary>Whether states are told apart, too, by what happened before what: then data races are decided.</summary>
    public bool Clocks { get; init; }

    /// <summary>Threads of the computer that sampling may use. No result depends on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Whether to keep the smallest schedule of each outcome.</summary>
    public bool TracesOutcomes { get; init; }

    /// <summary>Which part of the search to do; null for all of it.</summary>
    public Shard? Shard { get; init; }

    /// <summary>Whether to go on to the last bound although something was found.</summary>
    public bool RunOn { get; init; }

    /// <summary>Whether every schedule is looked at, within the bound.</summary>
    public bool IsExhaustive => Engine == EngineNames.Native && StrategyNames.Exhaustive.Contains(Strategy);

    /// <summary>Whether the strategy is one that a <see cref="Depth"/> makes a difference to.</summary>
    public bool HasDepth => Engine == EngineNames.Native && Strategy is (StrategyNames.Pct or StrategyNames.Portfolio);

    /// <summary>Whether one execution stands for all that are equivalent to it.</summary>
    public bool Reduces => StrategyNames.Reducing.Contains(Strategy);

    /// <summary>What was chosen, in words. The seed matters to sampling only, and every report names it.</summary>
    public string Describe => (IsExhaustive, PreemptionsMax) switch
    {
        (false, _) when HasDepth => $"engine {Engine}, strategy {Strategy}, depth {Depth}, seed {Seed}",
        (false, _) => $"engine {Engine}, strategy {Strategy}, seed {Seed}",
        (true, null) => $"engine {Engine}, strategy {Strategy}, any number of preemptions, seed {Seed}",
        (true, 1) => $"engine {Engine}, strategy {Strategy}, at most 1 preemption, seed {Seed}",
        (true, { } most) => $"engine {Engine}, strategy {Strategy}, at most {most} preemptions, seed {Seed}",
    };
}

/// <summary>One of several parts of a search, which add up to the whole.</summary>
/// <param name="Index">Which, from 1.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct Shard(int Index, int Count)
{
    /// <summary>Parts that a search can have.</summary>
    public const int CountMax = 4096;

    /// <summary>Where the part begins of so many things.</summary>
    public long Start(long total) => (long)((Int128)total * (Index - 1) / Count);

    /// <summary>Where it ends.</summary>
    public long End(long total) => (long)((Int128)total * Index / Count);

    public override string ToString() => $"{Index}/{Count}";
}

/// <summary>The engines, by their names on the command line.</summary>
public static class EngineNames
{
    public const string Native = "native";
    public const string Coyote = "coyote";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Native, Coyote];
}

/// <summary>The strategies of the native engine, by their names on the command line.</summary>
public static class StrategyNames
{
    public const string DepthFirst = "depth-first";
    public const string States = "states";
    public const string SleepSets = "sleep-sets";
    public const string Dpor = "dpor";
    public const string Random = "random";
    public const string Pct = "pct";
    public const string Pos = "pos";
    public const string Surw = "surw";
    public const string Portfolio = "portfolio";

    /// <summary>Those that look at every schedule.</summary>
    public static IReadOnlyList<string> Exhaustive { get; } = [DepthFirst, SleepSets, Dpor, States];

    /// <summary>Those of them that look at one of several schedules that differ in the order of independent steps only.</summary>
    public static IReadOnlyList<string> Reducing { get; } = [SleepSets, Dpor];

    /// <summary>Those that draw schedules.</summary>
    public static IReadOnlyList<string> Sampling { get; } = [Random, Pct, Pos, Surw, Portfolio];
}
