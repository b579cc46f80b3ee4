using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;
using Fscrypt.Sim.Search.Reduction;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Looks at the schedules of a scenario on a kernel, as a plan says.
/// </summary>
public static class Explorer
{
    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="progress">To be told how far it is.</param>
    /// <param name="interruption">When to pause, and where an earlier search was; null for neither.</param>
    public static SearchResult Run(SearchPlan plan, SearchProgress progress, Interruption? interruption = null)
    {
        interruption ??= new Interruption();
        var expectations = ExpectationsOf(plan);
        if (plan.Reduces && expectations.FirstOrDefault(e => e.Frequency == Frequency.Invariant) is { } invariant)
        {
            throw new ScenarioException(
                $"strategy {plan.Strategy} does not come to every state, and {plan.Scenario.Name} has an invariant ({invariant.Title}): "
                + "states and depth-first do");
        }

        if (plan.Strategy == StrategyNames.States)
        {
            return plan.Scenario is ProgramScenario
                ? new VisitedStates(plan, expectations, progress).Run(DeadlineOf(plan), interruption)
                : new ExecutedStates(plan, expectations, progress).Run(DeadlineOf(plan), interruption);
        }

        if (plan.IsExhaustive && plan.Reduces)
            return ReducedSearch.Run(plan, progress, DeadlineOf(plan), expectations, interruption);
        if (plan.IsExhaustive)
        {
            using var search = new ExhaustiveSearch(plan, expectations, progress, interruption, DeadlineOf(plan));
            return search.Run();
        }

        return plan.Engine == EngineNames.Coyote
            ? new SearchResult(plan, CoyoteSearch.Run(plan, progress), new Coverage(false, null), budgetSpent: false, expectations)
            : Sampling.Run(plan, expectations, progress, interruption);
    }

    /// <summary>Why a search cannot be written down, in a sentence with what can; or null.</summary>
    public static string? CheckpointRefusalOf(SearchPlan plan)
        => plan.Engine == EngineNames.Coyote ? "Coyote's searches cannot be gone on with; those of the native engine can"
            : null;

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

    /// <summary>What a plan's scenario expects.</summary>
    internal static IReadOnlyList<Expectation> ExpectationsOf(SearchPlan plan)
        => new Simulation(plan.Scenario, plan.Configuration, new Engines.NativeHost<RandomWalk>(default)).Instance.Expectations;
}
