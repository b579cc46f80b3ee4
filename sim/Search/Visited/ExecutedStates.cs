using System.Diagnostics;
using System.Numerics;
using System.Runtime.ExceptionServices;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// Every state of a scenario whose threads are coroutines, once, and every step from it, once: by the preemptions that a
/// state needs, as <see cref="VisitedStates"/> does for programs of shared variables, and with the same argument for why a
/// bit for each thread is enough to cover all bounds in one pass.
/// </summary>
/// <remarks>
/// A coroutine cannot be copied: a state is restored by running the schedule that led to it. From there the search goes on
/// as long as it comes to states that are new, so that most steps are taken once. A state is known by the fingerprint of
/// what <see cref="StateEncoder"/> writes down.
/// </remarks>
internal sealed partial class ExecutedStates
{
    private const int StatesMax = 750_000_000;

    private readonly SearchPlan plan;
    private readonly IReadOnlyList<Expectation> expectations;
    private readonly SearchProgress progress;
    private readonly StatesHost host;
    private readonly Simulation simulation;
    private readonly StateEncoder encoder;
    private readonly FingerprintStore states = new();
    private readonly ChunkedList<Arrived> nodes = new();
    private readonly ChunkedList<Edge> transitions = new();   // to -1 if it ended the execution
    private readonly List<ulong> endedIn = [];            // of each state the threads that have ended
    private readonly List<int> goodEnds = [];             // final states after which nothing was violated
    private readonly Stack<Pending> pending = new();
    private readonly List<short> prefix = [];             // what is run before anything is looked at
    private readonly Tally tally;
    private readonly long bytesMax = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
    private long deadline;
    private long runs;
    private long deadlocks;
    private int preemptions;
    private int position;                                 // in the prefix
    private int lastThreadAt;                             // where in it the thread stands whose step is new
    private int expected;                                 // the state at the end of what was run before, or -1
    private Arrived at;                                   // the step that is being taken, and from where
    private RunEnd end;
    private List<int>? way;                               // where a schedule leads that is only looked at
    private Interruption? interruption;
    private Place place;                                  // of the layer that is gone through
    private bool isSpent;

    public ExecutedStates(SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress)
    {
        this.plan = plan;
        this.expectations = expectations;
        this.progress = progress;
        host = new StatesHost(this) { StepsMax = plan.StepsMax };
        simulation = new Simulation(plan.Scenario, plan.Configuration, host);
        try
        {
            encoder = new StateEncoder(host, plan.Clocks, simulation.Instance.Threads, simulation.Instance.Finally, simulation.Instance.Registers);
        }
        catch (NotSupportedException exception)
        {
            throw new InternalErrorException(exception.Message, exception);
        }

        tally = new Tally(simulation.Instance.Expectations.Length, plan.TracesOutcomes);
        progress.Unit = "transitions";
    }

    /// <summary>
    /// For tests: is told the schedule by which a state was reached first, and another one that leads there. Both have the
    /// thread of each step, and the outcome of each choice of data.
    /// </summary>
    internal Action<short[], short[]>? Merged { get; init; }

    /// <summary>How a run of threads ended.</summary>
    private enum RunEnd
    {
        /// <summary>In a state from which nothing was left to do.</summary>
        Known,

        /// <summary>In a state that is new, and in which no thread can go on.</summary>
        New,

        /// <summary>In a step with a finding, or that is not gone on from.</summary>
        InStep,
    }

    /// <summary>Transitions after which the search gives up.</summary>
    public int TransitionsMax { get; init; } = int.MaxValue;

    /// <summary>Goes through the states.</summary>
    /// <param name="until">The time stamp after which to stop.</param>
    /// <param name="pauses">When to stop early, or null.</param>
    public SearchResult Run(long until, Interruption? pauses = null)
    {
        deadline = until;
        interruption = pauses;
        progress.Detail = () => FormattableString.Invariant($"{states.Count:N0} states");
        if (interruption?.From is { } from)
            Read(from);
        for (; ; preemptions++)
        {
            progress.Stage = FormattableString.Invariant($"at most {preemptions} preemptions");
            while (!SearchLayer())
            {
                interruption?.Save(Write);
                if (isSpent || interruption is { IsStopped: true })
                    return Result(preemptions == 0 ? default : new Coverage(true, preemptions - 1), budgetSpent: true);
            }

            var covered = new Coverage(true, IsAnythingLeft() ? preemptions : null);
            var isFound = tally.Violating > 0 && !plan.RunOn && plan.PreemptionsMax != null;
            if (covered.PreemptionsMax == null)
                FindLivelocks();
            if (covered.PreemptionsMax == null || preemptions == plan.PreemptionsMax || isFound)
                return Result(covered, budgetSpent: false);
        }
    }

    /// <summary>Who runs next, of a run that is under way.</summary>
    internal int Choose(ulong enabled, int current)
    {
        if (way != null)
            return Follow();
        if (position >= prefix.Count)
            return Arrive(enabled, current);
        if (position == lastThreadAt && expected >= 0)
            CheckArrival();
        host.Suspends = position >= lastThreadAt || expected >= 0;
        return prefix[position++];
    }

    /// <summary>What a choice of data comes to: first of all 0.</summary>
    internal int ChooseData(int options)
    {
        if (position < prefix.Count)
            return prefix[position++];
        for (var option = options - 1; option > 0; option--)
            pending.Push(new Pending(at.Parent, at.Thread, (short)option));
        at.Choice = 0;
        return 0;
    }

    /// <summary>No thread can go on, something was found, or the run was given up.</summary>
    internal void ThreadsEnded()
    {
        if (host.Finding?.Exception is InternalErrorException mistake)
            ExceptionDispatchInfo.Throw(mistake);         // of the search, which the machine took for one of the model
        if (way != null)
        {
            way.Add(host.Finding != null && !host.Deadlocked && simulation.BrokenInvariant < 0 ? InStep : Known());
            return;
        }

        if (position < prefix.Count)
            throw new InternalErrorException($"run {runs - 1}: the schedule {string.Join(',', prefix)} ended before step {position + 1}");
        if (end == RunEnd.Known || host.WasCut || (host.Finding != null && !host.Deadlocked && simulation.BrokenInvariant < 0))
            return;
        var state = Find(out var isNew);
        end = isNew ? RunEnd.New : RunEnd.Known;
        if (isNew)
            states.Node(state) = nodes.Add(at with { State = state });
        deadlocks += isNew && host.Deadlocked ? 1 : 0;
        host.Suspends = false;                            // the last part runs faster
    }

    // Of the states of the layer before all steps that are left; and all that follows from them without a preemption.
    /// <returns>Whether it came to the end; if not it goes on where it was.</returns>
    private bool SearchLayer()
    {
        if (!place.IsInLayer)
        {
            place = new Place(true, 0, preemptions == 0 ? 0 : states.Count);
            prefix.Clear();
            at = new Arrived(-1, -1, -1, -1);
            if (preemptions == 0 && !Run())
                return false;
        }

        if (!RunPending())
            return false;
        for (; place.State < place.End; place.State++)
        {
            // Others may be taken for nothing meanwhile.
            for (var state = place.State; states.Left(state) != 0;)
            {
                var thread = BitOperations.TrailingZeroCount(states.Left(state));
                states.Left(state) &= ~(1UL << thread);
                pending.Push(new Pending(states.Node(state), (short)thread, -1));
                if (!RunPending())
                    return false;
            }
        }

        place.IsInLayer = false;
        return true;
    }

    private bool RunPending()
    {
        while (pending.TryPop(out var next))
        {
            SetPrefix(in next);
            if (!Run())
                return false;
        }

        return true;
    }

    private void SetPrefix(in Pending next)
    {
        at = new Arrived(-1, next.Node, next.Thread, next.Choice);
        prefix.Clear();
        AppendWayTo(at, prefix);
    }

    private short[] ScheduleTo(Arrived last)
    {
        var schedule = new List<short>();
        AppendWayTo(last, schedule);
        return [.. schedule];
    }

    private void AppendWayTo(Arrived last, List<short> schedule)
    {
        for (; last.Thread >= 0; last = nodes[last.Parent])
        {
            if (last.Choice >= 0)
                schedule.Add(last.Choice);
            schedule.Add(last.Thread);
        }

        schedule.Reverse();
    }

    // Runs the prefix, and goes on from there as long as there is something new.
    private bool Run()
    {
        position = 0;
        lastThreadAt = prefix.Count - (at.Choice >= 0 ? 2 : 1);
        end = RunEnd.InStep;
        var isChecked = at.Parent >= 0 && (runs % StandingCheck.Interval == 0 || BitOperations.IsPow2(runs));
        runs++;
        expected = isChecked ? nodes[at.Parent].State : -1;
        host.Suspends = isChecked || lastThreadAt <= 0;
        var before = transitions.Count;
        var ended = simulation.Execute();
        if (end == RunEnd.InStep && at.Thread >= 0)
            transitions.Add(new Edge(StateBefore, -1, at.Thread, at.Choice));
        progress.Add(transitions.Count - before);
        if (end != RunEnd.Known)
            tally.CountEnd(simulation, ended, host.Schedule, host.Preemptions, host.Steps);
        if (end == RunEnd.New && simulation.Violation == null)
            goodEnds.Add(states.Count - 1);
        return !IsToPause();
    }

    private int StateBefore => at.Parent < 0 ? -1 : nodes[at.Parent].State;

    // The threads are in a state that a new step led to.
    private int Arrive(ulong enabled, int current)
    {
        var state = Find(out var isNew);
        if (isNew)
            states.Left(state) = enabled;
        ref var left = ref states.Left(state);
        var isFree = current < 0 || (enabled >> current & 1) == 0;
        var allowed = isFree ? left : left & 1UL << current;
        if (allowed == 0)
        {
            end = RunEnd.Known;
            return -1;
        }

        left &= ~allowed;
        var node = nodes.Add(at with { State = state });
        if (isNew)
            states.Node(state) = node;
        var thread = BitOperations.TrailingZeroCount(allowed);
        for (var others = allowed & (allowed - 1); others != 0; others &= others - 1)
            pending.Push(new Pending(node, (short)BitOperations.TrailingZeroCount(others), -1));
        at = new Arrived(-1, node, (short)thread, -1);
        return thread;
    }

    private int Find(out bool isNew)
    {
        var state = states.FindOrAdd(FingerprintStore.FingerprintOf(encoder.Encode()), out isNew);
        if (at.Thread >= 0)
            transitions.Add(new Edge(StateBefore, state, at.Thread, at.Choice));
        if (isNew)
            endedIn.Add(Ended());
        else
            Merged?.Invoke(ScheduleTo(nodes[states.Node(state)]), ScheduleTo(at));
        return state;
    }

    // One run in a thousand, and more of the first, look whether the schedule leads to the state that it led to before.
    private void CheckArrival()
    {
        if (states.Is(expected, FingerprintStore.FingerprintOf(encoder.Encode())))
            return;
        throw new InternalErrorException(
            $"run {runs - 1}: after {position} entries of the schedule {string.Join(',', prefix)} the state was not the one of the time before: "
            + "the scenario is not deterministic");
    }

    private bool IsAnythingLeft()
    {
        for (var state = 0; state < states.Count; state++)
        {
            if (states.Left(state) != 0)
                return true;
        }

        return false;
    }

    private bool IsToPause()
    {
        isSpent = transitions.Count > TransitionsMax || states.Count > StatesMax || Bytes > bytesMax
            || (deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline);
        return isSpent || interruption is { IsDue: true };
    }

    private long Bytes => states.Bytes + nodes.Bytes + transitions.Bytes + (sizeof(ulong) * (long)endedIn.Capacity);

    // A finding that depends on what happened before what ends the one history of its state that was kept: another may go on.
    private SearchResult Result(Coverage covered, bool budgetSpent)
    {
        if (!plan.Clocks && plan.Scenario.HasKernel && tally.Violations.Any(v => RuleBook.IsOfOrder(v.Rule)))
            covered = default;
        tally.States = new StateCounts(states.Count, transitions.Count, deadlocks, Bytes, AreFingerprints: true);
        return new SearchResult(plan, tally, covered, budgetSpent, expectations)
        {
            Interrupted = budgetSpent && interruption is { IsStopped: true },
        };
    }

    // A state, and the step that led to it.
    private record struct Arrived(int State, int Parent, short Thread, short Choice);

    private readonly record struct Pending(int Node, short Thread, short Choice);
}
