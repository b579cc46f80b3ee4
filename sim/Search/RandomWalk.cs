using System.Numerics;
using Fscrypt.Sim.Model.Machine;
using System.Runtime.Intrinsics.X86;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Chooses among the enabled threads with equal probability at every point. Execution i of seed s is the same whether or
/// not those before it were run.
/// </summary>
public struct RandomWalk : IStrategy
{
    private readonly ulong seed;
    private ulong execution;
    private ulong state;

    /// <summary>A walk.</summary>
    /// <param name="seed">Any number; the same gives the same schedules.</param>
    /// <param name="first">Number of the first execution.</param>
    public RandomWalk(ulong seed, ulong first = 0)
    {
        this.seed = seed;
        execution = first;
        Begin();
    }

    public void Begin() => state = SplitMix.At(seed, execution) | 1;

    public int Choose(KernelHost host, ulong enabled, int current) => Bits.At(enabled, Below(BitOperations.PopCount(enabled)));

    public int ChooseData(int options) => Below(options);

    public bool Next()
    {
        execution++;
        return true;
    }

    private int Below(int limit)
    {
        // xorshift64 (Marsaglia 2003) with the multiply of Vigna's *: enough for choosing, and three instructions.
        var next = state;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        state = next;
        return (int)(((next * 0x2545F4914F6CDD1DUL >> 32) * (ulong)limit) >> 32);
    }
}

/// <summary>Sets of threads as bits.</summary>
internal static class Bits
{
    /// <summary>The member of a set that has <paramref name="rank"/> smaller ones.</summary>
    public static int At(ulong set, int rank)
    {
        // A loop would end unpredictably, at every step of every execution: this has no branch.
        if (Bmi2.X64.IsSupported)
            return BitOperations.TrailingZeroCount(Bmi2.X64.ParallelBitDeposit(1UL << rank, set));
        while (rank-- > 0)
            set &= set - 1;
        return BitOperations.TrailingZeroCount(set);
    }
}

/// <summary>SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) as a function of seed and position.</summary>
internal static class SplitMix
{
    public static ulong At(ulong seed, ulong position)
    {
        var z = seed + ((position + 1) * 0x9E3779B97F4A7C15UL);
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ z >> 27) * 0x94D049BB133111EBUL;
        return z ^ z >> 31;
    }
}
