using System.Numerics;
using System.Runtime.InteropServices;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>A random walk that notes what it sees.</summary>
internal struct Profiling : IStrategy
{
    private readonly ProfileBuilder builder;
    private RandomWalk walk;

    public Profiling(ulong seed, ProfileBuilder builder)
    {
        this.builder = builder;
        walk = new RandomWalk(seed);
    }

    public static bool Always => true;

    public void Begin()
    {
        walk.Begin();
        builder.Begin();
    }

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        var chosen = walk.Choose(host, enabled, current);
        builder.Count(host, chosen, isChoice: BitOperations.PopCount(enabled) > 1);
        return chosen;
    }

    public int ChooseData(int options) => walk.ChooseData(options);

    public bool Next() => walk.Next();
}

/// <summary>Counts the events of a few executions, for a <see cref="Profile"/>.</summary>
internal sealed class ProfileBuilder
{
    private readonly List<List<int>> startedBy = [[]];
    private readonly List<int> creators = [];
    private readonly Dictionary<CellName, Accesses> cells = [];
    private readonly Creations creations = new();
    private readonly int[] placeOf = new int[KernelHost.ThreadsMax];
    private long[] total = [];
    private int choices;
    private int steps;
    private (int Steps, int Choices) most;

    /// <summary>Another execution begins.</summary>
    public void Begin()
    {
        creations.Begin();
        steps = choices = 0;
    }

    /// <summary>A thread does what it announced.</summary>
    public void Count(KernelHost host, int chosen, bool isChoice)
    {
        while (creations.TryNext(host, out var thread, out var creator, out var before))
            placeOf[thread] = Place(creator < 0 ? -1 : placeOf[creator], before);
        steps++;
        choices += isChoice ? 1 : 0;
        most = (Math.Max(most.Steps, steps), Math.Max(most.Choices, choices));
        ref readonly var operation = ref host.Announced(chosen);
        var place = placeOf[chosen];
        Grow(ref total, place)++;
        if (!Dependence.IsOnCell(operation.Kind))
            return;
        ref var accesses = ref CollectionsMarshal.GetValueRefOrAddDefault(cells, CellName.Of(in operation), out _);
        accesses ??= new Accesses();
        Grow(ref accesses.Events, place)++;
        accesses.Written |= !Dependence.OnlyReads(in operation);
    }

    /// <summary>What was counted.</summary>
    public Profile Build()
    {
        var contended = cells.Where(c => c.Value.Written && c.Value.Events.Count(n => n > 0) > 1);
        return new Profile(
            most, [.. startedBy.Select(s => s.ToArray())], WithDescendants(total), [.. contended.Select(c => (c.Key, WithDescendants(c.Value.Events)))]);
    }

    private int Place(int creator, int before)
    {
        var started = startedBy[creator + 1];
        if (before == started.Count)
        {
            started.Add(creators.Count);
            creators.Add(creator);
            startedBy.Add([]);
        }

        return started[before];
    }

    // A creator has a smaller place than those that it starts.
    private long[] WithDescendants(long[] own)
    {
        var sums = new long[creators.Count];
        own.AsSpan(0, Math.Min(own.Length, sums.Length)).CopyTo(sums);
        for (var place = sums.Length - 1; place >= 0; place--)
        {
            if (creators[place] >= 0)
                sums[creators[place]] += sums[place];
        }

        return sums;
    }

    private static ref long Grow(ref long[] counts, int place)
    {
        if (place >= counts.Length)
            Array.Resize(ref counts, Math.Max(place + 1, 2 * counts.Length));
        return ref counts[place];
    }

    private sealed class Accesses
    {
        public long[] Events = [];
        public bool Written;
    }
}
