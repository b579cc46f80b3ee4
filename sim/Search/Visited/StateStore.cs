using System.Numerics;
using System.Runtime.CompilerServices;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// States, each once and in full: no two are taken for one, as fingerprints may be. A state is a row of small numbers, one
/// a part, each in as few bits as its largest value needs; where one needs more, all states are written again.
/// </summary>
internal sealed class StateStore
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly int[] widths;
    private readonly Field[] fields;                      // of each part
    private Field[] varying = [];                         // of those that are not always 0
    private ulong[][] chunks = new ulong[16][];
    private int chunkCount;
    private int stride = 2;                               // of a state: the threads that are left, then its words
    private ulong[] scratch = new ulong[1];
    // Where its hash says: the number + 1 of a state, and above that as much of the hash as there is room for.
    private uint[] slots = new uint[1024];

    /// <summary>No state yet.</summary>
    /// <param name="parts">Numbers of a state.</param>
    public StateStore(int parts)
    {
        widths = new int[parts];
        fields = [.. Enumerable.Range(0, parts).Select(p => new Field(p, 0, 0, 0))];
    }

    /// <summary>How many states.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that they take.</summary>
    public long Bytes => (8L * ChunkSize * stride * chunkCount) + (4L * slots.Length);

    /// <summary>The threads of a state whose steps were not taken yet, a bit each.</summary>
    public ref ulong Left(int state) => ref chunks[state >> ChunkBits][(state & (ChunkSize - 1)) * stride];

    /// <summary>The state in which all parts are 0.</summary>
    public int AddFirst() => FindOrAdd(out _);

    /// <summary>The parts of a state; those that are always 0 are left alone.</summary>
    public void Read(int state, int[] parts)
    {
        var chunk = chunks[state >> ChunkBits];
        var words = ((state & (ChunkSize - 1)) * stride) + 1;
        foreach (ref readonly var field in varying.AsSpan())
            parts[field.Part] = (int)(chunk[words + field.Word] >> field.Shift & field.Mask);
    }

    /// <summary>The state that another one becomes when two of its parts change.</summary>
    public int Successor(int state, int part, int value, int otherPart, int otherValue, out bool isNew)
    {
        if ((ulong)value > fields[part].Mask)
            Widen(part, value);
        if ((ulong)otherValue > fields[otherPart].Mask)
            Widen(otherPart, otherValue);
        WordsOf(state).CopyTo(scratch);
        Put(in fields[part], value);
        Put(in fields[otherPart], otherValue);
        return FindOrAdd(out isNew);
    }

    /// <summary>Writes all states.</summary>
    public void Write(BinaryWriter to)
    {
        to.Write(Count);
        to.WriteRow<int>(widths);
        to.WriteRow<int>([.. varying.Select(f => f.Part)]);
        to.Write(slots.Length);
        for (var chunk = 0; chunk < chunkCount; chunk++)
            to.WriteRow<ulong>(chunks[chunk]);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Read(BinaryReader from)
    {
        Count = from.ReadInt32();
        from.ReadRow<int>().CopyTo(widths, 0);
        LayOut([.. from.ReadRow<int>().Select(p => fields[p])]);
        scratch = new ulong[stride - 1];
        var length = from.ReadInt32();
        chunkCount = (Count + ChunkSize - 1) >> ChunkBits;
        chunks = new ulong[Math.Max(16, chunkCount)][];
        for (var chunk = 0; chunk < chunkCount; chunk++)
            chunks[chunk] = from.ReadRow<ulong>();
        Rehash(length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<ulong> WordsOf(int state)
        => chunks[state >> ChunkBits].AsSpan(((state & (ChunkSize - 1)) * stride) + 1, stride - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(in Field field, int value)
    {
        ref var word = ref scratch[field.Word];
        word = (word & ~(field.Mask << field.Shift)) | (ulong)value << field.Shift;
    }

    private int FindOrAdd(out bool isNew)
    {
        var hash = Hash(scratch);
        var mask = (uint)slots.Length - 1;
        var tag = (uint)(hash >> 32) & ~mask;
        var slot = (uint)hash & mask;
        for (; slots[slot] != 0; slot = (slot + 1) & mask)
        {
            var found = slots[slot];
            var number = (int)(found & mask) - 1;
            if ((found & ~mask) != tag || !WordsOf(number).SequenceEqual(scratch))
                continue;
            isNew = false;
            return number;
        }

        isNew = true;
        var state = Count++;
        slots[slot] = tag | (uint)(state + 1);
        if (state >> ChunkBits == chunkCount)
            AddChunk();
        scratch.CopyTo(WordsOf(state));
        if (4L * Count > 3L * slots.Length)
            Rehash(2 * slots.Length);
        return state;
    }

    private void AddChunk()
    {
        if (chunkCount == chunks.Length)
            Array.Resize(ref chunks, 2 * chunkCount);
        chunks[chunkCount++] = new ulong[ChunkSize * stride];
    }

    private void Rehash(int length)
    {
        slots = [];                                       // not two of them at once
        slots = new uint[length];
        var mask = (uint)length - 1;
        for (var state = 0; state < Count; state++)
        {
            var hash = Hash(WordsOf(state));
            var slot = (uint)hash & mask;
            while (slots[slot] != 0)
                slot = (slot + 1) & mask;
            slots[slot] = ((uint)(hash >> 32) & ~mask) | (uint)(state + 1);
        }
    }

    private static ulong Hash(ReadOnlySpan<ulong> words)
    {
        var hash = 0UL;
        foreach (var word in words)
        {
            hash = (hash ^ word) * 0x9E3779B97F4A7C15UL;
            hash ^= hash >> 32;
        }

        return hash * 0xD6E8FEB86659FD93UL;
    }

    // A part that comes to need another bit gets it; each does so once for a doubling of what it can be.
    private void Widen(int part, int value)
    {
        var (oldChunks, oldStride, oldFields) = (chunks, stride, varying);
        widths[part] = BitOperations.Log2((uint)value) + 1;
        LayOut(oldFields.Any(f => f.Part == part) ? oldFields : [.. oldFields, fields[part]]);
        chunks = new ulong[oldChunks.Length][];
        chunkCount = 0;
        scratch = new ulong[stride - 1];
        for (var state = 0; state < Count; state++)
        {
            if ((state & (ChunkSize - 1)) == 0)
                AddChunk();
            var old = oldChunks[state >> ChunkBits].AsSpan((state & (ChunkSize - 1)) * oldStride, oldStride);
            Left(state) = old[0];
            foreach (ref readonly var field in oldFields.AsSpan())
                Put(in fields[field.Part], (int)(old[1 + field.Word] >> field.Shift & field.Mask));
            scratch.CopyTo(WordsOf(state));
        }

        Rehash(slots.Length);
    }

    // No number goes over the end of a word.
    private void LayOut(Field[] order)
    {
        var (word, shift) = (0, 0);
        foreach (var part in order.Select(f => f.Part))
        {
            if (shift + widths[part] > 64)
                (word, shift) = (word + 1, 0);
            fields[part] = new Field(part, word, shift, (1UL << widths[part]) - 1);
            shift += widths[part];
        }

        varying = [.. order.Select(f => fields[f.Part])];
        stride = 1 + word + 1;
    }

    private readonly record struct Field(int Part, int Word, int Shift, ulong Mask);
}
