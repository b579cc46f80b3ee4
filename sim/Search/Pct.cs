using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): the enabled thread with
/// the highest priority runs. Priorities are random and distinct; d - 1 times, at points drawn from 1 to k, that of the
/// thread about to run becomes d - i, lower than all it began with. Of n threads, a bug of depth d is hit with probability
/// 1 / (n * k^(d-1)) or more.
/// </summary>
/// <remarks>
/// Points where only one thread can run are not counted: a change there is the same as one at the next choice, and a
/// smaller k makes a better bound. k is that of the <see cref="Profile"/>. A thread that is started gets a random priority
/// like the others. The paper's programs end under any scheduler; here one may poll for what a thread of lower priority
/// does: in an execution with more than k choices the running thread goes below all others at every k further ones.
/// </remarks>
public struct Pct : IStrategy
{
    private readonly ulong seed;
    private readonly int choicesMax;
    private readonly long[] priority = new long[KernelHost.ThreadsMax];
    private readonly int[] changes;
    private ulong execution;
    private Draws draws;
    private int depth;
    private int known;
    private int choices;
    private long lowest;

    /// <summary>A search.</summary>
    /// <param name="profile">What executions look like.</param>
    /// <param name="depth">Depth of the bugs to be found: 1 + changes of priority.</param>
    /// <param name="seed">Any number; the same gives the same schedules.</param>
    /// <param name="first">Number of the first execution.</param>
    public Pct(Profile profile, int depth, ulong seed, ulong first = 0)
    {
        this.seed = seed;
        this.depth = depth;
        choicesMax = Math.Max(1, profile.ChoicesMax);
        changes = new int[depth - 1];
        execution = first;
    }

    public void Begin() => Begin(execution, changes.Length + 1);

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        while (known < host.ThreadCount)
            priority[known++] = (long)(draws.Next() >> 2) + depth;
        choices++;
        var chosen = Bits.Highest(enabled, priority);
        for (var i = 1; i < depth; i++)
        {
            if (changes[i - 1] == choices)
                chosen = Lower(chosen, depth - i, enabled);
        }

        return choices > choicesMax && choices % choicesMax == 0 ? Lower(chosen, --lowest, enabled) : chosen;
    }

    public int ChooseData(int options) => draws.Below(options);

    public bool Next()
    {
        execution++;
        return true;
    }

    /// <summary>A new execution begins, with a number of the caller's.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="toDepth">The depth in this execution: at most that of the search.</param>
    internal void Begin(ulong number, int toDepth)
    {
        draws = new Draws(seed, number);
        depth = toDepth;
        known = choices = 0;
        lowest = 0;
        for (var i = 1; i < depth; i++)
            changes[i - 1] = 1 + draws.Below(choicesMax);
    }

    private readonly int Lower(int thread, long to, ulong enabled)
    {
        priority[thread] = to;
        return Bits.Highest(enabled, priority);
    }
}
