using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// From which step of a trace on nothing could be saved any more: from the state after it no schedule leads to an end without a
/// violation. Known where all states of the scenario are.
/// </summary>
/// <param name="Step">The step, counted from 1; 0 if no schedule at all ends well.</param>
public readonly record struct PointOfNoReturn(int Step)
{
    // Scenarios with more steps between states are left alone: a story should not take minutes.
    private const int TransitionsMax = 300_000;

    /// <summary>The point of a trace; null if there are too many states to know, or if it is never too late.</summary>
    /// <param name="plan">What the trace was found with.</param>
    /// <param name="trace">The trace.</param>
    public static PointOfNoReturn? Of(SearchPlan plan, Trace trace)
    {
        var clocks = plan.Scenario.HasKernel && RuleBook.IsOfOrder(trace.Rule);
        var all = plan with
        {
            Engine = EngineNames.Native, Strategy = StrategyNames.States, PreemptionsMax = null, StepsMax = int.MaxValue, RunOn = true,
            ExecutionsMax = null, TimeMax = null, Clocks = clocks, TracesOutcomes = false,
        };
        var search = new ExecutedStates(all, [], new SearchProgress(null)) { TransitionsMax = TransitionsMax };
        var result = search.Run(long.MaxValue);
        if (result.BudgetSpent || !result.Covered.Exhaustive)
            return null;
        var good = search.StatesThatCanEndWell();
        var way = search.StatesOn([.. trace.Schedule.Where(s => s != Livelock.Stop)]);
        for (var step = 0; step < way.Count; step++)
        {
            if (way[step] == -1)
                return null;
            if (way[step] == ExecutedStates.InStep || !good[way[step]])
                return new PointOfNoReturn(step);
        }

        return null;
    }
}
