using System.Numerics;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// Optimal dynamic partial-order reduction with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas, POPL'14 and JACM 64(4),
/// 2017): each Mazurkiewicz trace is looked at once, and no execution is begun that leads to none. At the end of each one
/// its races are reversed: from before the first step of a race, all that did not happen after that step, then the second.
/// </summary>
/// <remarks>
/// Why this one: its proof asks nothing of the steps but a happens-before relation, so locks, attempts to take one,
/// semaphores with their queues and waiting are steps like all others. TruSt (POPL'22) and Parsimonious-OPtimal DPOR
/// (CAV'24) need polynomial space, and are made for reads and writes: what a blocked thread wants, which finds deadlocks,
/// is not in them. The price: a subtree adds branches above itself, so this search cannot be divided into shards.
/// </remarks>
internal sealed class OptimalReduction(Path path, int stepsMax) : Reducer(path, stepsMax)
{
    private readonly WakeupTrees<ProgramFootprint> trees = new();
    private readonly WakeupSequence<ProgramFootprint> sequence = new();
    private readonly int[] known = new int[path.Threads];
    private bool planned;                                 // whether what follows the path is in its tree

    public override void Write(BinaryWriter to)
    {
        base.Write(to);
        trees.Write(to, Path.Length, static (to, footprint) =>
        {
            to.Write(footprint.Cell);
            to.Write(footprint.Writes);
        });
    }

    public override void Read(BinaryReader from)
    {
        base.Read(from);
        trees.Read(from, static from => new ProgramFootprint(from.ReadInt32(), from.ReadBoolean()));
    }

    protected override int Choose(ulong awake)
    {
        planned = !trees.IsEmpty(Path.Length);
        return planned ? trees.Take(Path.Length) : First(awake);
    }

    protected override bool IsDone(ulong awake) => trees.IsEmpty(Path.Length);

    protected override void Begin(int length)
    {
        if (!planned)
            trees.Clear(length);
    }

    protected override void AtEnd()
    {
        for (var step = 0; step < Path.Length; step++)
        {
            ref readonly var done = ref Path[step];
            if (done.PreviousOnCell >= 0)
                Reverse(done.Thread, Path.StateAt(step), in done.Footprint, done.PreviousOfThread, done.PreviousOnCell, done.MayBlock, done.TakesLock);
        }

        // What a thread wants that cannot go on races too, with what is in its way.
        var machine = Path.Machine;
        for (var thread = 0; thread < Path.Threads; thread++)
        {
            var footprint = machine.FootprintOf(thread);
            if ((Path.Stopped >> thread & 1) == 0 && footprint.Cell >= 0)
            {
                Reverse(
                    thread, Path.StateAt(Path.Length), in footprint, Path.LastOf(thread), Path.LastOnCell(footprint.Cell),
                    mayBlock: true, machine.Announced(thread).Kind == InstructionKind.Acquire);
            }
        }
    }

    /// <summary>Reverses the races of one step with those before it on its cell.</summary>
    /// <remarks>
    /// A race is immediate: nothing happened between the two. Where the second step can be kept from happening, what lies
    /// between may be what let it happen (a release) and cannot change places with it; then all are tried. Of a lock the last
    /// one that took it is enough.
    /// </remarks>
    private void Reverse(
        int thread, ReadOnlySpan<long> own, in ProgramFootprint footprint, int previous, int onCell, bool mayBlock, bool takesLock)
    {
        known.AsSpan().Clear();
        if (previous >= 0)
            Path.ClockOf(previous).CopyTo(known);
        var next = onCell;
        if (!footprint.Writes && next >= 0 && !Path[next].Footprint.Writes)
            next = Path[next].PreviousWrite;
        while (next >= 0)
        {
            var first = next;
            ref readonly var step = ref Path[first];
            next = footprint.Writes ? step.PreviousOnCell : step.PreviousWrite;
            if (known[step.Thread] < step.Number)
            {
                if (!mayBlock || Path.Machine.IsEnabled(thread, own, Path.StateAt(first)))
                    Plan(first, thread, own);
                if (!mayBlock)
                    Learn(first);
            }

            if (step.Footprint.Writes && (known[step.Thread] >= step.Number || (takesLock && step.TakesLock)))
                return;
        }
    }

    private void Learn(int step)
    {
        var clock = Path.ClockOf(step);
        for (var i = 0; i < known.Length; i++)
            known[i] = Math.Max(known[i], clock[i]);
    }

    /// <summary>Has a thread do its step before another step, unless that is known or planned.</summary>
    private void Plan(int before, int thread, ReadOnlySpan<long> own)
    {
        sequence.Clear();
        var initials = AsleepAt(before);
        for (var i = before + 1; i < Path.Length; i++)
        {
            if (!Path.HappenedBefore(before, i) && IsKnown(before, Path[i].Thread, in Path[i].Footprint, ref initials))
                return;
        }

        // Nothing of that changed the cell: what the step finds there is what was there before the other one.
        var footprint = Path.Machine.FootprintOf(thread, own, Path.StateAt(before));
        if (!IsKnown(before, thread, in footprint, ref initials) && initials == 0)
            trees.Insert(before, sequence);
    }

    /// <summary>Adds a step to the sequence, unless it is that of a thread that sleeps and could begin the sequence.</summary>
    /// <param name="before">Where the sequence begins.</param>
    /// <param name="thread">Who does the step.</param>
    /// <param name="footprint">What it touches.</param>
    /// <param name="initials">Those that sleep and can be put before the sequence; if any are left at its end it is known.</param>
    private bool IsKnown(int before, int thread, in ProgramFootprint footprint, ref ulong initials)
    {
        if ((initials >> thread & 1) != 0)
            return true;
        for (var rest = initials; rest != 0; rest &= rest - 1)
        {
            var sleeper = BitOperations.TrailingZeroCount(rest);
            if (SleeperAt(before, sleeper).DependsOn(in footprint))
                initials &= ~(1UL << sleeper);
        }

        sequence.Add(thread, in footprint);
        return false;
    }
}
