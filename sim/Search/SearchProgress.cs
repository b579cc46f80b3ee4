using System.Diagnostics;
using System.Globalization;

namespace Fscrypt.Sim.Search;

/// <summary>Says on the error stream how far searches are, when they take longer than a moment.</summary>
/// <param name="to">Where to, or null for nowhere.</param>
/// <param name="searches">How many there are to be.</param>
public sealed class SearchProgress(TextWriter? to, int searches = 1)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly long started = Stopwatch.GetTimestamp();
    private long executions;
    private long said;
    private int done;

    /// <summary>Which part of the search is under way. Told only where there is one search.</summary>
    public string Stage { get; set; } = "";

    /// <summary>What is counted.</summary>
    public string Unit { get; set; } = "executions";

    /// <summary>Another search is done. May be called by many at once.</summary>
    public void Done() => Interlocked.Increment(ref done);

    /// <summary>Counts executions, or what else <see cref="Unit"/> says. May be called by many at once.</summary>
    public void Add(long number)
    {
        var sum = Interlocked.Add(ref executions, number);
        if (to == null)
            return;
        var passed = Stopwatch.GetElapsedTime(started);
        var due = passed < First ? 0 : 1 + (long)(passed / Interval);
        var last = Interlocked.Read(ref said);
        if (due <= last || Interlocked.CompareExchange(ref said, due, last) != last)
            return;
        var where = searches > 1 ? $"{done} of {searches} done" : Stage;
        var text = string.Create(CultureInfo.InvariantCulture, $"{passed.TotalSeconds:0} s: {sum:N0} {Unit}, {where}");
        to.WriteLine(text.TrimEnd(' ', ','));
    }
}
