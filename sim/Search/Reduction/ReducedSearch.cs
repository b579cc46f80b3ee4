using System.Diagnostics;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;
using Fscrypt.Sim.Search.Reduction.Executions;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// A search of one execution a trace. It finds them on the program's own machine; each is then run as any other
/// execution, which counts it, and would notice if the two machines were not of one mind.
/// </summary>
internal sealed class ReducedSearch
{
    private const int ProgressInterval = 256;

    private readonly SearchPlan plan;
    private readonly SearchProgress progress;
    private readonly NativeHost<Prescribed> host;
    private readonly Simulation simulation;
    private readonly StandingCheck check;
    private readonly Path path;
    private readonly PathEnds ends;
    private readonly Reducer reducer;
    private readonly bool hasAwait;
    private readonly Tally tally;
    private readonly Tally unseen;
    private long done;                                    // executions

    private ReducedSearch(SearchPlan plan, SearchProgress progress)
    {
        (this.plan, this.progress) = (plan, progress);
        var code = ((ProgramScenario)plan.Scenario).Code;
        host = new NativeHost<Prescribed>(new Prescribed()) { StepsMax = plan.StepsMax };
        simulation = new Simulation(plan.Scenario, plan.Configuration, host);
        check = new StandingCheck(host);
        path = new Path(code);
        ends = new PathEnds(path, endsAtCycles: plan.Scenario.Checks("deadlock"));
        reducer = plan.Strategy == StrategyNames.SleepSets ? new SleepSets(path, plan.StepsMax) : new OptimalReduction(path, plan.StepsMax);
        hasAwait = code.Threads.Any(t => t.Code.Any(i => i.Kind == InstructionKind.Await));
        tally = new Tally(simulation.Instance.Expectations.Length, plan.TracesOutcomes);
        unseen = new Tally(simulation.Instance.Expectations.Length);
    }

    /// <summary>Why a reducing strategy does not do what a plan asks for, with what does; or null.</summary>
    public static string? RefusalOf(SearchPlan plan)
        => plan.PointsAll && plan.Scenario is not ProgramScenario
            ? $"--points all is not for --strategy {plan.Strategy}: {StrategyNames.DepthFirst} takes it"
        : plan.PreemptionsMax != null
            ? $"--preemptions with --strategy {plan.Strategy} would miss schedules within the bound "
                + $"(Coons, Musuvathi and McKinley, OOPSLA'13): states and {StrategyNames.DepthFirst} are the strategies that take it"
        : plan.Scenario is ProgramScenario && plan.Scenario.WithoutRules.Contains("lock-misuse")
            ? $"without rule lock-misuse, --strategy {plan.Strategy} cannot tell where an execution ends: {StrategyNames.DepthFirst} can"
        : null;

    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">What to do; without a <see cref="RefusalOf"/>.</param>
    /// <param name="progress">To be told how far it is.</param>
    /// <param name="deadline">The time stamp after which to stop at the end of an execution.</param>
    /// <param name="expectations">What the scenario expects.</param>
    /// <param name="interruption">When to stop.</param>
    public static SearchResult Run(
        SearchPlan plan, SearchProgress progress, long deadline, IReadOnlyList<Expectation> expectations, Interruption interruption)
    {
        if (RefusalOf(plan) is { } refusal)
            throw new ScenarioException(refusal);
        if (plan.Scenario is not ProgramScenario)
            return ExecutionSearch.Run(plan, progress, deadline, expectations, interruption);
        var search = new ReducedSearch(plan, progress);
        if (interruption.From is { } from)
            search.Read(from);
        var exhausted = search.Go(plan.ExecutionsMax ?? long.MaxValue, deadline, interruption);
        search.tally.AddUnseen(search.unseen);
        return new SearchResult(plan, search.tally, new Coverage(exhausted, null), !exhausted && search.tally.Cut == 0, expectations)
        {
            Interrupted = !exhausted && interruption.IsStopped,
        };
    }

    /// <returns>Whether every trace was looked at.</returns>
    private bool Go(long executionsMax, long deadline, Interruption interruption)
    {
        while (done < executionsMax)
        {
            var number = done;
            var end = path.BeginsWithFault && number == 0 ? PathEnd.Maximal : reducer.Next();
            if (end == PathEnd.Exhausted)
                return true;
            if (end == PathEnd.Blocked)
                tally.CountBlocked(hasAwait && plan.Strategy == StrategyNames.Dpor, path.Length);
            else
                Count(number);
            done++;
            if (number % ProgressInterval == 0)
                progress.Add(ProgressInterval);
            if (path.BeginsWithFault)
                return true;
            // One endless execution is like the next: nothing can be proved any more.
            if (end == PathEnd.Cut)
                return false;
            var isSpent = deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline;
            if (!interruption.IsDue && !isSpent)
                continue;
            interruption.Save(Write);
            if (isSpent || interruption.IsStopped)
                return false;
        }

        interruption.Save(Write);
        return reducer.Next() == PathEnd.Exhausted;
    }

    private void Write(BinaryWriter to)
    {
        to.Write(done);
        tally.Write(to);
        unseen.Write(to);
        reducer.Write(to);
    }

    private void Read(BinaryReader from)
    {
        done = from.ReadInt64();
        tally.Read(from);
        unseen.Read(from);
        reducer.Read(from);
    }

    private void Count(long number)
    {
        ends.Find();
        for (var i = 0; i < ends.Count; i++)
        {
            ends.Make(i);
            host.Strategy.Set(ends.Schedule);
            var end = number % StandingCheck.Interval == 0 ? check.ExecuteTwice(simulation, number) : simulation.Execute();
            if (!host.Strategy.WasFollowed)
            {
                throw new InternalErrorException(
                    $"a schedule that {plan.Strategy} worked out ends in another way: {string.Join(',', ends.Schedule.ToArray())}");
            }

            (i == 0 ? tally : unseen).Count(simulation, end, host.Schedule, host.Preemptions, host.Steps);
        }
    }
}
