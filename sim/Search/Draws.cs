using System.Numerics;
using System.Runtime.Intrinsics.X86;

namespace Fscrypt.Sim.Search;

/// <summary>The random numbers of one execution: a function of the seed and the number of the execution, and of nothing before.</summary>
internal struct Draws
{
    private ulong state;

    public Draws(ulong seed, ulong execution) => state = SplitMix.At(seed, execution) | 1;

    /// <summary>Any number.</summary>
    public ulong Next()
    {
        // xorshift64 (Marsaglia 2003) with the multiply of Vigna's *: enough for choosing, and three instructions.
        var next = state;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        state = next;
        return next * 0x2545F4914F6CDD1DUL;
    }

    /// <summary>A number from 0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)(((Next() >> 32) * (ulong)limit) >> 32);

    /// <summary>The same for a limit of any size.</summary>
    public long Below(long limit) => (long)Math.BigMul(Next(), (ulong)limit, out _);
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

    /// <summary>The member of a set that has the highest priority.</summary>
    public static int Highest(ulong set, long[] priority)
    {
        var highest = BitOperations.TrailingZeroCount(set);
        for (set &= set - 1; set != 0; set &= set - 1)
        {
            var thread = BitOperations.TrailingZeroCount(set);
            if (priority[thread] > priority[highest])
                highest = thread;
        }

        return highest;
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
