using System.Numerics;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>The states of a search that came to its end, and all steps between them.</summary>
internal sealed class StateGraph
{
    private readonly int[] starts;                        // of the steps of each state
    private readonly Edge[] edges;
    private readonly ulong[] enabled;

    /// <summary>A graph.</summary>
    /// <param name="states">How many states; the search begins in state 0.</param>
    /// <param name="edges">The steps, in any order. Those that end an execution are not among them.</param>
    /// <param name="enabled">The threads that can go on from each state.</param>
    public StateGraph(int states, IEnumerable<Edge> edges, ulong[] enabled)
    {
        this.enabled = enabled;
        this.edges = [.. edges];
        starts = new int[states + 1];
        foreach (ref readonly var edge in this.edges.AsSpan())
            starts[edge.From + 1]++;
        for (var state = 0; state < states; state++)
            starts[state + 1] += starts[state];
        Array.Sort(this.edges, static (a, b) => a.From != b.From ? a.From.CompareTo(b.From) : a.Thread != b.Thread ? a.Thread.CompareTo(b.Thread) : a.Choice.CompareTo(b.Choice));
    }

    /// <summary>How many states.</summary>
    public int States => starts.Length - 1;

    /// <summary>The steps from a state.</summary>
    public ReadOnlySpan<Edge> From(int state) => edges.AsSpan(starts[state], starts[state + 1] - starts[state]);

    /// <summary>The threads that can go on from a state, a bit each.</summary>
    public ulong EnabledIn(int state) => enabled[state];

    /// <summary>
    /// Parts in which each state can be reached from each other one, and that have a step: strongly connected components
    /// (Tarjan, SIAM J. Comput. 1(2), 1972), each sorted.
    /// </summary>
    public IEnumerable<int[]> Cycles()
    {
        var (number, low) = (new int[States], new int[States]);
        var (stack, path, onStack) = (new Stack<int>(), new Stack<(int State, int Next)>(), new bool[States]);
        var last = 0;
        for (var root = 0; root < States; root++)
        {
            if (number[root] != 0)
                continue;
            path.Push((root, 0));
            while (path.TryPop(out var top))
            {
                var (state, next) = top;
                if (next == 0)
                {
                    number[state] = low[state] = ++last;
                    stack.Push(state);
                    onStack[state] = true;
                }
                else
                {
                    low[state] = Math.Min(low[state], low[edges[starts[state] + next - 1].To]);
                }

                var isDeeper = false;
                for (; starts[state] + next < starts[state + 1] && !isDeeper; next++)
                {
                    var to = edges[starts[state] + next].To;
                    if (number[to] == 0)
                    {
                        path.Push((state, next + 1));
                        path.Push((to, 0));
                        isDeeper = true;
                    }
                    else if (onStack[to])
                    {
                        low[state] = Math.Min(low[state], number[to]);
                    }
                }

                if (isDeeper || low[state] != number[state])
                    continue;
                var part = new List<int>();
                int member;
                do
                {
                    member = stack.Pop();
                    onStack[member] = false;
                    part.Add(member);
                }
                while (member != state);
                if (part.Count > 1 || IsOnItself(state))
                    yield return [.. part.Order()];
            }
        }
    }

    private bool IsOnItself(int state)
    {
        foreach (ref readonly var edge in From(state))
        {
            if (edge.To == state)
                return true;
        }

        return false;
    }
}

/// <summary>A step from a state to another.</summary>
/// <param name="From">The state before.</param>
/// <param name="To">The state after.</param>
/// <param name="Thread">Whose step.</param>
/// <param name="Choice">What its choice of data came to; -1 if it made none.</param>
internal readonly record struct Edge(int From, int To, short Thread, short Choice);
