using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>
/// A depth-first search in parts: the beginnings of its schedules are handed to workers, each with a machine of its own, and
/// what they count is added up. The sum depends on neither their number nor their speed.
/// </summary>
internal sealed class Division : IDisposable
{
    // Beginnings a worker gets on average: enough that the last ones do not wait for one.
    private const int PartsOfAWorker = 64;

    private readonly SearchPlan plan;
    private readonly SearchProgress progress;
    private readonly Interruption interruption;
    private readonly NativeSearch<DepthFirst>[] searches;
    private readonly double[] done;                       // by each worker, of all parts
    private double doneBefore;

    public Division(SearchPlan plan, int workers, SearchProgress progress, Interruption interruption)
    {
        this.plan = plan;
        this.progress = progress;
        this.interruption = interruption;
        searches = [.. Enumerable.Range(0, workers).Select(_ => NewSearch())];
        done = new double[workers];
    }

    /// <summary>Whether the bound refused a preemption in any part.</summary>
    public bool BoundWasFelt { get; set; }

    /// <summary>Whether the last run ended because some executions go on to the limit of steps.</summary>
    public bool IsEndless { get; private set; }

    /// <summary>Whether the last run was interrupted.</summary>
    public bool Paused { get; private set; }

    /// <summary>What all parts together weigh, of all schedules: less than 1 if they are those of a shard.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>How much of all parts was looked at, from 0 to 1, as far as can be told.</summary>
    public double Fraction => Math.Clamp(doneBefore + done.Sum(), 0, 1);

    public void Dispose()
    {
        foreach (var search in searches)
            search.Dispose();
    }

    /// <summary>An empty tally for the scenario.</summary>
    public Tally NewTally() => searches[0].NewTally();

    /// <summary>The parts of all schedules with at most so many preemptions, -1 for any number; of a shard its own.</summary>
    /// <returns>Null if they cannot be divided, because some go on to the limit of steps.</returns>
    public List<DepthFirst.Part>? Beginnings(int bound)
    {
        using var search = new NativeSearch<Prefixes>(plan, progress);
        var deviations = 0;
        do
        {
            if (!search.Repeat(new Prefixes(bound, ++deviations), int.MaxValue))
                return null;
        }
        while (search.Strategy.WereCut && search.Strategy.Found.Count < PartsOfAWorker * (plan.Shard?.Count ?? searches.Length));
        BoundWasFelt |= search.Strategy.BoundWasFelt;
        // The heaviest first, so that at the end nobody is left with one of them alone.
        if (plan.Shard is not { } shard)
            return [.. search.Strategy.Found.OrderByDescending(p => p.Weight)];
        List<DepthFirst.Part> parts =
            [.. search.Strategy.Found.Where((_, i) => i % shard.Count == shard.Index - 1).OrderByDescending(p => p.Weight)];
        Weight = Math.Max(parts.Sum(p => p.Weight), double.Epsilon);
        return parts;
    }

    /// <summary>From now on <see cref="Fraction"/> is what is done apart from these parts, and of them.</summary>
    public void Prepare(List<DepthFirst.Part> parts)
    {
        Array.Clear(done);
        doneBefore = 1 - parts.Sum(p => p.Weight / Weight * (1 - p.Fraction));
    }

    /// <summary>Goes through parts until none is left, or a limit is reached, or it is interrupted.</summary>
    /// <param name="bound">The most preemptions.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="counted">Where executions are counted.</param>
    /// <param name="executionsMax">Executions of one worker after which to stop.</param>
    /// <param name="deadline">The time stamp after which to stop at the end of an execution.</param>
    /// <returns>The parts that are left.</returns>
    public List<DepthFirst.Part> Run(int bound, List<DepthFirst.Part> parts, Tally counted, long executionsMax, long deadline)
    {
        var tallies = new Tally[searches.Length];
        var left = new DepthFirst.Part?[searches.Length];
        var next = -1;
        var (felt, isEndless, isPaused) = (false, false, false);
        Prepare(parts);
        Explorer.InParallel(searches.Length, searches.Length, worker =>
        {
            var search = searches[worker];
            var mine = tallies[worker] = search.NewTally();
            while (left[worker] == null && mine.Executions < executionsMax && !Volatile.Read(ref isEndless) && !Volatile.Read(ref isPaused))
            {
                var part = Interlocked.Increment(ref next);
                if (part >= parts.Count)
                    return;
                var weight = parts[part].Weight / Weight;
                var before = done[worker] - (weight * parts[part].Fraction);
                search.Look = strategy => done[worker] = before + (weight * strategy.Fraction);
                mine.Add(search.Run(new DepthFirst(bound, parts[part]), executionsMax - mine.Executions, deadline, interruption));
                if (search.Strategy.BoundWasFelt)
                    Volatile.Write(ref felt, true);
                if (search.IsEndless)
                    Volatile.Write(ref isEndless, true);
                // A part may be so small that it was at its end before it came to look.
                if (search.Exhausted ? interruption.IsDue : search.Paused)
                    Volatile.Write(ref isPaused, true);
                if (search.Exhausted)
                    done[worker] = before + weight;
                else
                    left[worker] = search.Strategy.Left;
            }
        });
        foreach (var tally in tallies)
            counted.Add(tally);
        BoundWasFelt |= felt;
        IsEndless = isEndless;
        Paused = isPaused;
        return [.. left.OfType<DepthFirst.Part>(), .. parts.Skip(next + 1)];
    }

    // With a point at every access the threads are those of the operating system: they cannot go back.
    private NativeSearch<DepthFirst> NewSearch() => plan is { Scenario: ProgramScenario program, PointsAll: false }
        ? new ProgramSearch(plan, program, progress)
        : new NativeSearch<DepthFirst>(plan, progress);
}
