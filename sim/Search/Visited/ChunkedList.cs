using System.Runtime.CompilerServices;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>A list that never moves what is in it: growing costs no copy, and no second list beside the first.</summary>
internal sealed class ChunkedList<T>
    where T : unmanaged
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;

    private T[][] chunks = new T[16][];
    private int chunkCount;

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that they take.</summary>
    public long Bytes => (long)Unsafe.SizeOf<T>() * ChunkSize * chunkCount;

    /// <summary>One of them.</summary>
    public ref T this[int number] => ref chunks[number >> ChunkBits][number & (ChunkSize - 1)];

    /// <summary>Writes all of them.</summary>
    public void Write(BinaryWriter to)
    {
        to.Write(Count);
        for (var from = 0; from < Count; from += ChunkSize)
            to.WriteRow<T>(chunks[from >> ChunkBits].AsSpan(0, Math.Min(ChunkSize, Count - from)));
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Read(BinaryReader from)
    {
        Count = from.ReadInt32();
        chunkCount = (Count + ChunkSize - 1) >> ChunkBits;
        chunks = new T[Math.Max(16, chunkCount)][];
        for (var chunk = 0; chunk < chunkCount; chunk++)
        {
            chunks[chunk] = new T[ChunkSize];
            from.ReadRow<T>().CopyTo(chunks[chunk], 0);
        }
    }

    /// <summary>Adds one.</summary>
    /// <returns>Its number.</returns>
    public int Add(in T item)
    {
        if (Count >> ChunkBits == chunkCount)
        {
            if (chunkCount == chunks.Length)
                Array.Resize(ref chunks, 2 * chunkCount);
            chunks[chunkCount++] = new T[ChunkSize];
        }

        chunks[Count >> ChunkBits][Count & (ChunkSize - 1)] = item;
        return Count++;
    }
}
