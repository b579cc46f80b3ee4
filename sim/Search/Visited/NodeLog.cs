using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>How the search came to each state with each last thread that made a difference: its queue, and what schedules are rebuilt from.</summary>
internal sealed class NodeLog
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;

    private Node[][] chunks = new Node[16][];
    private int chunkCount;

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that they take.</summary>
    public long Bytes => (long)Unsafe.SizeOf<Node>() * ChunkSize * chunkCount;

    /// <summary>One of them.</summary>
    public ref readonly Node this[int number] => ref chunks[number >> ChunkBits][number & (ChunkSize - 1)];

    /// <summary>Adds one.</summary>
    public void Add(in Node node)
    {
        if (Count >> ChunkBits == chunkCount)
        {
            if (chunkCount == chunks.Length)
                Array.Resize(ref chunks, 2 * chunkCount);
            chunks[chunkCount++] = new Node[ChunkSize];
        }

        chunks[Count >> ChunkBits][Count & (ChunkSize - 1)] = node;
        Count++;
    }

    /// <summary>Writes all of them.</summary>
    public void Write(BinaryWriter to)
    {
        to.Write(Count);
        for (var chunk = 0; chunk < chunkCount; chunk++)
            to.WriteRow<Node>(chunks[chunk]);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Read(BinaryReader from)
    {
        Count = from.ReadInt32();
        chunkCount = (Count + ChunkSize - 1) >> ChunkBits;
        chunks = new Node[Math.Max(16, chunkCount)][];
        for (var chunk = 0; chunk < chunkCount; chunk++)
            chunks[chunk] = from.ReadRow<Node>();
    }

    /// <summary>The threads that ran up to a node, one a step.</summary>
    /// <param name="number">The node; -1 for none at all.</param>
    /// <param name="last">The thread that runs after it, or -1.</param>
    public short[] ScheduleTo(int number, int last)
    {
        var schedule = new List<short>();
        if (last >= 0)
            schedule.Add((short)last);
        for (; number >= 0 && this[number].Parent >= 0; number = this[number].Parent)
            schedule.Add((short)this[number].Thread);
        schedule.Reverse();
        return [.. schedule];
    }
}

/// <summary>A state, and the thread that ran last. Packed: there are more of these than states.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly struct Node(int state, int parent, int thread, bool isFree)
{
    private const byte Free = 0x80;

    private readonly byte last = (byte)(thread | (isFree ? Free : 0));

    /// <summary>The state.</summary>
    public int State { get; } = state;

    /// <summary>The node before it, or -1.</summary>
    public int Parent { get; } = parent;

    /// <summary>The thread that ran last.</summary>
    public int Thread => last & ~Free;

    /// <summary>Whether every thread can go on without a preemption: that one cannot, or none ran yet.</summary>
    public bool IsFree => (last & Free) != 0;
}
