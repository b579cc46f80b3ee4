using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Bugs;

/// <summary>Looks for a bug in the kernel that has it, and for anything at all in the one that has it not.</summary>
public static class BugHunt
{
    /// <summary>Schedules that a strategy gets to find a bug.</summary>
    public const long SchedulesMost = 10_000;

    /// <summary>Schedules after which the search of a repaired kernel is given up.</summary>
    public const long BudgetOfRepaired = 2_000_000;

    /// <summary>The strategies whose schedules are counted.</summary>
    public static IReadOnlyList<string> Strategies { get; } =
        [StrategyNames.DepthFirst, StrategyNames.Dpor, StrategyNames.Random, StrategyNames.Pct, StrategyNames.Pos, StrategyNames.Surw];

    /// <summary>Hunts a bug.</summary>
    /// <param name="bug">The bug.</param>
    /// <param name="scenario">Its scenario.</param>
    /// <param name="preemptions">The bound of both exhaustive searches.</param>
    /// <param name="strategies">The strategies whose schedules are counted; none for a quick look.</param>
    /// <param name="progress">To be told how far it is.</param>
    public static BugResult Run(Bug bug, Scenario scenario, int preemptions, IReadOnlyList<string> strategies, SearchProgress progress)
    {
        SearchPlan Plan(KernelConfiguration kernel) => new(scenario, kernel) { PreemptionsMax = preemptions, ExecutionsMax = BudgetOfRepaired };
        // Other rules may be broken too, and end an execution before this one is.
        var asked = scenario with { OnlyRules = [bug.Rule] };
        var broken = Explorer.Run(Plan(bug.Broken) with { Scenario = asked }, progress);
        var found = broken.Tally.Violations.FirstOrDefault(v => v.Rule == bug.Rule);
        var repaired = Explorer.Run(Plan(bug.Repaired), progress);
        var needed = strategies.Select(s => found == null ? null : Needed(bug, new SearchPlan(asked, bug.Broken)
        {
            Strategy = s, PreemptionsMax = s == StrategyNames.DepthFirst ? preemptions : null,
        }, progress));
        return new BugResult(bug, found?.PreemptionsFewest, broken.Tally.Violations.Count == 0 ? null : broken.Tally.Violations[0].Rule, [.. needed], repaired);
    }

    /// <summary>
    /// How many schedules a strategy looks at until it has found the bug; null if it does not with so many. What a search finds in n schedules it
    /// finds in more, so that n is looked for by halves.
    /// </summary>
    private static long? Needed(Bug bug, SearchPlan plan, SearchProgress progress)
    {
        bool Finds(long schedules)
            => Explorer.Run(plan with { ExecutionsMax = schedules }, progress).Tally.Violations.Any(v => v.Rule == bug.Rule);
        var most = 1L;
        while (!Finds(most))
        {
            if (most >= SchedulesMost)
                return null;
            most = Math.Min(most * 2, SchedulesMost);
        }

        for (var least = most / 2; most - least > 1;)
        {
            var middle = (least + most) / 2;
            if (Finds(middle))
                most = middle;
            else
                least = middle;
        }

        return most;
    }
}

/// <summary>What became of the hunt for a bug.</summary>
/// <param name="Bug">The bug.</param>
/// <param name="Preemptions">The fewest preemptions that show it; null if it was not found.</param>
/// <param name="Seen">The rule that was broken with the fewest preemptions, whichever it was; null if none was.</param>
/// <param name="Needed">For each strategy the schedules it needed; null where it did not find the bug.</param>
/// <param name="Repaired">The search of the kernel that has it not.</param>
public sealed record BugResult(Bug Bug, int? Preemptions, string? Seen, IReadOnlyList<long?> Needed, SearchResult Repaired)
{
    /// <summary>Whether the bug was found.</summary>
    public bool IsFound => Preemptions != null;

    /// <summary>Whether nothing was found without it, and all schedules within the bound were looked at.</summary>
    public bool IsClean => Repaired.Verdict == Verdict.Holds;
}
