using System.Collections.Immutable;
using System.Text.Json;
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
    /// <summary>Shorter times are noise: a thousandth of a second is what a timer's tick costs.</summary>
    private const double MillisecondsMin = 1;

    private const string Recording = "cost/linux-6.18.44-ext4.json";

    /// <summary>Does again on the model what was measured, with the same numbers of files. Deterministic.</summary>
    /// <param name="unlockedMax">Larger workloads are left out.</param>
    /// <returns>A measurement of each part that took a millisecond or more.</returns>
    public static ImmutableArray<Measurement> MeasureAll(int unlockedMax = int.MaxValue)
    {
        using var stream = typeof(Workload).Assembly.GetManifestResourceStream(Recording)!;
        using var document = JsonDocument.Parse(stream);
        var all = ImmutableArray.CreateBuilder<Measurement>();
        foreach (var run in document.RootElement.GetProperty("empty_files_dc2").EnumerateArray())
            Measure(run, reads: false, drop: 2);
        foreach (var pages in document.RootElement.GetProperty("one_page_files").EnumerateObject())
        {
            foreach (var run in pages.Value.EnumerateArray())
                Measure(run, reads: true, drop: pages.Name[^1] - '0');
        }

        return all.ToImmutable();

        void Measure(JsonElement run, bool reads, int drop)
        {
            var workload = new Workload(run.GetProperty("n_enc").GetInt32(), run.GetProperty("n_bystander").GetInt32(), reads, drop);
            if (workload.Unlocked + workload.Bystanders > unlockedMax)
                return;
            foreach (var (column, counts) in workload.Count())
            {
                var isThere = run.TryGetProperty($"{column}_ms", out var time) || run.TryGetProperty($"{column}{drop}_ms", out time);
                if (isThere && time.GetDouble() >= MillisecondsMin)
                    all.Add(new Measurement(workload, column, time.GetDouble(), counts));
            }
        }
    }

    /// <summary>The parts in the order in which they were timed; what is done in between is not counted.</summary>
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
        caches.Remount();
        yield return Part("umount_mount");
        caches.StatBystanders();
        yield return Part("stat_bystanders_after_umount");

        (string, ImmutableArray<long>) Part(string column) => (column, [.. Work.All.Select(w => w.Of(caches.Counters))]);
    }

    public override string ToString()
        => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Unlocked / 1000}k + {Bystanders / 1000}k{(Reads ? $", pages, {Drop}" : "")}");
}
