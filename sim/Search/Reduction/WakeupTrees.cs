using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// For each point of a path the sequences of steps that are still to be tried from there, as an ordered tree: what a
/// race's reversal needs to run without ending where all sleep.
/// </summary>
internal sealed class WakeupTrees
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
    public void Insert(int point, WakeupSequence sequence)
    {
        var parent = -1;
        while (true)
        {
            var last = -1;
            var child = parent < 0 ? first[point] : nodes[parent].Child;
            var position = -1;
            while (child >= 0 && !sequence.CanBeginWith(nodes[child].Thread, in nodes[child].Footprint, out position))
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

    private void Append(int point, int parent, int last, WakeupSequence sequence)
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
            Array.Resize(ref first, 2 * first.Length);
    }

    private struct Node
    {
        public int Thread;
        public ProgramFootprint Footprint;
        public int Child;
        public int Next;
    }
}

/// <summary>Steps of threads, one after another, from some point of a path.</summary>
internal sealed class WakeupSequence
{
    private (int Thread, ProgramFootprint Footprint)[] steps = new (int, ProgramFootprint)[64];

    /// <summary>How many.</summary>
    public int Length { get; private set; }

    public int ThreadAt(int position) => steps[position].Thread;

    public ref readonly ProgramFootprint FootprintAt(int position) => ref steps[position].Footprint;

    public void Clear() => Length = 0;

    public void Add(int thread, in ProgramFootprint footprint)
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
    /// <param name="thread">The thread, which can run at the beginning.</param>
    /// <param name="footprint">What its step touches there.</param>
    /// <param name="position">Where in the sequence that step is, or -1.</param>
    public bool CanBeginWith(int thread, in ProgramFootprint footprint, out int position)
    {
        position = -1;
        for (var i = 0; i < Length; i++)
        {
            ref readonly var step = ref steps[i];
            if (step.Thread == thread)
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
