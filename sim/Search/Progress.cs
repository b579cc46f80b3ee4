using System.Diagnostics;
using System.Globalization;

namespace Fscrypt.Sim.Search;

/// <summary>Says on the error stream how far a search is, when it takes longer than a moment.</summary>
/// <param name="to">Where to, or null for nowhere.</param>
public sealed class Progress(TextWriter? to)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly long started = Stopwatch.GetTimestamp();
    private long executions;
    private long said;

    /// <summary>What is being done.</summary>
    public string Stage { get; set; } = "";

    /// <summary>Counts executions. May be called by many at once.</summary>
    public void Add(long number)
    {
        var sum = Interlocked.Add(ref executions, number);
        if (to == null)
            return;
        var passed = Stopwatch.GetElapsedTime(started);
        var due = (long)(passed / Interval);
        var last = Interlocked.Read(ref said);
        if (due > last && Interlocked.CompareExchange(ref said, due, last) == last)
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"… {passed.TotalSeconds:0} s: {sum:N0} executions{Stage}"));
    }
}
