using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Every schedule, one after another, by running again from the start with one decision changed; with a bound, every
/// schedule with at most that many preemptions (Musuvathi and Qadeer, PLDI 2007). A preemption is a switch away from a
/// thread that could go on; switches at a block or an end are free. No reduction: the oracle for all that reduce.
/// </summary>
public struct DepthFirst : IStrategy
{
    private readonly int bound;
    private Decision[] decisions = new Decision[256];
    private readonly int fixedLength;
    private int length;
    private int depth;

    /// <summary>A search.</summary>
    /// <param name="preemptionsMax">Preemptions a schedule may have, or -1 for any number.</param>
    public DepthFirst(int preemptionsMax) => bound = preemptionsMax < 0 ? int.MaxValue : preemptionsMax;

    /// <summary>A search of a part of the schedules, from where it stands.</summary>
    internal DepthFirst(int preemptionsMax, Part part)
        : this(preemptionsMax)
    {
        while (decisions.Length < part.Given.Length)
            Array.Resize(ref decisions, 2 * decisions.Length);
        part.Given.CopyTo(decisions, 0);
        length = part.Given.Length;
        fixedLength = part.Fixed;
    }

    /// <summary>The decisions of this execution so far.</summary>
    internal readonly ReadOnlySpan<Decision> Taken => decisions.AsSpan(0, depth);

    /// <summary>The decisions that this execution begins with.</summary>
    internal readonly ReadOnlySpan<Decision> Given => decisions.AsSpan(0, length);

    /// <summary>What is left of this search, before an execution.</summary>
    internal readonly Part Left => new(Given.ToArray(), fixedLength);

    /// <summary>
    /// How much of the part was looked at, before an execution: the branches that are done at each decision on the way to it,
    /// each as much as all others at that decision (Knuth, Mathematics of Computation 1975). It never goes back.
    /// </summary>
    internal readonly double Fraction => FractionOf(Given[fixedLength..]);

    /// <summary>Whether the bound ever refused a preemption. If not, all schedules were searched.</summary>
    public bool BoundWasFelt { get; private set; }

    public void Begin() => depth = 0;

    /// <summary>A new execution begins, which is gone on with from where a decision is taken.</summary>
    internal void BeginAt(int decision) => depth = decision;

    public int Choose(KernelHost host, ulong enabled, int current) => Choose(enabled, current);

    /// <summary>Who runs next, on any machine.</summary>
    internal int Choose(ulong enabled, int current)
    {
        var mayGoOn = current >= 0 && (enabled >> current & 1) != 0;
        var preemptions = depth == 0 ? 0 : decisions[depth - 1].PreemptionsAfter;
        if (mayGoOn && preemptions >= bound)
        {
            BoundWasFelt = true;
            return current;
        }

        if (depth < length)
            return decisions[depth++].Chosen;
        var first = mayGoOn ? current : BitOperations.TrailingZeroCount(enabled);
        Push(new Decision
        {
            Chosen = (short)first, Current = (short)(mayGoOn ? current : -1), Rest = enabled & ~(1UL << first), PreemptionsAfter = preemptions,
            Branches = (byte)BitOperations.PopCount(enabled),
        });
        return first;
    }

    public int ChooseData(int options)
    {
        if (depth < length)
            return decisions[depth++].Chosen;
        var preemptions = depth == 0 ? 0 : decisions[depth - 1].PreemptionsAfter;
        Push(new Decision { Chosen = 0, Current = -1, Rest = (1UL << options) - 2, PreemptionsAfter = preemptions, Branches = (byte)options });
        return 0;
    }

    public bool Next()
    {
        for (var i = depth - 1; i >= fixedLength; i--)
        {
            ref var decision = ref decisions[i];
            if (decision.Rest == 0)
                continue;
            var before = i == 0 ? 0 : decisions[i - 1].PreemptionsAfter;
            decision.Chosen = (short)BitOperations.TrailingZeroCount(decision.Rest);
            decision.Rest &= decision.Rest - 1;
            decision.Deviates = true;
            decision.PreemptionsAfter = before + (decision.Current >= 0 && decision.Current != decision.Chosen ? 1 : 0);
            length = i + 1;
            return true;
        }

        return false;
    }

    /// <summary>The same, without what was decided after the first so many decisions.</summary>
    internal bool NextBelow(int decisionsMax)
    {
        depth = Math.Min(depth, decisionsMax);
        return Next();
    }

    private static double FractionOf(ReadOnlySpan<Decision> decisions)
    {
        var (done, weight) = (0.0, 1.0);
        foreach (ref readonly var decision in decisions)
        {
            weight /= decision.Branches;
            done += weight * (decision.Branches - 1 - BitOperations.PopCount(decision.Rest));
        }

        return done;
    }

    private void Push(in Decision decision)
    {
        if (depth == decisions.Length)
            Array.Resize(ref decisions, 2 * depth);
        decisions[depth++] = decision;
        length = depth;
    }

    /// <summary>Schedules that begin with some decisions, as far as they were not looked at yet.</summary>
    /// <param name="Given">The decisions that the next one begins with.</param>
    /// <param name="Fixed">How many of them all have.</param>
    internal readonly record struct Part(Decision[] Given, int Fixed)
    {
        /// <summary>All schedules.</summary>
        public static Part Whole => new([], 0);

        /// <summary>How much of it was looked at.</summary>
        public double Fraction => FractionOf(Given.AsSpan(Fixed));

        /// <summary>How much of all schedules it was at its beginning, as <see cref="Fraction"/> estimates.</summary>
        public double Weight
        {
            get
            {
                var weight = 1.0;
                for (var i = 0; i < Fixed; i++)
                    weight /= Given[i].Branches;
                return weight;
            }
        }
    }

    /// <summary>A point where there was a choice, and what of it is left.</summary>
    internal struct Decision
    {
        public ulong Rest;
        public int PreemptionsAfter;
        public short Chosen;
        public short Current;
        public byte Branches;

        /// <summary>Whether it is another one than the first that was taken here.</summary>
        public bool Deviates;
    }
}
