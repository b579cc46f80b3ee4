using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// States, each by a fingerprint of 128 bits: with n states, n²/2^129 collisions are to be expected, by which a state would
/// be taken for another.
/// </summary>
internal sealed class FingerprintStore
{
    private readonly ChunkedList<Entry> entries = new();
    // Where its fingerprint says: the number + 1 of a state, and above that as much of the fingerprint as there is room for.
    private uint[] slots = new uint[1024];

    /// <summary>How many states.</summary>
    public int Count => entries.Count;

    /// <summary>Bytes that they take.</summary>
    public long Bytes => entries.Bytes + (4L * slots.Length);

    /// <summary>The threads of a state whose steps were not taken yet, a bit each.</summary>
    public ref ulong Left(int state) => ref entries[state].Left;

    /// <summary>The node by which a state was reached first.</summary>
    public ref int Node(int state) => ref entries[state].Node;

    /// <summary>The fingerprint of a state that is written down as words.</summary>
    public static UInt128 FingerprintOf(ReadOnlySpan<ulong> words) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(words));

    /// <summary>Whether a state has a fingerprint.</summary>
    public bool Is(int state, UInt128 fingerprint) => entries[state].Fingerprint == fingerprint;

    /// <summary>The number of a state; -1 if it is not there.</summary>
    public int Find(UInt128 fingerprint) => (int)(slots[PlaceOf(fingerprint)] & ((uint)slots.Length - 1)) - 1;

    /// <summary>The number of a state.</summary>
    public int FindOrAdd(UInt128 fingerprint, out bool isNew)
    {
        var place = PlaceOf(fingerprint);
        isNew = slots[place] == 0;
        if (!isNew)
            return (int)(slots[place] & ((uint)slots.Length - 1)) - 1;
        var state = entries.Add(new Entry { Fingerprint = fingerprint, Node = -1 });
        slots[place] = TagOf(fingerprint) | (uint)(state + 1);
        if (4L * Count > 3L * slots.Length)
            Place(2 * slots.Length);
        return state;
    }

    /// <summary>Writes all of them.</summary>
    public void Write(BinaryWriter to)
    {
        to.Write(slots.Length);
        entries.Write(to);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Read(BinaryReader from)
    {
        var length = from.ReadInt32();
        entries.Read(from);
        Place(length);
    }

    private uint TagOf(UInt128 fingerprint) => (uint)(fingerprint >> 96) & ~((uint)slots.Length - 1);

    // Where a state is, or the free place where it would be.
    private uint PlaceOf(UInt128 fingerprint)
    {
        var mask = (uint)slots.Length - 1;
        var tag = TagOf(fingerprint);
        var place = (uint)fingerprint & mask;
        while (slots[place] != 0 && ((slots[place] & ~mask) != tag || entries[(int)(slots[place] & mask) - 1].Fingerprint != fingerprint))
            place = (place + 1) & mask;
        return place;
    }

    private void Place(int length)
    {
        slots = [];                                       // not two of them at once
        slots = new uint[length];
        for (var state = 0; state < Count; state++)
        {
            var fingerprint = entries[state].Fingerprint;
            slots[PlaceOf(fingerprint)] = TagOf(fingerprint) | (uint)(state + 1);
        }
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        public UInt128 Fingerprint;
        public ulong Left;
        public int Node;
    }
}
