using System.Collections.Immutable;
using Fscrypt.Sim.Model;

namespace Fscrypt.Sim.Cost;

/// <summary>What one REMOVE of a design costs when nobody else runs, among many files.</summary>
/// <param name="Design">The design.</param>
/// <param name="Unlocked">Files of the key that were unlocked.</param>
/// <param name="Bystanders">Other cached files.</param>
/// <param name="Dirty">Of a hundred of each, how many were dirty.</param>
/// <param name="Counts">Locks taken, then each of <see cref="Work.All"/>, by name.</param>
/// <param name="BystandersEvicted">Other files that are no longer cached.</param>
/// <param name="Refaults">Inodes that are read again when all other files are looked at afterwards.</param>
/// <param name="Milliseconds">What Linux would take for the removal, by <see cref="CostModel.Linux"/>.</param>
/// <param name="MillisecondsAfter">What it would take to look at all other files afterwards.</param>
public sealed record SequentialCost(
    string Design,
    int Unlocked,
    int Bystanders,
    int Dirty,
    IReadOnlyDictionary<string, long> Counts,
    long BystandersEvicted,
    long Refaults,
    double Milliseconds,
    double MillisecondsAfter)
{
    /// <summary>Fills the caches, removes the key, and looks at the others again. Deterministic.</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="unlocked">Files of the key, 0 or more.</param>
    /// <param name="bystanders">Other files, 0 or more.</param>
    /// <param name="dirty">Of a hundred of each, how many are dirty: 0 to 100.</param>
    public static SequentialCost Of(KernelConfiguration kernel, int unlocked, int bystanders, int dirty)
    {
        var caches = new FullCaches(kernel, unlocked, bystanders);
        caches.OpenBystanders(reads: false, dirty);
        caches.Unlock(reads: false, dirty);
        var cached = caches.CachedBystanders;
        caches.Remove();
        var evicted = cached - caches.CachedBystanders;
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal) { ["lock taken"] = caches.Counters.LockAcquisitions };
        foreach (var work in Work.All)
            counts[work.Name] = work.Of(caches.Counters);
        var time = Time(caches);
        caches.StatBystanders();
        return new SequentialCost(
            kernel.Design.Name, unlocked, bystanders, dirty, counts, evicted, caches.Counters.InodesRead, time, Time(caches));
    }

    private static double Time(FullCaches caches)
        => Math.Round(CostModel.Linux.Predict([.. Work.All.Select(w => w.Of(caches.Counters))]), 3);
}
