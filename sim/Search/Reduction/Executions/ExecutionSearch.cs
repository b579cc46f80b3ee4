using System.Diagnostics;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>A search of one execution a trace, of any scenario, on the machine that runs it.</summary>
/// <remarks>
/// A cycle of threads that wait for each other ends no execution here: it is there in whatever order the others go on. What
/// is counted is what any other search would have run: the execution up to the cycle. And where a search finds that steps do
/// not commute that it took to, it begins anew: that happens a few times, and early.
/// </remarks>
internal sealed class ExecutionSearch
{
    private const int ProgressInterval = 256;

    private readonly SearchPlan plan;
    private readonly SearchProgress progress;
    private readonly CourseReducer reducer;
    private readonly NativeHost<Following> host;
    private readonly Simulation simulation;
    private readonly StandingCheck check;
    private readonly Tally tally;
    private readonly Tally unseen;
    private long done;                                    // executions

    private ExecutionSearch(SearchPlan plan, SearchProgress progress, AccessLog? earlier)
    {
        (this.plan, this.progress) = (plan, progress);
        reducer = plan.Strategy == StrategyNames.SleepSets ? new CourseSleepSets(earlier) : new CourseOptimal(earlier);
        host = new NativeHost<Following>(new Following(reducer)) { StepsMax = plan.StepsMax };
        simulation = new Simulation(plan.Scenario, plan.Configuration, host);
        host.Log = reducer.Log;
        check = new StandingCheck(host);
        tally = new Tally(simulation.Instance.Expectations.Length, plan.TracesOutcomes);
        unseen = new Tally(simulation.Instance.Expectations.Length);
    }

    /// <summary>Carries out a plan without a bound.</summary>
    public static SearchResult Run(
        SearchPlan plan, SearchProgress progress, long deadline, IReadOnlyList<Expectation> expectations, Interruption interruption)
    {
        var search = new ExecutionSearch(plan, progress, earlier: null);
        if (interruption.From is { } from)
            search.Read(from);
        var exhausted = search.Go(plan.ExecutionsMax ?? long.MaxValue, deadline, interruption);
        while (search.reducer.Log.HasLearned)
        {
            search = new ExecutionSearch(plan, progress, search.reducer.Log);
            exhausted = search.Go(plan.ExecutionsMax ?? long.MaxValue, deadline, interruption);
        }

        search.tally.AddUnseen(search.unseen);
        return new SearchResult(plan, search.tally, new Coverage(exhausted, null), !exhausted && search.tally.Cut == 0, expectations)
        {
            Interrupted = !exhausted && interruption.IsStopped,
        };
    }

    /// <returns>Whether every trace was looked at.</returns>
    private bool Go(long executionsMax, long deadline, Interruption interruption)
    {
        var log = reducer.Log;
        while (done < executionsMax)
        {
            var number = done++;
            host.GoesOnAtCycles = true;
            var end = simulation.Execute();
            var isEndless = host.Steps >= plan.StepsMax && end == ExecutionEnd.Cut && host.GivenUp == null;
            reducer.End(host, isEndless, host.AllEnded);
            if (reducer.WasBlocked)
                tally.CountBlocked(reducer.SawWaiting && plan.Strategy == StrategyNames.Dpor, host.Steps);
            else
                Count(number, end);
            if (number % ProgressInterval == 0)
                progress.Add(ProgressInterval);
            if (log.HasLearned)
                return false;
            if (isEndless)
                return false;                            // one endless execution is like the next
            if (!host.Strategy.Next())
                return true;
            var isSpent = done == executionsMax || (deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline);
            if (!interruption.IsDue && !isSpent)
                continue;
            interruption.Save(Write);
            if (isSpent || interruption.IsStopped)
                return false;
        }

        return false;
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

    private void Count(long number, ExecutionEnd end)
    {
        var cycle = host.StepsToCycle > 0;
        var isSeen = !cycle || end != ExecutionEnd.Violated || !host.Deadlocked;
        if (isSeen)
        {
            if (number % StandingCheck.Interval == 0)
                CheckAgain(number, end);
            tally.Count(simulation, end, host.Schedule, host.Preemptions, host.Steps);
        }

        if (!cycle)
            return;
        host.GoesOnAtCycles = false;
        end = simulation.Execute();
        Debug.Assert(end == ExecutionEnd.Violated, "a cycle is found a second time");
        (isSeen ? unseen : tally).Count(simulation, end, host.Schedule, host.Preemptions, host.Steps);
    }

    private void CheckAgain(long number, ExecutionEnd end)
    {
        var outcome = simulation.OutcomeHash();
        if (check.ExecuteTwice(simulation, number) != end || outcome != simulation.OutcomeHash())
            throw new InternalErrorException($"execution {number}, run a second time, ended in another way");
    }
}
