using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// States, each once and in full: no two are taken for one, as fingerprints may be. A state is a row of small numbers, one
/// a part, each in as few bits as its largest value needs; where one needs more, all states are written again.
/// </summary>
internal sealed class StateStore
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;
    private const int WidthMax = 30;

    private readonly int[] widths;
    private readonly Field[] fields;
    private readonly List<int> varying = [];              // parts that are not always 0
    private List<ulong[]> chunks = [];
    private int stride = 2;                               // of a state: the threads that are left, then its words
    private ulong[] scratch = new ulong[1];
    private int[] slots = new int[1024];                  // number + 1 of a state, where its hash says

    /// <summary>No state yet.</summary>
    /// <param name="parts">Numbers of a state.</param>
    public StateStore(int parts)
    {
        widths = new int[parts];
        fields = new Field[parts];
    }

    /// <summary>How many states.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that they take.</summary>
    public long Bytes => (8L * ChunkSize * stride * chunks.Count) + (4L * slots.Length);

    /// <summary>The threads of a state whose steps were not taken yet, a bit each.</summary>
    public ref ulong Left(int state) => ref chunks[state >> ChunkBits][(state & (ChunkSize - 1)) * stride];

    /// <summary>The state in which all parts are 0.</summary>
    public int AddFirst() => FindOrAdd(out _);

    /// <summary>The parts of a state.</summary>
    public void Read(int state, Span<int> parts)
    {
        var words = WordsOf(state);
        foreach (var part in varying)
        {
            ref readonly var field = ref fields[part];
            parts[part] = (int)(words[field.Word] >> field.Shift & field.Mask);
        }
    }

    /// <summary>The state that another one becomes when two of its parts change.</summary>
    public int Successor(int state, int part, int value, int otherPart, int otherValue, out bool isNew)
    {
        if ((ulong)value > fields[part].Mask)
            Widen(part, value);
        if ((ulong)otherValue > fields[otherPart].Mask)
            Widen(otherPart, otherValue);
        WordsOf(state).CopyTo(scratch);
        Put(part, value);
        Put(otherPart, otherValue);
        return FindOrAdd(out isNew);
    }

    private Span<ulong> WordsOf(int state)
        => chunks[state >> ChunkBits].AsSpan(((state & (ChunkSize - 1)) * stride) + 1, stride - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(int part, int value)
    {
        ref readonly var field = ref fields[part];
        ref var word = ref scratch[field.Word];
        word = (word & ~(field.Mask << field.Shift)) | (ulong)value << field.Shift;
    }

    private int FindOrAdd(out bool isNew)
    {
        var mask = slots.Length - 1;
        var slot = (int)(Hash(scratch) & (uint)mask);
        for (; slots[slot] != 0; slot = (slot + 1) & mask)
        {
            if (!WordsOf(slots[slot] - 1).SequenceEqual(scratch))
                continue;
            isNew = false;
            return slots[slot] - 1;
        }

        isNew = true;
        var state = Count++;
        slots[slot] = state + 1;
        if (state >> ChunkBits == chunks.Count)
            chunks.Add(new ulong[ChunkSize * stride]);
        scratch.CopyTo(WordsOf(state));
        if (4L * Count > 3L * slots.Length)
            Rehash(2 * slots.Length);
        return state;
    }

    private void Rehash(int length)
    {
        slots = new int[length];
        var mask = length - 1;
        for (var state = 0; state < Count; state++)
        {
            var slot = (int)(Hash(WordsOf(state)) & (uint)mask);
            while (slots[slot] != 0)
                slot = (slot + 1) & mask;
            slots[slot] = state + 1;
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

        return hash ^ hash >> 17;
    }

    // A part that comes to need another bit gets it; each does so once for a doubling of what it can be.
    private void Widen(int part, int value)
    {
        var before = new int[widths.Length];
        var (oldChunks, oldStride, oldFields) = (chunks, stride, (Field[])fields.Clone());
        if (widths[part] == 0)
            varying.Add(part);
        widths[part] = Math.Min(WidthMax, BitOperations.Log2((uint)value) + 1);
        LayOut();
        chunks = [];
        scratch = new ulong[stride - 1];
        for (var state = 0; state < Count; state++)
        {
            if ((state & (ChunkSize - 1)) == 0)
                chunks.Add(new ulong[ChunkSize * stride]);
            var old = oldChunks[state >> ChunkBits].AsSpan((state & (ChunkSize - 1)) * oldStride, oldStride);
            Left(state) = old[0];
            foreach (var each in varying)
            {
                var field = oldFields[each];
                before[each] = (int)(old[1 + field.Word] >> field.Shift & field.Mask);
                Put(each, before[each]);
            }

            scratch.CopyTo(WordsOf(state));
        }

        Rehash(slots.Length);
    }

    // No number goes over the end of a word.
    private void LayOut()
    {
        var (word, shift) = (0, 0);
        foreach (var part in varying)
        {
            if (shift + widths[part] > 64)
                (word, shift) = (word + 1, 0);
            fields[part] = new Field(word, shift, (1UL << widths[part]) - 1);
            shift += widths[part];
        }

        stride = 1 + word + 1;
    }

    private readonly record struct Field(int Word, int Shift, ulong Mask);
}
