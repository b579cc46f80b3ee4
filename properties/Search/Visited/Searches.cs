using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>Searches as these tests want them: to the last bound, whatever is found on the way.</summary>
internal static class Searches
{
    // They depend on clocks, which are no part of a state, and end what is run: a scenario that shows them is compared without them.
    private static readonly string[] OfClocks = ["data-race", "lock-order", "use-after-free"];

    public static SearchPlan Plan(Scenario scenario, int? bound, KernelConfiguration? configuration = null)
        => new(scenario, configuration ?? new KernelConfiguration()) { Strategy = StrategyNames.States, PreemptionsMax = bound, RunOn = true };

    /// <summary>A search of states of coroutines, for programs too.</summary>
    public static SearchResult Executed(SearchPlan plan, Action<short[], short[]>? merged = null)
        => new ExecutedStates(plan, [], new SearchProgress(null)) { Merged = merged }.Run(long.MaxValue);

    public static SearchResult DepthFirst(SearchPlan plan, long? executionsMax = null)
        => Explorer.Run(plan with { Strategy = StrategyNames.DepthFirst, ExecutionsMax = executionsMax }, new SearchProgress(null));

    /// <summary>The outcomes, and how often each came.</summary>
    public static List<string> Counted(Tally tally)
        => [.. tally.Outcomes.Select(o => FormattableString.Invariant($"{o.Count} {o}")).Order(StringComparer.Ordinal)];

    public static List<string> Outcomes(Tally tally) => [.. tally.Outcomes.Select(o => o.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>The rules that were broken, each with the fewest preemptions.</summary>
    public static List<string> Rules(Tally tally)
        =>
        [
            .. tally.Violations.Where(v => !OfClocks.Contains(v.Rule)).GroupBy(v => v.Rule)
                .Select(g => FormattableString.Invariant($"{g.Key} at {g.Min(v => v.PreemptionsFewest)}")).Order(StringComparer.Ordinal),
        ];
}
