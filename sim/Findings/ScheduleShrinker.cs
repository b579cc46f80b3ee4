using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// Makes a schedule smaller that breaks a rule: first all steps go that do not happen before the finding, by the vector
/// clocks of the execution, then threads, ends of turns and single steps as long as the rest still breaks the rule, and in
/// the end turns of one thread are brought together. Each is run; none has more preemptions than the first.
/// </summary>
internal sealed class ScheduleShrinker : IDisposable
{
    private readonly SearchPlan plan;
    private readonly string rule;
    private readonly bool isExpectation;
    private readonly StrategyHost<Replay> host;
    private readonly Simulation simulation;
    private int preemptionsMax = int.MaxValue;

    public ScheduleShrinker(SearchPlan plan, string rule, string message)
    {
        this.plan = plan;
        this.rule = rule;
        isExpectation = Expectation.IsExpected(message);
        host = plan.PointsAll
            ? new ThreadedHost<Replay>(new Replay([]), pointsAll: true) { StepsMax = plan.StepsMax }
            : new NativeHost<Replay>(new Replay([])) { StepsMax = plan.StepsMax };
        simulation = new Simulation(plan.Scenario, plan.Configuration, host);
    }

    public void Dispose() => (host as IDisposable)?.Dispose();

    /// <summary>The smaller schedule, or the same.</summary>
    public short[] Run(ReadOnlySpan<short> schedule)
    {
        var best = Try([.. schedule])
            ?? throw new InternalErrorException($"a schedule that breaks {rule} does not break it when it is run again");
        preemptionsMax = host.Preemptions;
        best = Try(BeforeTheFinding(best)) ?? best;
        for (var before = best.Length + 1; best.Length < before;)
        {
            before = best.Length;
            best = WithoutThreads(best);
            best = WithoutSteps(best);
        }

        return WithFewerSwitches(best);
    }

    /// <summary>How often another thread goes on.</summary>
    internal static int SwitchesOf(ReadOnlySpan<short> schedule)
    {
        var switches = 0;
        for (var i = 1; i < schedule.Length; i++)
            switches += schedule[i] != schedule[i - 1] ? 1 : 0;
        return switches;
    }

    // The schedule up to the finding, if it is one still.
    private short[]? Try(short[] schedule)
    {
        host.Strategy = new Replay(schedule);
        simulation.Execute();
        var finding = simulation.ViolationOf(rule);
        return finding != null && Expectation.IsExpected(finding.Message) == isExpectation && host.Preemptions <= preemptionsMax
            ? host.Schedule.ToArray() : null;
    }

    // A finding at the end of an execution comes after everything.
    private short[] BeforeTheFinding(short[] schedule)
    {
        using var recording = new Recording(plan, schedule);
        var trace = recording.TraceOf(rule);
        var places = trace.Finding.Places.Where(p => p.Task >= 0 && p.Step > 0).ToList();
        var steps = trace.Steps.Where(s => s.N <= schedule.Length).GroupBy(s => s.N).Select(g => g.First()).ToList();
        if (trace.Finding.Task < 0 || steps.Count != schedule.Length || steps.Where((s, i) => s.Task != schedule[i]).Any())
            return schedule;
        var known = new int[trace.Tasks.Count];
        var tasks = places.Select(p => p.Task).Append(trace.Finding.Task).ToHashSet();
        foreach (var task in tasks)
        {
            var clock = steps.LastOrDefault(s => s.Task == task)?.Clock ?? [];
            for (var i = 0; i < clock.Count; i++)
                known[i] = Math.Max(known[i], clock[i]);
        }

        return [.. schedule.Where((_, i) => tasks.Contains(steps[i].Task) || steps[i].Clock[steps[i].Task] <= known[steps[i].Task])];
    }

    private short[] WithoutThreads(short[] schedule)
    {
        foreach (var thread in schedule.Distinct().ToList())
            schedule = Try([.. schedule.Where(t => t != thread)]) ?? schedule;
        return schedule;
    }

    // From the last to the first: the ends of turns go before what they need.
    private short[] WithoutSteps(short[] schedule)
    {
        for (var i = schedule.Length - 1; i >= 0; i--)
        {
            if (i < schedule.Length)
                schedule = Try([.. schedule[..i], .. schedule[(i + 1)..]]) is { } shorter && shorter.Length < schedule.Length ? shorter : schedule;
        }

        return schedule;
    }

    // A turn goes to the end of the turn before it of the same thread, or that one to the beginning of this.
    private short[] WithFewerSwitches(short[] schedule)
    {
        for (var isBetter = true; isBetter;)
        {
            isBetter = false;
            foreach (var joined in Joined(schedule))
            {
                if (SwitchesOf(joined) >= SwitchesOf(schedule) || Try(joined) is not { } better
                    || better.Length > schedule.Length || SwitchesOf(better) >= SwitchesOf(schedule))
                {
                    continue;
                }

                (schedule, isBetter) = (better, true);
                break;
            }
        }

        return schedule;
    }

    private static IEnumerable<short[]> Joined(short[] schedule)
    {
        var turns = new List<(int Start, int End)>();
        for (var start = 0; start < schedule.Length; start = turns[^1].End)
        {
            var end = start;
            while (end < schedule.Length && schedule[end] == schedule[start])
                end++;
            turns.Add((start, end));
        }

        foreach (var later in turns)
        {
            var earlier = turns.LastOrDefault(t => t.End < later.Start && schedule[t.Start] == schedule[later.Start], (Start: -1, End: -1));
            if (earlier.Start < 0)
                continue;
            var (between, first, second) = (schedule[earlier.End..later.Start], schedule[earlier.Start..earlier.End], schedule[later.Start..later.End]);
            yield return [.. schedule[..earlier.Start], .. first, .. second, .. between, .. schedule[later.End..]];
            yield return [.. schedule[..earlier.Start], .. between, .. first, .. second, .. schedule[later.End..]];
        }
    }
}
