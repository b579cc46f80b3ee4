using System.Diagnostics;
using System.Globalization;

namespace Fscrypt.Sim.Search;

/// <summary>Says on the error stream how far searches are, when they take longer than a moment.</summary>
/// <param name="to">Where to, or null for nowhere.</param>
/// <param name="searches">How many there are to be.</param>
public sealed class SearchProgress(TextWriter? to, int searches = 1)
{
    // Less is no ground for an estimate.
    private const double FractionLeast = 0.001;

    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly long started = Stopwatch.GetTimestamp();
    private long executions;
    private long violating;
    private long said;
    private int done;
    private long begun;
    private Func<double>? fraction;
    private double fractionBegun;

    /// <summary>Which part of the search is under way. Told only where there is one search.</summary>
    public string Stage { get; set; } = "";

    /// <summary>What is counted.</summary>
    public string Unit { get; set; } = "executions";

    /// <summary>What else there is to be said; asked for when it is.</summary>
    public Func<string>? Detail { get; set; }

    /// <summary>Another search is done. May be called by many at once.</summary>
    public void Done() => Interlocked.Increment(ref done);

    /// <summary>From now on it is known how much of what is under way is done.</summary>
    /// <param name="of">How much, from 0 to 1; asked for when it is told, while others search.</param>
    public void Begin(Func<double> of)
    {
        begun = Stopwatch.GetTimestamp();
        fractionBegun = of();
        fraction = of;
    }

    /// <summary>Counts executions with a finding. May be called by many at once.</summary>
    public void AddViolating(long number) => Interlocked.Add(ref violating, number);

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
        to.WriteLine(LineOf(sum, passed));
    }

    /// <summary>How long the rest takes, if it goes on as it did; null if too little is done to tell.</summary>
    /// <param name="passed">The time since it began.</param>
    /// <param name="from">How much was done then.</param>
    /// <param name="now">How much is done now.</param>
    internal static TimeSpan? Remaining(TimeSpan passed, double from, double now)
        => now - from < FractionLeast ? null : TimeSpan.FromSeconds(Math.Min(passed.TotalSeconds * (1 - now) / (now - from), int.MaxValue));

    /// <summary>A time as people say it.</summary>
    internal static string TextOf(TimeSpan time) => time.TotalSeconds switch
    {
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        < 6000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        < 360_000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:N0} days"),
    };

    /// <summary>The line that is told.</summary>
    internal string LineOf(long sum, TimeSpan passed)
    {
        var rate = sum / Math.Max(passed.TotalSeconds, 0.001);
        var text = string.Create(CultureInfo.InvariantCulture, $"{passed.TotalSeconds:0} s: {sum:N0} {Unit} ({rate:N0}/s)");
        if (violating > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {violating:N0} with a finding");
        if (searches > 1)
            return $"{text}, {done} of {searches} done";
        foreach (var more in new[] { Stage, Detail?.Invoke() ?? "", Estimate() })
            text += more.Length == 0 ? "" : ", " + more;
        return text;
    }

    private string Estimate()
    {
        if (fraction == null)
            return "";
        var now = fraction();
        var left = Remaining(Stopwatch.GetElapsedTime(begun), fractionBegun, now) is { } time ? $", about {TextOf(time)} left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{100 * now:0.0} % done") + left;
    }
}
