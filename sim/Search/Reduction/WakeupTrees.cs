using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// For each point of a path the sequences of steps that are still to be tried from there, as an ordered tree: what a
/// race's reversal needs to run without ending where all sleep.
/// </summary>
internal sealed class WakeupTrees<TFootprint>
    where TFootprint : struct, IFootprint<TFootprint>
{
    private Node[] nodes = new Node[256];
    private int used;
    private int free = -1;
    private int[] first = new int[64];                    // at each point of the path; -1 for none

    /// <summary>Sequences are forgotten: a new part of the path begins.</summary>
    public void Clear(int point)
    {
        Grow(point);
        first[point] = -1;
    }

    /// <summary>Whether nothing is left to be tried.</summary>
    public bool IsEmpty(int point) => first[point] < 0;

    /// <summary>Takes the first branch out: its thread is to run now, and what is behind it belongs to the next point.</summary>
    public int Take(int point)
    {
        Grow(point + 1);
        var taken = first[point];
        var thread = nodes[taken].Thread;
        first[point] = nodes[taken].Next;
        first[point + 1] = nodes[taken].Child;
        nodes[taken].Next = free;
        free = taken;
        return thread;
    }

    /// <summary>
    /// Adds a sequence, unless one that begins equivalently is there. From the left, a branch whose first step can be
    /// moved to the front of the sequence, or put before it, is followed without that step.
    /// </summary>
    /// <param name="point">Where.</param>
    /// <param name="sequence">What; it is used up.</param>
    /// <param name="weakly">Whether a branch is followed whose first step is none of the sequence, because it will come in any case.</param>
    public void Insert(int point, WakeupSequence<TFootprint> sequence, bool weakly = true)
    {
        var parent = -1;
        while (true)
        {
            var last = -1;
            var child = parent < 0 ? first[point] : nodes[parent].Child;
            var position = -1;
            while (child >= 0
                && !(sequence.CanBeginWith(nodes[child].Thread, in nodes[child].Footprint, out position) && (weakly || position >= 0)))
            {
                last = child;
                child = nodes[child].Next;
            }

            if (child < 0)
            {
                Append(point, parent, last, sequence);
                return;
            }

            if (position >= 0)
                sequence.RemoveAt(position);
            if (nodes[child].Child < 0 || sequence.Length == 0)
                return;
            parent = child;
        }
    }

    /// <summary>Writes the trees of the first points.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="points">How many.</param>
    /// <param name="write">How what a step touches is written.</param>
    public void Write(BinaryWriter to, int points, Action<BinaryWriter, TFootprint> write)
    {
        Grow(points);
        to.WriteRow<int>(first.AsSpan(0, points));
        to.Write(free);
        to.Write(used);
        foreach (ref readonly var node in nodes.AsSpan(0, used))
        {
            to.Write(node.Thread);
            to.Write(node.Child);
            to.Write(node.Next);
            write(to, node.Footprint);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Read(BinaryReader from, Func<BinaryReader, TFootprint> read)
    {
        var roots = from.ReadRow<int>();
        Grow(roots.Length);
        roots.CopyTo(first, 0);
        free = from.ReadInt32();
        used = from.ReadInt32();
        nodes = new Node[Math.Max(nodes.Length, used)];
        foreach (ref var node in nodes.AsSpan(0, used))
            node = new Node { Thread = from.ReadInt32(), Child = from.ReadInt32(), Next = from.ReadInt32(), Footprint = read(from) };
    }

    private void Append(int point, int parent, int last, WakeupSequence<TFootprint> sequence)
    {
        for (var i = 0; i < sequence.Length; i++)
        {
            var node = NewNode();
            nodes[node] = new Node { Thread = sequence.ThreadAt(i), Footprint = sequence.FootprintAt(i), Child = -1, Next = -1 };
            if (last >= 0)
                nodes[last].Next = node;
            else if (parent >= 0)
                nodes[parent].Child = node;
            else
                first[point] = node;
            (parent, last) = (node, -1);
        }
    }

    private int NewNode()
    {
        if (free >= 0)
        {
            var node = free;
            free = nodes[node].Next;
            return node;
        }

        if (used == nodes.Length)
            Array.Resize(ref nodes, 2 * used);
        return used++;
    }

    private void Grow(int point)
    {
        if (point >= first.Length)
            Array.Resize(ref first, Math.Max(point + 1, 2 * first.Length));
    }

    private struct Node
    {
        public int Thread;
        public TFootprint Footprint;
        public int Child;
        public int Next;
    }
}

/// <summary>Steps of threads, one after another, from some point of a path.</summary>
internal sealed class WakeupSequence<TFootprint>
    where TFootprint : struct, IFootprint<TFootprint>
{
    private (int Thread, TFootprint Footprint)[] steps = new (int, TFootprint)[64];

    /// <summary>How many.</summary>
    public int Length { get; private set; }

    public int ThreadAt(int position) => steps[position].Thread;

    public ref readonly TFootprint FootprintAt(int position) => ref steps[position].Footprint;

    public void Clear() => Length = 0;

    public void Add(int thread, in TFootprint footprint)
    {
        if (Length == steps.Length)
            Array.Resize(ref steps, 2 * Length);
        steps[Length++] = (thread, footprint);
    }

    public void RemoveAt(int position)
    {
        steps.AsSpan(position + 1, Length - position - 1).CopyTo(steps.AsSpan(position));
        Length--;
    }

    /// <summary>Whether an equivalent sequence, or one with a step more, begins with a thread: its weak initials.</summary>
    /// <param name="thread">The thread, which can run at the beginning; with an outcome if the environment decides there.</param>
    /// <param name="footprint">What its step touches there.</param>
    /// <param name="position">Where in the sequence that step is, or -1.</param>
    public bool CanBeginWith(int thread, in TFootprint footprint, out int position)
    {
        position = -1;
        for (var i = 0; i < Length; i++)
        {
            ref readonly var step = ref steps[i];
            if (thread == step.Thread || thread == Turn.ThreadOf(step.Thread))
            {
                position = i;
                return true;
            }

            if (step.Footprint.DependsOn(in footprint))
                return false;
        }

        return true;
    }
}

/// <summary>
/// Whose turn it is, as a number: a thread, or a thread and what the environment decides in its step, which makes another
/// step of each outcome. A thread alone stands for all outcomes.
/// </summary>
internal static class Turn
{
    private const int ThreadBits = 8;

    /// <summary>A thread and an outcome.</summary>
    public static int Of(int thread, int outcome) => thread | (outcome + 1) << ThreadBits;

    /// <summary>The thread.</summary>
    public static int ThreadOf(int turn) => turn & ((1 << ThreadBits) - 1);

    /// <summary>The outcome, or -1 for all of them.</summary>
    public static int OutcomeOf(int turn) => (turn >> ThreadBits) - 1;
}
