using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// The states of a program, found in the plainest way: whole rows of a machine as keys, and a 0-1 breadth-first search on
/// (state, last thread) whose cost is preemptions.
/// </summary>
internal sealed class PlainStates
{
    private readonly ProgramMachine machine;
    private readonly bool goesOnInCycles;
    private readonly int statesMax;
    private readonly LinkedList<(string State, long[] Row, int Last, int Cost)> queue = new();
    private readonly Dictionary<(string, int), int> costs = [];
    private readonly Dictionary<string, int> states = [];  // and their fewest preemptions
    private readonly HashSet<(string, int)> transitions = [];
    private readonly HashSet<string> deadlocks = [];
    private readonly HashSet<string> ends = [];            // where an execution ends although threads can go on

    public PlainStates(ProgramCode code, bool goesOnInCycles, int statesMax)
    {
        machine = new ProgramMachine(code);
        this.goesOnInCycles = goesOnInCycles;
        this.statesMax = statesMax;
        for (var thread = 0; thread < code.Threads.Length; thread++)
            machine.Advance(thread);
        if (machine.Fault != null)
            return;
        Reach(-1, 0);
        while (queue.First is { } first && states.Count <= statesMax)
        {
            queue.RemoveFirst();
            GoOn(first.Value.State, first.Value.Row, first.Value.Last, first.Value.Cost);
        }
    }

    /// <summary>Whether there are more than are of use.</summary>
    public bool IsTooMany => states.Count > statesMax;

    /// <summary>States, transitions, deadlocked states; the fewest preemptions of one of these, or -1.</summary>
    public (long States, long Transitions, long Deadlocks, int Fewest) Counts
        => (states.Count, transitions.Count, deadlocks.Count, deadlocks.Count == 0 ? -1 : deadlocks.Min(d => states[d]));

    /// <summary>States within a bound.</summary>
    public long Within(int preemptions) => states.Values.Count(c => c <= preemptions);

    private void GoOn(string state, long[] row, int last, int cost)
    {
        if (costs[(state, last)] < cost || ends.Contains(state))
            return;
        machine.Load(row);
        var threads = Enumerable.Range(0, machine.Code.Threads.Length).ToList();
        var enabled = threads.Where(machine.IsEnabled).ToList();
        if (enabled.Count == 0 && !threads.All(machine.HasEnded))
            deadlocks.Add(state);
        foreach (var thread in enabled)
        {
            machine.Load(row);
            transitions.Add((state, thread));
            machine.Step(thread);
            var waits = machine.Advance(thread) && machine.WaitsForItself(thread);
            if (machine.Fault != null)
                continue;
            if (waits && !goesOnInCycles)
            {
                ends.Add(Key());
                deadlocks.Add(Key());
            }

            Reach(thread, cost + (last >= 0 && last != thread && enabled.Contains(last) ? 1 : 0), cost);
        }
    }

    private string Key() => string.Join(' ', machine.State.ToArray());

    private void Reach(int last, int cost, int before = 0)
    {
        var key = Key();
        if (costs.TryGetValue((key, last), out var known) && known <= cost)
            return;
        costs[(key, last)] = cost;
        states[key] = states.TryGetValue(key, out var fewest) ? Math.Min(fewest, cost) : cost;
        if (cost == before)
            queue.AddFirst((key, machine.State.ToArray(), last, cost));
        else
            queue.AddLast((key, machine.State.ToArray(), last, cost));
    }
}
