using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// The beginnings of the schedules of a depth-first search, up to the decision that is the n-th deviation from what the search
/// takes first; schedules with fewer deviations are taken whole. What follows one beginning has nothing to do with what
/// follows another, so that workers divide them. (Beginnings of equal length would be of very unequal weight: with a bound,
/// most schedules begin without a preemption.)
/// </summary>
internal struct Prefixes : IStrategy
{
    private readonly int deviationsMax;
    private DepthFirst search;
    private int given;
    private bool isCut;

    /// <summary>The beginnings.</summary>
    /// <param name="preemptionsMax">Preemptions a schedule may have, or -1 for any number.</param>
    /// <param name="deviationsMax">Deviations of a beginning; at least 1.</param>
    public Prefixes(int preemptionsMax, int deviationsMax)
    {
        search = new DepthFirst(preemptionsMax);
        this.deviationsMax = deviationsMax;
    }

    /// <summary>Whether the bound refused a preemption.</summary>
    public readonly bool BoundWasFelt => search.BoundWasFelt;

    /// <summary>Whether any schedule goes on behind its beginning.</summary>
    public bool WereCut { get; private set; }

    /// <summary>The beginnings, in the order of the search.</summary>
    public List<DepthFirst.Part> Found { get; } = [];

    public void Begin()
    {
        var deviations = 0;
        foreach (ref readonly var decision in search.Given)
            deviations += decision.Deviates ? 1 : 0;
        isCut = deviations >= deviationsMax;
        given = search.Given.Length;
        search.Begin();
    }

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        var chosen = search.Choose(host, enabled, current);
        if (!isCut || search.Taken.Length <= given)
            return chosen;
        WereCut = true;
        return -1;
    }

    public int ChooseData(int options) => search.ChooseData(options);

    public bool Next()
    {
        var prefix = (isCut ? search.Taken[..given] : search.Taken).ToArray();
        for (var i = 0; i < prefix.Length; i++)
            prefix[i].Rest = 0;
        Found.Add(new DepthFirst.Part(prefix, prefix.Length));
        return search.NextBelow(isCut ? given : int.MaxValue);
    }
}
