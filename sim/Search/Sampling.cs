using System.Diagnostics;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Draws schedules. Execution i depends on the plan and i only, so that any number of workers, each with a part of the
/// numbers, comes to the same result.
/// </summary>
internal static class Sampling
{
    // Executions that a worker takes at once: few enough that none has to wait for another at the end.
    private const int TakesOfAWorker = 8;
    private const int TakenMin = 100;
    private const int TakenMax = 4000;

    /// <summary>Carries out a plan.</summary>
    public static SearchResult Run(
        SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress, Interruption interruption)
    {
        var deadline = Explorer.DeadlineOf(plan);
        var tally = new Tally(expectations.Count, plan.TracesOutcomes);
        var ranges = RangesOf(plan, tally, interruption);
        var profile = plan.Strategy is StrategyNames.Random or StrategyNames.Pos ? null : Profile.Of(plan);
        if (plan.TimeMax == null)
        {
            var all = ranges.Total + tally.Executions;
            progress.Begin(() => all == 0 ? 1 : 1 - ((double)ranges.Total / all));
        }

        for (var isOver = false; !isOver;)
        {
            isOver = plan.Strategy switch
            {
                StrategyNames.Random => Run(first => new RandomWalk(plan.Seed, first)),
                StrategyNames.Pct => Run(first => new Pct(profile!, plan.Depth, plan.Seed, first)),
                StrategyNames.Pos => Run(first => new Pos(plan.Seed, first)),
                StrategyNames.Surw => Run(first => new Surw(profile!, plan.Seed, first)),
                StrategyNames.Portfolio => Run(first => new Portfolio(profile!, plan.Depth, plan.Seed, first)),
                var other => throw new ArgumentException($"no sampling strategy is called {other}", nameof(plan)),
            };
            if (ranges.Count > 0)
                interruption.Save(Write);
            isOver |= interruption.IsStopped;
        }

        return new SearchResult(plan, tally, new Coverage(false, null), budgetSpent: false, expectations)
        {
            Interrupted = interruption.IsStopped && ranges.Count > 0, IsPrefix = ranges.Count <= 1,
        };

        bool Run<TStrategy>(Func<ulong, TStrategy> from)
            where TStrategy : struct, IStrategy
            => Sampling.Run(plan, ranges, tally, from, progress, interruption, deadline);

        void Write(BinaryWriter to)
        {
            ranges.Write(to);
            tally.Write(to);
        }
    }

    private static Ranges RangesOf(SearchPlan plan, Tally tally, Interruption interruption)
    {
        if (interruption.From is { } from)
        {
            var left = new Ranges(from);
            tally.Read(from);
            return left;
        }

        var total = plan.ExecutionsMax ?? (plan.TimeMax == null ? SearchPlan.ExecutionsDefault : long.MaxValue);
        return new Ranges(plan.Shard?.Start(total) ?? 0, plan.Shard?.End(total) ?? total);
    }

    // Whether it is at its end, or its time is over; otherwise it is interrupted.
    private static bool Run<TStrategy>(
        SearchPlan plan, Ranges ranges, Tally tally, Func<ulong, TStrategy> from, SearchProgress progress, Interruption interruption, long deadline)
        where TStrategy : struct, IStrategy
    {
        var total = ranges.Total;
        // What a time allows is a prefix of one sequence: executions 0 to n, one after another.
        var workers = plan.TimeMax == null ? (int)Math.Clamp(total, 1, plan.Workers) : 1;
        var taken = Math.Clamp(total / workers / TakesOfAWorker, TakenMin, TakenMax);
        var tallies = new Tally[workers];
        var isPaused = false;
        Explorer.InParallel(workers, workers, worker =>
        {
            using var search = new NativeSearch<TStrategy>(plan, progress);
            var mine = tallies[worker] = search.NewTally();
            while (ranges.Take(taken) is { } range)
            {
                var part = search.Run(from((ulong)range.From), range.Count, deadline, interruption);
                ranges.Return(range with { From = range.From + part.Executions });
                mine.Add(part);
                if (search.Paused)
                    Volatile.Write(ref isPaused, true);
                if (search.Paused || Volatile.Read(ref isPaused) || Stopwatch.GetTimestamp() >= deadline)
                    return;
            }
        });
        foreach (var part in tallies)
            tally.Add(part);
        return !isPaused;
    }
}
