using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>Numbers of executions that are still to be run. Workers take some, and give back what they could not run.</summary>
internal sealed class Ranges
{
    private readonly Lock gate = new();
    private readonly List<Range> ranges = [];

    /// <summary>Numbers from one to another.</summary>
    public Ranges(long from, long to) => Return(new Range(from, to));

    /// <summary>Those that <see cref="Write"/> wrote.</summary>
    public Ranges(BinaryReader from) => ranges.AddRange(from.ReadRow<Range>());

    /// <summary>How many numbers without a gap there are.</summary>
    public int Count => ranges.Count;

    /// <summary>How many numbers.</summary>
    public long Total
    {
        get
        {
            lock (gate)
                return ranges.Sum(r => r.Count);
        }
    }

    /// <summary>Takes the next numbers, at most so many; null if there are none.</summary>
    public Range? Take(long most)
    {
        lock (gate)
        {
            if (ranges.Count == 0)
                return null;
            var taken = ranges[0] with { To = ranges[0].From + Math.Min(most, ranges[0].Count) };
            ranges[0] = ranges[0] with { From = taken.To };
            if (ranges[0].Count == 0)
                ranges.RemoveAt(0);
            return taken;
        }
    }

    /// <summary>Gives numbers back: they come before all that were not taken yet.</summary>
    public void Return(Range range)
    {
        lock (gate)
        {
            if (range.Count > 0 && ranges.Count > 0 && ranges[0].From == range.To)
                ranges[0] = ranges[0] with { From = range.From };
            else if (range.Count > 0)
                ranges.Insert(0, range);
        }
    }

    /// <summary>Writes those that are left.</summary>
    public void Write(BinaryWriter to) => to.WriteRow<Range>([.. ranges]);

    /// <summary>Numbers without a gap.</summary>
    /// <param name="From">The first.</param>
    /// <param name="To">One more than the last.</param>
    internal readonly record struct Range(long From, long To)
    {
        public long Count => To - From;
    }
}
