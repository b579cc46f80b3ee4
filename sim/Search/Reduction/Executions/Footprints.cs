using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>
/// The sets of accesses that steps had, each kept once and known by its number: what is put off for later outlives its
/// execution, and comes again so often that nothing is allocated for it in steady state.
/// </summary>
internal sealed class Footprints
{
    private const int KindBits = 2;
    private const int KindMask = (1 << KindBits) - 1;

    private int[] entries = new int[4096];                // sorted by cell: cell, kind
    private int[] starts = new int[256];
    private int[] table = new int[512];                   // number + 1 by hash
    private int[] hashes = new int[256];
    private int[] sorted = new int[64];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The number of the set of some accesses; what is done to a cell twice counts as what covers both.</summary>
    public int NumberOf(ReadOnlySpan<Access> accesses)
    {
        if (sorted.Length < accesses.Length)
            sorted = new int[2 * accesses.Length];
        for (var i = 0; i < accesses.Length; i++)
            sorted[i] = accesses[i].Cell << KindBits | (int)accesses[i].Kind;
        Array.Sort(sorted, 0, accesses.Length);
        var length = 0;
        for (var i = 0; i < accesses.Length; i++)
        {
            if (length == 0 || sorted[length - 1] >> KindBits != sorted[i] >> KindBits)
                sorted[length++] = sorted[i];
            else if (sorted[length - 1] != sorted[i])
                sorted[length - 1] |= (int)AccessKind.Write;
        }

        return NumberOf(sorted.AsSpan(0, length));
    }

    /// <summary>What a set holds: cells with <see cref="CellOf"/> and <see cref="KindOf"/>.</summary>
    public ReadOnlySpan<int> this[int number] => entries.AsSpan(starts[number], starts[number + 1] - starts[number]);

    public static int CellOf(int entry) => entry >> KindBits;

    public static AccessKind KindOf(int entry) => (AccessKind)(entry & KindMask);

    /// <summary>Whether two ways to touch one cell do not commute.</summary>
    public static bool Conflict(AccessKind one, AccessKind other) => one != other || one == AccessKind.Write;

    /// <summary>Whether the order of two steps makes a difference.</summary>
    public bool Conflict(int one, int other)
    {
        var (a, aEnd) = (starts[one], starts[one + 1]);
        var (b, bEnd) = (starts[other], starts[other + 1]);
        while (a < aEnd && b < bEnd)
        {
            var (left, right) = (entries[a], entries[b]);
            if (left >> KindBits < right >> KindBits)
                a++;
            else if (left >> KindBits > right >> KindBits)
                b++;
            else if (left != right || (left & KindMask) == KindMask)
                return true;
            else
                (a, b) = (a + 1, b + 1);
        }

        return false;
    }

    /// <summary>Writes all of them.</summary>
    public void Write(BinaryWriter to)
    {
        to.WriteRow<int>(starts.AsSpan(0, Count + 1));
        to.WriteRow<int>(entries.AsSpan(0, starts[Count]));
    }

    /// <summary>Reads what <see cref="Write"/> wrote, at the beginning.</summary>
    public void Read(BinaryReader from)
    {
        var ends = from.ReadRow<int>();
        var all = from.ReadRow<int>();
        for (var number = 0; number + 1 < ends.Length; number++)
            NumberOf(all.AsSpan(ends[number]..ends[number + 1]));
    }

    private int NumberOf(ReadOnlySpan<int> set)
    {
        var hash = 17;
        foreach (var entry in set)
            hash = ((hash << 5) ^ (int)((uint)hash >> 27) ^ entry) * -1640531535;
        var place = hash & (table.Length - 1);
        for (; table[place] != 0; place = (place + 1) & (table.Length - 1))
        {
            var number = table[place] - 1;
            if (hashes[number] == hash && this[number].SequenceEqual(set))
                return number;
        }

        table[place] = Count + 1;
        return Add(set, hash);
    }

    private int Add(ReadOnlySpan<int> set, int hash)
    {
        var start = starts[Count];
        while (start + set.Length > entries.Length)
            Array.Resize(ref entries, 2 * entries.Length);
        set.CopyTo(entries.AsSpan(start));
        hashes[Count] = hash;
        starts[++Count] = start + set.Length;
        if (Count + 1 == starts.Length)
        {
            Array.Resize(ref starts, 2 * starts.Length);
            Array.Resize(ref hashes, starts.Length);
        }

        if (2 * Count > table.Length)
            Rehash();
        return Count - 1;
    }

    private void Rehash()
    {
        table = new int[2 * table.Length];
        for (var number = 0; number < Count; number++)
        {
            var place = hashes[number] & (table.Length - 1);
            while (table[place] != 0)
                place = (place + 1) & (table.Length - 1);
            table[place] = number + 1;
        }
    }
}

/// <summary>What a step touches; one that ends its execution keeps all others from happening, so it depends on all.</summary>
/// <param name="Known">Where the set is.</param>
/// <param name="Number">Which.</param>
/// <param name="Ends">Whether the step ends its execution.</param>
internal readonly record struct Footprint(Footprints Known, int Number, bool Ends) : IFootprint<Footprint>
{
    public bool DependsOn(in Footprint other) => Ends || other.Ends || Known.Conflict(Number, other.Number);
}
