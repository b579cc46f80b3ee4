using System.Diagnostics;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Sampling by Microsoft Coyote, which stops at its first finding. The schedule of that is run again on the native engine,
/// which says how many preemptions it has.
/// </summary>
internal static class CoyoteSearch
{
    // Coyote makes a new engine for each call: few calls where time is no limit.
    private const int ExecutionsPerLook = 100;

    /// <summary>Carries out a plan.</summary>
    public static Tally Run(SearchPlan plan, SearchProgress progress)
    {
        var engine = new CoyoteEngine(plan.Scenario, plan.Configuration, plan.Strategy, plan.Seed, plan.StepsMax);
        var started = Stopwatch.GetTimestamp();
        var left = plan.ExecutionsMax ?? (plan.TimeMax == null ? SearchPlan.ExecutionsDefault : long.MaxValue);
        Tally? tally = null;
        void Count(Simulation simulation, ExecutionEnd end)
        {
            tally ??= new Tally(simulation.Instance.Expectations.Length, plan.TracesOutcomes);
            progress.Add(1);
            var schedule = engine.Schedule;
            var preemptions = simulation.Violation == null ? 0 : Recording.PreemptionsOf(plan, schedule);
            tally.Count(simulation, end, schedule, preemptions, simulation.Steps);
        }

        while (left > 0)
        {
            var result = engine.Run(plan.TimeMax == null ? left : Math.Min(left, ExecutionsPerLook), Count);
            left -= result.Executions;
            if (result.Finding != null || (plan.TimeMax is { } time && Stopwatch.GetElapsedTime(started) >= time))
                break;
        }

        return tally!;
    }
}
