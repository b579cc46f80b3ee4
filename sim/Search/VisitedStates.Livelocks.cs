using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Search;

// When all states are known: what can go on for ever.
internal sealed partial class VisitedStates
{
    // Only loops go round; and a thread that never ends is meant to.
    /// <returns>Whether memory sufficed.</returns>
    private bool FindLivelocks()
    {
        if (!plan.Scenario.Checks(Livelock.Rule) || !steps.HasLoops || canEnd == 0)
            return true;
        if (transitions > int.MaxValue / 2 || store.Bytes + nodes.Bytes + steps.Bytes + (BytesOfEdge * transitions) > bytesMax)
            return false;
        var wayTo = new int[store.Count];
        Array.Fill(wayTo, -1);
        for (var node = nodes.Count - 1; node >= 0; node--)
            wayTo[nodes[node].State] = node;
        var enabled = new ulong[store.Count];
        var edges = new List<Edge>();
        for (var state = 0; state < enabled.Length; state++)
        {
            if (wayTo[state] < 0)
                continue;                                 // executions end there
            store.Read(state, parts);
            for (var thread = 0; thread < steps.Threads; thread++)
            {
                var (local, cell) = (parts[thread], steps.CellOf(thread, parts[thread]));
                if (cell < 0)
                    continue;
                var step = steps.Of(thread, local, parts[cell]);
                if (step.Kind == StepKind.Disabled)
                    continue;
                enabled[state] |= 1UL << thread;
                if (step.Kind == StepKind.Enabled)
                    edges.Add(new Edge(state, store.Successor(state, thread, step.Local, cell, step.Value, out _), (short)thread, -1));
            }
        }

        foreach (var livelock in new Livelocks(new StateGraph(store.Count, edges, enabled), EndedIn, canEnd).Find())
            finals.Tally.AddLivelock(plan, [.. nodes.ScheduleTo(wayTo[livelock.Start], -1), .. livelock.Schedule, Livelock.Stop]);
        return true;
    }

    private ulong EndedIn(int state)
    {
        store.Read(state, parts);
        var ended = 0UL;
        for (var thread = 0; thread < steps.Threads; thread++)
            ended |= steps.CellOf(thread, parts[thread]) < 0 ? 1UL << thread : 0;
        return ended;
    }
}
