using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>
/// Many files looked up, evicted, and looked up again, in one sequential run with all watchers on: what the caches cost at scale.
/// </summary>
internal static class ManyFiles
{
    private const int Files = 100_000;
    private const int FilesPerDirectory = 1_000;

    public static void Print(TextWriter output)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0)) { StepsMax = int.MaxValue };
        var kernel = new Kernel(host, new KernelConfiguration(), hashBuckets: 1 << 18);
        var paths = new int[Files][];
        for (int i = 0, directory = 0; i < Files; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"d{i / FilesPerDirectory}");
            if (i % FilesPerDirectory == 0)
                directory = kernel.Disk.AddDirectory(Model.Vfs.Disk.RootNumber, name, policy: -1);
            var file = string.Create(CultureInfo.InvariantCulture, $"f{i}");
            kernel.Disk.AddFile(directory, file, "x");
            paths[i] = [kernel.Disk.FileName(name), kernel.Disk.FileName(file)];
        }

        Run(kernel.Mount);
        Run(() => OpenAndClose(paths[0], Files / 10));     // the code is compiled, as after the first seconds of any run
        output.WriteLine("| part | ms | steps | managed memory, MB |");
        output.WriteLine("|---|---:|---:|---:|");
        var watch = new Stopwatch();
        var (total, steps) = (0L, (long)host.Steps);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Part("open and close one file", () => OpenAndClose(paths[0], Files));
        var perOpen = Memory() / Files;                    // struct file: memory that is freed is not used again in a run
        total = 0;
        before = GC.GetTotalMemory(forceFullCollection: true);
        Part("look up", LookUp);
        var perFile = (Memory() / Files) - perOpen;
        var evicted = host.Counters.InodesEvicted;
        Part("evict", async () =>
        {
            await kernel.Dentries.ShrinkAll();
            await kernel.Reclaim.DropCaches(2);
        });
        evicted = host.Counters.InodesEvicted - evicted;
        Part("look up again", LookUp);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\n{Files:N0} files: {total:N0} ms, {evicted:N0} inodes evicted; {perFile:N0} bytes an inode with its dentry, {perOpen:N0} an open file"));

        async KTask LookUp()
        {
            foreach (var path in paths)
                await OpenAndClose(path, 1);
        }

        async KTask OpenAndClose(int[] path, int times)
        {
            for (var i = 0; i < times; i++)
            {
                var (_, file) = await kernel.Calls.Open(path);
                await kernel.Calls.Close(file!);
            }
        }

        double Memory() => GC.GetTotalMemory(forceFullCollection: true) - before;

        void Part(string name, Func<KTask> body)
        {
            watch.Restart();
            Run(body);
            var elapsed = watch.ElapsedMilliseconds;
            total += elapsed;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {elapsed:N0} | {host.Steps - steps:N0} | {Memory() / 1e6:N1} |"));
            steps = host.Steps;
        }

        void Run(Func<KTask> body)
        {
            if (!host.RunAlone(new ThreadBody("user", body)))
                throw new InvalidOperationException(host.Finding?.Message ?? "no end was in sight");
        }
    }
}
