namespace Fscrypt.Sim.Search;

/// <summary>
/// Draws schedules. Execution i depends on the plan and i only, so that any number of workers, each with a part of the
/// numbers, comes to the same result.
/// </summary>
internal static class Sampling
{
    /// <summary>Carries out a plan.</summary>
    public static Tally Run(SearchPlan plan, SearchProgress progress)
    {
        var profile = plan.Strategy is StrategyNames.Random or StrategyNames.Pos ? null : Profile.Of(plan);
        return plan.Strategy switch
        {
            StrategyNames.Random => Run(plan, progress, first => new RandomWalk(plan.Seed, first)),
            StrategyNames.Pct => Run(plan, progress, first => new Pct(profile!, plan.Depth, plan.Seed, first)),
            StrategyNames.Pos => Run(plan, progress, first => new Pos(plan.Seed, first)),
            StrategyNames.Surw => Run(plan, progress, first => new Surw(profile!, plan.Seed, first)),
            StrategyNames.Portfolio => Run(plan, progress, first => new Portfolio(profile!, plan.Depth, plan.Seed, first)),
            var other => throw new ArgumentException($"no sampling strategy is called {other}", nameof(plan)),
        };
    }

    private static Tally Run<TStrategy>(SearchPlan plan, SearchProgress progress, Func<ulong, TStrategy> from)
        where TStrategy : struct, IStrategy
    {
        var deadline = Explorer.DeadlineOf(plan);
        var total = plan.ExecutionsMax ?? (plan.TimeMax == null ? SearchPlan.ExecutionsDefault : long.MaxValue);
        var start = plan.Shard?.Start(total) ?? 0;
        total = plan.Shard?.End(total) - start ?? total;
        // What a time allows is a prefix of one sequence: executions 0 to n, one after another.
        var workers = plan.TimeMax == null ? (int)Math.Clamp(total, 1, plan.Workers) : 1;
        var tallies = new Tally[workers];
        Explorer.InParallel(workers, workers, worker =>
        {
            var first = total / workers * worker;
            var count = worker == workers - 1 ? total - first : total / workers;
            using var search = new NativeSearch<TStrategy>(plan, progress);
            tallies[worker] = search.Run(from((ulong)(start + first)), count, deadline);
        });
        for (var i = 1; i < workers; i++)
            tallies[0].Add(tallies[i]);
        return tallies[0];
    }
}
