using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>
/// Time of one REMOVE on an idle machine, by design, unlocked inodes and bystanders (cached inodes without the key). The
/// counted work is in the columns of <see cref="CountedWork"/>: it does not depend on the computer.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 1, iterationCount: 3, invocationCount: 1)]
public class EvictionBenchmarks
{
    private EvictionWorld world = null!;

    [Params("walk-and-invalidate", "drop-inode")]
    public string Design { get; set; } = "";

    [Params(1_000, 10_000, 100_000)]
    public int Unlocked { get; set; }

    [Params(0, 100_000)]
    public int Bystanders { get; set; }

    [IterationSetup]
    public void FillTheCaches() => world = new EvictionWorld(Model.Eviction.Design.Named(Design)!, Unlocked, Bystanders);

    [Benchmark]
    public void Remove() => world.Remove();
}

/// <summary>A kernel whose caches are full: some inodes unlocked with a key, others that have nothing to do with it.</summary>
internal sealed class EvictionWorld
{
    private const int FilesPerDirectory = 1_000;
    private readonly NativeHost<DepthFirst> host = new(new DepthFirst(0)) { StepsMax = int.MaxValue };
    private readonly Kernel kernel;

    public EvictionWorld(Design design, int unlocked, int bystanders)
    {
        kernel = new Kernel(host, new KernelConfiguration { Design = design }, hashBuckets: 1 << 18);
        var paths = Files("u", unlocked, policy: 0).Concat(Files("b", bystanders, policy: -1)).ToArray();
        Run(async () =>
        {
            await kernel.Mount();
            await kernel.Calls.AddKey(0, 0);
            foreach (var path in paths)
            {
                var (_, file) = await kernel.Calls.Open(path);
                await kernel.Calls.Close(file!);
            }
        });
        host.Counters.Reset();
    }

    public WorkCounters Counters => host.Counters;

    public int CachedBystanders
    {
        get
        {
            var cached = 0;
            foreach (var inode in kernel.Inodes.All)
            {
                if (inode.IsAlive && inode.Type.Peek != Model.Vfs.FileType.Directory && !inode.OnDisk.IsEncrypted)
                    cached++;
            }

            return cached;
        }
    }

    public void Remove() => Run(async () => await kernel.Calls.RemoveKey(0, 0));

    private void Run(Func<KTask> body)
    {
        if (!host.RunAlone(new ThreadBody("remover", body)))
            throw new InvalidOperationException(host.Finding?.Message);
    }

    private IEnumerable<int[]> Files(string prefix, int count, int policy)
    {
        var directory = 0;
        for (var i = 0; i < count; i++)
        {
            var directoryName = $"{prefix}{i / FilesPerDirectory}";
            if (i % FilesPerDirectory == 0)
                directory = kernel.Disk.AddDirectory(Model.Vfs.Disk.RootNumber, directoryName, policy);
            kernel.Disk.AddFile(directory, $"f{i}", "x");
            yield return [kernel.Disk.FileName(directoryName), kernel.Disk.FileName($"f{i}")];
        }
    }
}
