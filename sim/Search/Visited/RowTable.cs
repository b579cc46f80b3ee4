using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>Rows of numbers, each once, and numbered in the order in which they came.</summary>
internal sealed class RowTable
{
    private readonly Dictionary<long[], int> numbers = new(new ByContent());
    private readonly List<long[]> rows = [];

    /// <summary>How many.</summary>
    public int Count => rows.Count;

    /// <summary>Bytes that a row takes, with its places in the list and the dictionary, some of which are empty.</summary>
    public static int BytesOf(int length) => (8 * length) + 96;

    /// <summary>The row with a number.</summary>
    public long[] this[int number] => rows[number];

    /// <summary>The number of a row.</summary>
    public int NumberOf(ReadOnlySpan<long> row)
    {
        var lookup = numbers.GetAlternateLookup<ReadOnlySpan<long>>();
        if (lookup.TryGetValue(row, out var number))
            return number;
        var kept = row.ToArray();
        numbers.Add(kept, rows.Count);
        rows.Add(kept);
        return rows.Count - 1;
    }

    private sealed class ByContent : IEqualityComparer<long[]>, IAlternateEqualityComparer<ReadOnlySpan<long>, long[]>
    {
        public long[] Create(ReadOnlySpan<long> alternate) => alternate.ToArray();

        public bool Equals(long[]? x, long[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<long> alternate, long[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] long[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<long> alternate)
            => (int)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(alternate));
    }
}
