using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// Finds what can go on for ever although it could end, exactly for schedulers that are weakly fair: those that never keep a
/// thread from running that can go on all the time. Such a scheduler can stay in a part of the states in which each thread
/// takes a step, or cannot go on somewhere.
/// </summary>
/// <remarks>
/// A thread that ends in no state at all is meant to go on for ever, and nothing is said of it. If a maximal part is not
/// fair, a thread can go on everywhere in it and never does: then no smaller part of it is fair either.
/// </remarks>
internal sealed class Livelocks(StateGraph graph, Func<int, ulong> endedIn, ulong canEnd)
{
    private readonly Dictionary<int, int> part = [];      // a number for the states of the part that is looked at

    /// <summary>One way into each, and once around.</summary>
    public IEnumerable<Livelock> Find()
    {
        foreach (var states in graph.Cycles())
        {
            var live = ~endedIn(states[0]);
            if ((canEnd & live) == 0)
                continue;
            part.Clear();
            foreach (var state in states)
                part.Add(state, part.Count);
            var missing = LiveOnesOf(states, live) & ~MovingIn(states);
            foreach (var state in states)
                missing &= graph.EnabledIn(state);
            if (missing == 0)
                yield return Around(states[0], LiveOnesOf(states, live));
        }
    }

    private ulong LiveOnesOf(int[] states, ulong live)
    {
        var seen = canEnd;                               // a thread that never ends and never runs has no bit anywhere
        foreach (var state in states)
            seen |= graph.EnabledIn(state);
        return seen & live;
    }

    private ulong MovingIn(int[] states)
    {
        var moving = 0UL;
        foreach (var state in states)
        {
            foreach (ref readonly var edge in graph.From(state))
                moving |= part.ContainsKey(edge.To) ? 1UL << edge.Thread : 0;
        }

        return moving;
    }

    // A walk that shows that the part is fair: for each thread to a step of it, or to where it cannot go on; and back.
    private Livelock Around(int start, ulong live)
    {
        var walk = new List<Edge>();
        var at = start;
        var open = live & graph.EnabledIn(start);
        while (open != 0)
        {
            var thread = BitOperations.TrailingZeroCount(open);
            var from = walk.Count;
            Append(walk, ref at, edge => edge.Thread == thread || (graph.EnabledIn(edge.To) >> thread & 1) == 0);
            for (var i = from; i < walk.Count; i++)
                open &= ~(1UL << walk[i].Thread) & graph.EnabledIn(walk[i].To);
        }

        if (at != start || walk.Count == 0)
            Append(walk, ref at, edge => edge.To == start);
        return new Livelock(start, [.. walk], live);
    }

    // The shortest way within the part to a step that is wanted.
    private void Append(List<Edge> walk, ref int at, Func<Edge, bool> isWanted)
    {
        var cameBy = new Dictionary<int, Edge>();
        var open = new Queue<int>([at]);
        while (open.TryDequeue(out var state))
        {
            foreach (var edge in graph.From(state))
            {
                if (!part.ContainsKey(edge.To))
                    continue;
                if (isWanted(edge))
                {
                    var way = new List<Edge> { edge };
                    for (var back = state; back != at; back = cameBy[back].From)
                        way.Add(cameBy[back]);
                    way.Reverse();
                    walk.AddRange(way);
                    at = edge.To;
                    return;
                }

                if (edge.To != at && cameBy.TryAdd(edge.To, edge))
                    open.Enqueue(edge.To);
            }
        }

        Invariant.Holds(false, "in a part of the states each can be reached from each other one");
    }
}

/// <summary>A way to go on for ever.</summary>
/// <param name="Start">A state that it goes through.</param>
/// <param name="Walk">The steps from there back to it.</param>
/// <param name="Live">Threads that have not ended there, a bit each.</param>
internal sealed record Livelock(int Start, Edge[] Walk, ulong Live)
{
    /// <summary>The name of the rule that it breaks.</summary>
    public const string Rule = "livelock";

    /// <summary>What marks the end of a schedule that is to be followed so far and no further.</summary>
    public const short Stop = -1;

    /// <summary>The steps as a schedule has them.</summary>
    public IEnumerable<short> Schedule => Walk.SelectMany(e => e.Choice < 0 ? (short[])[e.Thread] : [e.Thread, e.Choice]);

    /// <summary>The finding.</summary>
    /// <param name="moving">The threads that take a step on the way round, a bit each.</param>
    /// <param name="live">Threads that have not ended.</param>
    /// <param name="nameOf">What people call a thread.</param>
    public static Finding Finding(ulong moving, ulong live, Func<int, string> nameOf)
    {
        var waiting = live & ~moving;
        var others = waiting == 0 ? "" : $", and {Names(waiting, nameOf)} waits for ever";
        return new Finding(Rule, $"{Names(moving, nameOf)} can go round and round for ever, in turns that are fair{others}");
    }

    private static string Names(ulong threads, Func<int, string> nameOf)
    {
        var names = new List<string>();
        for (; threads != 0; threads &= threads - 1)
            names.Add(nameOf(BitOperations.TrailingZeroCount(threads)));
        return string.Join(" and ", names);
    }
}
