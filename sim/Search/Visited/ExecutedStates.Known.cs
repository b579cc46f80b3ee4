using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Visited;

// What can be said when all states are known: what goes on for ever, and from where nothing can be saved any more.
internal sealed partial class ExecutedStates
{
    /// <summary>For each state whether some schedule leads from there to an end without a violation. After the search has ended.</summary>
    public bool[] StatesThatCanEndWell()
    {
        var good = new bool[states.Count];
        var before = new List<int>[states.Count];
        for (var i = 0; i < transitions.Count; i++)
        {
            if (transitions[i] is { From: >= 0, To: >= 0 } edge)
                (before[edge.To] ??= []).Add(edge.From);
        }

        var open = new Stack<int>(goodEnds);
        while (open.TryPop(out var state))
        {
            if (good[state])
                continue;
            good[state] = true;
            foreach (var earlier in before[state] ?? [])
                open.Push(earlier);
        }

        return good;
    }

    /// <summary>No state: an execution ended in a step.</summary>
    public const int InStep = -2;

    /// <summary>
    /// The states that a schedule leads through, the first one included; <see cref="InStep"/> where it ends in one, and -1 for a
    /// state that is not known.
    /// </summary>
    public List<int> StatesOn(ReadOnlySpan<short> schedule)
    {
        way = [];
        prefix.Clear();
        foreach (var entry in schedule)
            prefix.Add(entry);
        position = 0;
        lastThreadAt = prefix.Count;
        expected = -1;
        host.Suspends = true;
        simulation.Execute();
        return way;
    }

    private ulong Ended()
    {
        var ended = 0UL;
        for (var i = 0; i < host.ThreadCount; i++)
            ended |= Inspection.HasEnded(host.Threads[i]) ? 1UL << i : 0;
        return ended;
    }

    private void FindLivelocks()
    {
        if (!plan.Scenario.Checks(Livelock.Rule))
            return;
        var enabled = new ulong[states.Count];
        var edges = new List<Edge>();
        for (var i = 0; i < transitions.Count; i++)
        {
            var edge = transitions[i];
            if (edge.From < 0)
                continue;
            enabled[edge.From] |= 1UL << edge.Thread;
            if (edge.To >= 0)
                edges.Add(edge);
        }

        var graph = new StateGraph(states.Count, edges, enabled);
        foreach (var livelock in new Livelocks(graph, state => endedIn[state], endedIn.Aggregate(0UL, (all, ended) => all | ended)).Find())
        {
            tally.AddLivelock(plan, [.. ScheduleTo(nodes[states.Node(livelock.Start)]), .. livelock.Schedule, Livelock.Stop]);
        }
    }

    private int Follow()
    {
        way!.Add(Known());
        return position < prefix.Count ? prefix[position++] : -1;
    }

    private int Known() => states.Find(FingerprintStore.FingerprintOf(encoder.Encode()));
}
