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
    private readonly NativeSearch<DepthFirst>[] searches;

    public Division(SearchPlan plan, SearchProgress progress)
    {
        this.plan = plan;
        this.progress = progress;
        searches = [.. Enumerable.Range(0, plan.Workers).Select(_ => new NativeSearch<DepthFirst>(plan, progress))];
    }

    /// <summary>Whether the bound refused a preemption in the last run.</summary>
    public bool BoundWasFelt { get; private set; }

    public void Dispose()
    {
        foreach (var search in searches)
            search.Dispose();
    }

    /// <summary>All schedules with at most so many preemptions, -1 for any number; of a shard its beginnings only.</summary>
    /// <returns>What they come to; null if they cannot be divided, because some go on to the limit of steps.</returns>
    public Tally? Run(int bound)
    {
        if (Beginnings(bound, out var felt) is not { } parts)
            return null;
        if (plan.Shard is { } shard)
            parts = [.. parts.Where((_, i) => i % shard.Count == shard.Index - 1)];
        var tallies = new Tally[searches.Length];
        var next = -1;
        Explorer.InParallel(searches.Length, searches.Length, worker =>
        {
            var search = searches[worker];
            var mine = search.NewTally();
            for (var part = Interlocked.Increment(ref next); part < parts.Count; part = Interlocked.Increment(ref next))
            {
                mine.Add(search.Run(new DepthFirst(bound, parts[part]), long.MaxValue, long.MaxValue));
                if (search.Strategy.BoundWasFelt)
                    Volatile.Write(ref felt, true);
            }

            tallies[worker] = mine;
        });
        for (var i = 1; i < tallies.Length; i++)
            tallies[0].Add(tallies[i]);
        BoundWasFelt = felt;
        return tallies[0];
    }

    private List<DepthFirst.Decision[]>? Beginnings(int bound, out bool felt)
    {
        using var search = new NativeSearch<Prefixes>(plan, progress);
        var deviations = 0;
        felt = false;
        do
        {
            if (!search.Repeat(new Prefixes(bound, ++deviations), int.MaxValue))
                return null;
        }
        while (search.Strategy.WereCut && search.Strategy.Found.Count < PartsOfAWorker * (plan.Shard?.Count ?? searches.Length));
        felt = search.Strategy.BoundWasFelt;
        return search.Strategy.Found;
    }
}
