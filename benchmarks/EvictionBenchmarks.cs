using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Fscrypt.Sim.Cost;
using Fscrypt.Sim.Model;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>
/// Time of one REMOVE on an idle machine, by design, unlocked inodes, bystanders (cached inodes without the key) and dirty ones. What
/// is counted in it, and does not depend on the computer, is in <see cref="CountedWork"/>.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 1, iterationCount: 3, invocationCount: 1)]
public class EvictionBenchmarks
{
    private FullCaches caches = null!;

    /// <summary>All designs.</summary>
    public static IEnumerable<string> Designs => Model.Eviction.Design.All.Select(d => d.Name);

    [ParamsSource(nameof(Designs))]
    public string Design { get; set; } = "";

    [Params(1_000, 10_000, 100_000)]
    public int Unlocked { get; set; }

    [Params(0, 100_000)]
    public int Bystanders { get; set; }

    [Params(0, 10)]
    public int DirtyPercent { get; set; }

    [IterationSetup]
    public void FillTheCaches()
    {
        caches = new FullCaches(new KernelConfiguration { Design = Model.Eviction.Design.Named(Design)! }, Unlocked, Bystanders);
        caches.OpenBystanders(reads: false, DirtyPercent);
        caches.Unlock(reads: false, DirtyPercent);
    }

    [Benchmark]
    public void Remove() => caches.Remove();
}
