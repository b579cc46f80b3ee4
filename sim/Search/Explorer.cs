using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Reduction;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Looks at the schedules of a scenario on a kernel, as a plan says. An exhaustive search takes the schedules without any
/// preemption first, then all with at most one, and so on: what it finds has the fewest preemptions there are, and it
/// looks at all schedules of that bound before it stops, so that the smallest of them is reported.
/// </summary>
public static class Explorer
{
    /// <summary>Carries out a plan.</summary>
    public static SearchResult Run(SearchPlan plan, SearchProgress progress)
    {
        var expectations = ExpectationsOf(plan);
        if (plan.Reduces && expectations.FirstOrDefault(e => e.Frequency == Frequency.Invariant) is { } invariant)
        {
            throw new ScenarioException(
                $"strategy {plan.Strategy} does not come to every state, and {plan.Scenario.Name} has an invariant ({invariant.Title}): "
                + "states and depth-first do");
        }

        if (plan.Strategy == StrategyNames.States)
            return SearchStates(plan, expectations, progress);
        if (plan.IsExhaustive && plan.Reduces)
            return ReducedSearch.Run(plan, progress, DeadlineOf(plan), expectations);
        if (plan.IsExhaustive && plan.Shard != null)
            return RunShard(plan, expectations, progress);
        if (plan.IsExhaustive && plan.Workers > 1 && plan is { ExecutionsMax: null, TimeMax: null, PointsAll: false })
            return Divide(plan, expectations, progress);
        if (plan.IsExhaustive)
            return Exhaust(plan, expectations, progress);
        var tally = plan.Engine == EngineNames.Coyote ? CoyoteSearch.Run(plan, progress) : Sampling.Run(plan, progress);
        return new SearchResult(plan, tally, new Coverage(false, null), budgetSpent: false, expectations);
    }

    private static SearchResult SearchStates(SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress)
        => plan.Scenario is ProgramScenario
            ? new VisitedStates(plan, expectations, progress).Run(DeadlineOf(plan))
            : new ExecutedStates(plan, expectations, progress).Run(DeadlineOf(plan));

    // All shards look at the same schedules, whatever any of them finds: at those of the largest bound.
    private static SearchResult RunShard(SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress)
    {
        using var division = new Division(plan, progress);
        var tally = division.Run(plan.PreemptionsMax ?? -1) ?? throw new ScenarioException(string.Create(
            CultureInfo.InvariantCulture, $"--shard: executions of {plan.Scenario.Name} go on for {plan.StepsMax:N0} steps: they are not divided"));
        var covered = new Coverage(true, division.BoundWasFelt ? plan.PreemptionsMax : null);
        return new SearchResult(plan, tally, covered, budgetSpent: false, expectations);
    }

    // A budget ends a search after the first so many executions: those of one worker.
    private static SearchResult Divide(SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress)
    {
        using var division = new Division(plan, progress);
        for (var bound = plan.PreemptionsMax == null ? -1 : 0; ; bound++)
        {
            progress.Stage = bound < 0 ? "" : $"at most {bound} preemptions";
            if (division.Run(bound) is not { } tally)
                return Exhaust(plan, expectations, progress);
            if (!division.BoundWasFelt || bound == plan.PreemptionsMax || (tally.Violating > 0 && !plan.RunOn))
            {
                var covered = new Coverage(true, division.BoundWasFelt ? bound : null);
                return new SearchResult(plan, tally, covered, budgetSpent: false, expectations);
            }
        }
    }

    private static SearchResult Exhaust(SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress)
    {
        using var search = new NativeSearch<DepthFirst>(plan, progress);
        var deadline = DeadlineOf(plan);
        var left = plan.ExecutionsMax ?? long.MaxValue;
        Tally? complete = null;
        Coverage covered = default;
        for (var bound = plan.PreemptionsMax == null ? -1 : 0; ; bound++)
        {
            progress.Stage = bound < 0 ? "" : $"at most {bound} preemptions";
            var tally = search.Run(new DepthFirst(bound), left, deadline);
            if (!search.Exhausted)
            {
                complete?.AddUnseen(tally);
                return new SearchResult(plan, complete ?? tally, covered, budgetSpent: true, expectations);
            }

            left -= tally.Executions;
            complete = tally;
            covered = new Coverage(true, search.Strategy.BoundWasFelt ? bound : null);
            if (!search.Strategy.BoundWasFelt || bound == plan.PreemptionsMax || (tally.Violating > 0 && !plan.RunOn))
                return new SearchResult(plan, tally, covered, budgetSpent: false, expectations);
            if (left <= 0)
                return new SearchResult(plan, tally, covered, budgetSpent: true, expectations);
        }
    }

    /// <summary>Does independent parts side by side; the first mistake of any is thrown as it is.</summary>
    internal static void InParallel(int parts, int workers, Action<int> work)
    {
        try
        {
            Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = workers }, work);
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    /// <summary>The time stamp after which a search ends.</summary>
    internal static long DeadlineOf(SearchPlan plan)
        => plan.TimeMax is { } time ? Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;

    private static IReadOnlyList<Expectation> ExpectationsOf(SearchPlan plan)
        => new Simulation(plan.Scenario, plan.Configuration, new Engines.NativeHost<RandomWalk>(default)).Instance.Expectations;
}
