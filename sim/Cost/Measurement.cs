using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Model;

namespace Fscrypt.Sim.Cost;

/// <summary>A time that was measured, and what the model counts in the same workload.</summary>
/// <param name="Workload">Of which run.</param>
/// <param name="Column">What was timed.</param>
/// <param name="Milliseconds">How long it took on Linux, more than 0.</param>
/// <param name="Counts">How often the model did each of <see cref="Work.All"/>.</param>
public sealed record Measurement(Workload Workload, string Column, double Milliseconds, ImmutableArray<long> Counts);

/// <summary>A run that was timed on Linux, part by part.</summary>
/// <param name="Unlocked">Files of the key.</param>
/// <param name="Bystanders">Other files.</param>
/// <param name="Reads">Whether all were read, so that each has a page.</param>
/// <param name="Drop">What was written to drop_caches.</param>
public sealed record Workload(int Unlocked, int Bystanders, bool Reads, int Drop)
{
    /// <summary>The parts in the order in which they were timed, as the model does them; what is done in between is not counted.</summary>
    public IEnumerable<(string Column, ImmutableArray<long> Counts)> Count()
    {
        var caches = new FullCaches(new KernelConfiguration(), Unlocked, Bystanders);
        caches.OpenBystanders(Reads);
        caches.Unlock(Reads);
        yield return Part("unlock_all");
        caches.StatBystanders();
        yield return Part("stat_bystanders_hot");
        caches.Remove();
        yield return Part("rm_enckey");
        caches.StatBystanders();
        yield return Part("stat_bystanders_after_rm");

        caches.Add();
        caches.Unlock(Reads);
        caches.DropCaches(Drop);
        yield return Part("drop_caches");
        caches.Remove();
        yield return Part("rm_after_drop_caches");
        caches.StatBystanders();
        yield return Part("stat_bystanders_after_drop");

        caches.Add();
        caches.Unlock(Reads);
        caches.OpenBystanders(Reads);
        caches.Remount();
        yield return Part("umount_mount");
        caches.StatBystanders();
        yield return Part("stat_bystanders_after_umount");

        (string, ImmutableArray<long>) Part(string column) => (column, [.. Work.All.Select(w => w.Of(caches.Counters))]);
    }

    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Unlocked / 1000}k + {Bystanders / 1000}k{(Reads ? $", pages, {Drop}" : "")}");
}
