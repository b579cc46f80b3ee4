using System.Diagnostics;
using System.Numerics;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Every state of a program of shared variables, once, and every step from it, once: breadth-first by the preemptions that
/// a state needs, as iterative context bounding with states does (Musuvathi and Qadeer, PLDI 2007). One pass covers all
/// bounds, each finding has the fewest preemptions there are, and what goes round in circles comes to an end.
/// </summary>
/// <remarks>
/// <para>
/// What a schedule may do next for nothing depends on the thread that ran last. Of the pairs (state, last thread) only
/// those with the fewest preemptions of their state matter: from any of them every thread can go on with one preemption
/// more, so a pair that is reached with more than the fewest has no step that is cheaper than theirs. A state is
/// therefore stored once, with a bit for each thread whose step was not taken yet: those that one of its last threads
/// allows are taken in the state's own layer, the others in the next one.
/// </para>
/// <para>
/// Nothing is merged but equal states, which are kept in full: pruning with sleep sets, or by DPOR, would need the
/// conditions of Godefroid (1996) and of Yang et al. (SPIN workshop 2008), and is left to searches without states.
/// </para>
/// </remarks>
internal sealed partial class VisitedStates
{
    private const int LookInterval = 4096;                // steps between looks at the clock
    private const int StatesMax = 750_000_000;
    private const int BytesOfEdge = 32;
    private const int NodesMax = 2_000_000_000;

    private readonly SearchPlan plan;
    private readonly IReadOnlyList<Expectation> expectations;
    private readonly SearchProgress progress;
    private readonly ProgramSteps steps;
    private readonly StateStore store;
    private readonly NodeLog nodes = new();
    private readonly FinalStates finals;
    private readonly int[] parts;                         // of the state that is gone on from, or of the one after it
    // Tables are for a moment there twice when they grow.
    private readonly long bytesMax = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
    private List<Level> earlier = [];                     // of the layer before
    private List<Level> levels = [];
    private long deadline;
    private long transitions;
    private int preemptions;
    private ulong canEnd;                                 // threads that end in some state
    private int layerStart;                               // the first state of the layer
    private Place place;                                  // of the layer that is gone through
    private bool isSpent;
    private long frontierBefore;                          // when progress was told last
    private long frontierSeen = Stopwatch.GetTimestamp();
    private Interruption interruption = null!;

    public VisitedStates(SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress)
    {
        if (RefusalOf(plan) is { } refusal)
            throw new ScenarioException(refusal);
        var scenario = (ProgramScenario)plan.Scenario;
        this.plan = plan;
        this.expectations = expectations;
        this.progress = progress;
        steps = new ProgramSteps(scenario.Code);
        store = new StateStore(steps.Parts);
        parts = new int[steps.Parts];
        finals = new FinalStates(plan, scenario, steps, nodes);
        progress.Unit = "transitions";
        progress.Detail = Progress;
    }

    /// <summary>Why a plan cannot be carried out by this search, in a sentence with a remedy, or null.</summary>
    public static string? RefusalOf(SearchPlan plan)
    {
        if (plan.PointsAll && plan.Scenario is not ProgramScenario)
            return $"--points all is not for --strategy {plan.Strategy}: {StrategyNames.DepthFirst} takes it";
        if (plan.ExecutionsMax != null)
            return "strategy states has no executions to count: it ends by --for or --preemptions, or when it has seen all states";
        if (plan.Scenario.WithoutRules.Contains("use-after-free"))
            return $"{plan.Scenario.Name} goes on after the use of what is freed (without rule use-after-free), whose content is no state: depth-first does";
        return plan.Scenario is ProgramScenario && plan.Scenario.WithoutRules.Contains("lock-misuse")
            ? $"{plan.Scenario.Name} goes on after a misused lock (without rule lock-misuse), which strategy states does not: depth-first does"
            : null;
    }

    /// <summary>Goes through the states.</summary>
    /// <param name="until">The time stamp after which to stop.</param>
    /// <param name="pauses">When to pause, and where an earlier search was.</param>
    public SearchResult Run(long until, Interruption pauses)
    {
        (deadline, interruption) = (until, pauses);
        if (interruption.From is { } from)
            Read(from);
        else
            Begin();
        for (; ; preemptions++)
        {
            progress.Stage = FormattableString.Invariant($"at most {preemptions} preemptions");
            while (!SearchLayer())
            {
                interruption.Save(Write);
                if (isSpent || interruption.IsStopped)
                    return Result(preemptions == 0 ? default : new Coverage(true, preemptions - 1), budgetSpent: true);
            }

            var covered = new Coverage(true, IsAnythingLeft() ? preemptions : null);
            var isFound = finals.Tally.Violating > 0 && !plan.RunOn && plan.PreemptionsMax != null;
            if (covered.PreemptionsMax == null && !FindLivelocks())
                return Result(covered, budgetSpent: true);
            if (covered.PreemptionsMax == null || preemptions == plan.PreemptionsMax || isFound)
                return Result(covered, budgetSpent: false);
        }
    }

    private SearchResult Result(Coverage covered, bool budgetSpent)
    {
        finals.Tally.States = new StateCounts(store.Count, transitions, finals.Deadlocks, store.Bytes + nodes.Bytes + steps.Bytes);
        return new SearchResult(plan, finals.Tally, covered, budgetSpent, expectations) { Interrupted = budgetSpent && interruption.IsStopped };
    }

    private void Begin()
    {
        var start = new Arrival(-1, -1, 0);
        if (steps.FaultAtStart is { } fault)
        {
            finals.Fault(fault, start);
            return;
        }

        var first = store.AddFirst();
        store.Left(first) = LookAround(start);
        nodes.Add(new Node(first, -1, 0, isFree: true));
    }

    /// <summary>Goes through all that can be reached with just so many preemptions, the shortest ways first.</summary>
    /// <returns>Whether it came to the end; if not it goes on where it was.</returns>
    private bool SearchLayer()
    {
        if (!place.IsInLayer)
            BeginLayer();
        do
        {
            for (; place.Node < place.End; place.Node++)
            {
                if (IsToPause())
                    return false;
                GoOn(place.Node, all: true);
            }

            for (; place.From < place.To; place.From++)
            {
                if (IsToPause())
                    return false;
                GoOn(place.From, nodes[place.From].IsFree);
            }
        }
        while (BeginLevel());
        place.IsInLayer = false;
        return true;
    }

    private void BeginLayer()
    {
        (earlier, levels) = (levels, earlier);
        levels.Clear();
        layerStart = preemptions == 0 ? 0 : store.Count;
        var earlierEnd = preemptions == 0 ? 0 : nodes.Count;
        place = new Place { IsInLayer = true, EarlierEnd = earlierEnd, From = earlierEnd, To = earlierEnd, Depth = -1 };
    }

    private bool BeginLevel()
    {
        place.Depth++;
        place.To = nodes.Count;
        if (place.From == place.To)
        {
            if (place.At == earlier.Count)
                return false;
            place.Depth = earlier[place.At].Depth;
        }
        else
        {
            levels.Add(new Level(place.Depth, place.From));
        }

        if (place.At == earlier.Count || earlier[place.At].Depth != place.Depth)
            return true;
        place.Node = earlier[place.At++].Start;
        place.End = place.At < earlier.Count ? earlier[place.At].Start : place.EarlierEnd;
        return true;
    }

    private bool IsToPause() => interruption.IsDue || isSpent;

    // What is left of the last layer needs another preemption.
    private bool IsAnythingLeft()
    {
        for (var state = layerStart; state < store.Count; state++)
        {
            if (store.Left(state) != 0)
                return true;
        }

        return false;
    }

    /// <summary>Takes steps from the state of a node, as far as they were not taken before.</summary>
    private void GoOn(int node, bool all)
    {
        var (state, last) = (nodes[node].State, nodes[node].Thread);
        ref var left = ref store.Left(state);
        var threads = all ? left : 1UL << last;
        if (threads == 0)
            return;
        left &= ~threads;
        store.Read(state, parts);
        for (; threads != 0; threads &= threads - 1)
        {
            Step(node, state, BitOperations.TrailingZeroCount(threads));
            if (++transitions % LookInterval == 0)
                isSpent = IsSpent();
        }
    }

    private void Step(int node, int state, int thread)
    {
        var (local, cell) = (parts[thread], steps.CellOf(thread, parts[thread]));
        var value = parts[cell];
        var step = steps.Of(thread, local, value);
        var at = new Arrival(node, thread, preemptions);
        if (step.Kind == StepKind.Faulty)
        {
            finals.Fault(steps.FaultOf(in step), at);
            return;
        }

        var next = store.Successor(state, thread, step.Local, cell, step.Value, out var isNew);
        parts[thread] = step.Local;
        parts[cell] = step.Value;
        var waits = IsWaiting(thread);
        if (waits && finals.IsCycle(thread, parts))
            finals.Cycle(parts, at, isNew);
        else if (isNew || next >= layerStart)
            Arrive(next, at, isFree: waits || steps.CellOf(thread, step.Local) < 0, isNew);
        parts[thread] = local;
        parts[cell] = value;
    }

    // Another last thread is worth noting if it allows a step for nothing that nobody was to take yet.
    private void Arrive(int state, Arrival at, bool isFree, bool isNew)
    {
        if (isNew)
            store.Left(state) = LookAround(at);
        ref var left = ref store.Left(state);
        var allowed = isFree ? left : left & 1UL << at.Thread;
        if (allowed == 0)
            return;
        if (!isFree)
            left &= ~allowed;
        nodes.Add(new Node(state, at.Node, at.Thread, isFree));
    }

    /// <summary>The threads that can go on from a new state, a bit each; notes if there are none.</summary>
    private ulong LookAround(Arrival at)
    {
        var (enabled, ended) = (0UL, 0);
        for (var thread = 0; thread < steps.Threads; thread++)
        {
            if (steps.CellOf(thread, parts[thread]) < 0)
            {
                ended++;
                canEnd |= 1UL << thread;
            }
            else if (!IsWaiting(thread))
                enabled |= 1UL << thread;
        }

        if (finals.IsBrokenInvariant(parts, at))
            return 0;
        if (ended == steps.Threads)
            finals.Complete(parts, at);
        else if (enabled == 0)
            finals.Stuck(parts, at);
        return enabled;
    }

    private bool IsWaiting(int thread)
    {
        var cell = steps.CellOf(thread, parts[thread]);
        return cell >= 0 && steps.Of(thread, parts[thread], parts[cell]).Kind == StepKind.Disabled;
    }

    // How many states there are to be nobody can tell: whether those that are left grow fewer, everybody can.
    private string Progress()
    {
        long frontier = 0;
        for (var state = 0; state < store.Count; state++)
            frontier += store.Left(state) != 0 ? 1 : 0;
        for (var node = place.From; node < nodes.Count; node++)
            frontier += !nodes[node].IsFree && store.Left(nodes[node].State) == 0 ? 1 : 0;
        var rate = (frontier - frontierBefore) / Math.Max(Stopwatch.GetElapsedTime(frontierSeen).TotalSeconds, 0.001);
        (frontierBefore, frontierSeen) = (frontier, Stopwatch.GetTimestamp());
        return FormattableString.Invariant($"{store.Count:N0} states, {frontier:N0} of them with steps left ({rate:+#,##0;-#,##0;0}/s)");
    }

    private bool IsSpent()
    {
        progress.Add(LookInterval);
        return store.Count > StatesMax || nodes.Count > NodesMax || store.Bytes + nodes.Bytes + steps.Bytes > bytesMax
            || (deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline);
    }

    private readonly record struct Level(int Depth, int Start);

    /// <summary>Where the search is in a layer.</summary>
    private struct Place
    {
        public bool IsInLayer;
        public int Depth;                                 // steps up to a state
        public int At;                                    // the next level of the layer before
        public int EarlierEnd;                            // one more than the last node of that layer
        public int Node;                                  // of that layer's level, the next one to go on from
        public int End;
        public int From;                                  // of this layer's level, the next one to go on from
        public int To;
    }
}
