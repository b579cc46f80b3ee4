using System.Diagnostics;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>One machine, and one strategy that goes from execution to execution on it. Nothing is allocated for an execution.</summary>
internal class NativeSearch<TStrategy> : IDisposable
    where TStrategy : struct, IStrategy
{
    private const int ProgressInterval = 256;

    private readonly StandingCheck check;
    private readonly SearchProgress progress;
    private readonly SearchPlan plan;

    public NativeSearch(SearchPlan plan, SearchProgress progress)
    {
        Host = plan.PointsAll
            ? new ThreadedHost<TStrategy>(default, pointsAll: true) { StepsMax = plan.StepsMax }
            : new NativeHost<TStrategy>(default) { StepsMax = plan.StepsMax };
        Simulation = new Simulation(plan.Scenario, plan.Configuration, Host);
        check = new StandingCheck(Host);
        this.progress = progress;
        this.plan = plan;
    }

    /// <summary>The strategy as it stands after a run.</summary>
    public TStrategy Strategy => Host.Strategy;

    /// <summary>Whether the last run ended because the strategy had no other execution.</summary>
    public bool Exhausted { get; private set; }

    /// <summary>Whether the last run was interrupted: its strategy stands at the execution that comes next.</summary>
    public bool Paused { get; private set; }

    /// <summary>Whether the last run ended at an execution without end: of a program that has one there is no end of them either.</summary>
    public bool IsEndless { get; private set; }

    /// <summary>Called with the strategy now and then, before its next execution.</summary>
    public Action<TStrategy>? Look { get; set; }

    /// <summary>The machine.</summary>
    protected StrategyHost<TStrategy> Host { get; }

    /// <summary>The scenario on it.</summary>
    protected Simulation Simulation { get; }

    /// <summary>Gives the machine up.</summary>
    public void Dispose() => (Host as IDisposable)?.Dispose();

    /// <summary>An empty tally for the scenario.</summary>
    public Tally NewTally() => new(Simulation.Instance.Expectations.Length, plan.TracesOutcomes);

    /// <summary>Runs executions for what the strategy sees in them; what they come to is not counted.</summary>
    /// <returns>False if one was cut at the limit of steps, which ends it.</returns>
    public bool Repeat(TStrategy strategy, int executions)
    {
        Host.Strategy = strategy;
        for (var i = 0; i < executions; i++)
        {
            Simulation.Execute();
            if (Host.Steps >= plan.StepsMax)
                return false;
            if (!Host.Strategy.Next())
                return true;
        }

        return true;
    }

    /// <summary>Runs one execution after another.</summary>
    /// <param name="strategy">Who chooses; it starts afresh.</param>
    /// <param name="executionsMax">Executions after which to stop; at least 1.</param>
    /// <param name="deadline">The time stamp after which to stop at the end of an execution.</param>
    /// <param name="interruption">When to pause; null for never.</param>
    /// <returns>What they came to.</returns>
    public Tally Run(TStrategy strategy, long executionsMax, long deadline, Interruption? interruption = null)
    {
        Host.Strategy = strategy;
        Paused = IsEndless = false;
        var tally = NewTally();
        for (long number = 0; ; number++)
        {
            var end = Execute(tally, number);
            Exhausted = !Host.Strategy.Next();
            if (end == ExecutionEnd.Violated)
                progress.AddViolating(1);
            if (number % ProgressInterval == 0)
            {
                Look?.Invoke(Host.Strategy);
                progress.Add(ProgressInterval);
            }

            IsEndless = end == ExecutionEnd.Cut && plan.IsExhaustive && !plan.Scenario.HasKernel && Host.Steps >= plan.StepsMax;
            if (IsEndless || Exhausted || number + 1 >= executionsMax)
                return tally;
            if (deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline)
                return tally;
            Paused = interruption is { IsDue: true };
            if (Paused)
                return tally;
        }
    }

    /// <summary>Runs the execution that the strategy stands at, and counts it.</summary>
    /// <param name="tally">Where.</param>
    /// <param name="number">Its number in this run.</param>
    protected virtual ExecutionEnd Execute(Tally tally, long number)
    {
        var end = number % StandingCheck.Interval == 0 ? check.ExecuteTwice(Simulation, number) : Simulation.Execute();
        tally.Count(Simulation, end, Host.Schedule, Host.Preemptions, Host.Steps);
        return end;
    }
}
