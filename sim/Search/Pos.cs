using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Partial order sampling (Yuan, Yang, Gu, CAV 2018): each event gets a fresh random priority when it is announced, and the
/// enabled one with the highest runs. Those that race with it, of the enabled ones as in the paper, draw again: what came
/// second in one race has no worse chance in the next. What races is said by <see cref="Dependence"/>.
/// </summary>
public struct Pos : IStrategy
{
    private readonly ulong seed;
    private readonly long[] priority = new long[KernelHost.ThreadsMax];
    private ulong execution;
    private Draws draws;
    private int known;

    /// <summary>A search.</summary>
    /// <param name="seed">Any number; the same gives the same schedules.</param>
    /// <param name="first">Number of the first execution.</param>
    public Pos(ulong seed, ulong first = 0)
    {
        this.seed = seed;
        execution = first;
    }

    /// <summary>A thread's next event has a priority of its own, also if the one before had no rival.</summary>
    public static bool Always => true;

    public void Begin() => Begin(execution);

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        while (known < host.ThreadCount)
            priority[known++] = (long)draws.Next();
        var chosen = Bits.Highest(enabled, priority);
        ref readonly var done = ref host.Announced(chosen);
        for (var others = enabled & ~(1UL << chosen); others != 0; others &= others - 1)
        {
            var thread = BitOperations.TrailingZeroCount(others);
            if (Dependence.Race(in done, in host.Announced(thread)))
                priority[thread] = (long)draws.Next();
        }

        priority[chosen] = (long)draws.Next();                 // that of the event it announces when this one is done
        return chosen;
    }

    public int ChooseData(int options) => draws.Below(options);

    public bool Next()
    {
        execution++;
        return true;
    }

    /// <summary>A new execution begins, with a number of the caller's.</summary>
    internal void Begin(ulong number)
    {
        draws = new Draws(seed, number);
        known = 0;
    }
}
