using System.Globalization;
using System.Numerics;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Cost;

/// <summary>
/// A kernel with many files, of which one thread fills the caches: some of a key, and bystanders that have nothing to do with it. Each
/// call does one thing with all of them, and counts from zero.
/// </summary>
public sealed class FullCaches
{
    private const int FilesPerDirectory = 1_000;
    private const int HashBucketsMin = 64;

    private readonly NativeHost<DepthFirst> host = new(new DepthFirst(0)) { StepsMax = int.MaxValue };
    private readonly Kernel kernel;
    private readonly int[][] files;
    private readonly int[][] bystanders;
    private readonly int text;

    /// <summary>Mounts a file system; the key is there, and nothing is cached.</summary>
    /// <param name="configuration">Which kernel.</param>
    /// <param name="unlocked">Files of the key, 0 or more, a thousand in a directory.</param>
    /// <param name="bystanders">Other files, the same.</param>
    public FullCaches(KernelConfiguration configuration, int unlocked, int bystanders)
    {
        // What a design breaks does not end the run: here it is asked what it costs.
        host.IgnoredRules = [.. RuleBook.All.Select(r => r.Name).Where(RuleBook.IsLookedAtOnly)];
        kernel = new Kernel(host, configuration, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(HashBucketsMin, unlocked + bystanders)));
        files = Make("u", unlocked, policy: 0);
        this.bystanders = Make("b", bystanders, policy: -1);
        text = kernel.Disk.Text("y");
        Run(async () =>
        {
            await kernel.Mount();
            await kernel.Calls.AddKey(0, 0);
        });
    }

    /// <summary>What the last call cost.</summary>
    public WorkCounters Counters => host.Counters;

    /// <summary>Bystanders that are cached.</summary>
    public int CachedBystanders
    {
        get
        {
            var cached = 0;
            foreach (var inode in kernel.Inodes.All)
            {
                if (inode.IsAlive && inode.Type.Peek != FileType.Directory && !inode.OnDisk.IsEncrypted)
                    cached++;
            }

            return cached;
        }
    }

    /// <summary>Opens and closes all files of the key.</summary>
    /// <param name="reads">Whether they are read, so that each has a page.</param>
    /// <param name="dirty">Of a hundred files, how many are written to.</param>
    public void Unlock(bool reads, int dirty = 0) => Run(() => Open(files, reads, dirty));

    /// <summary>Opens and closes all bystanders.</summary>
    /// <param name="reads">Whether they are read, so that each has a page.</param>
    /// <param name="dirty">Of a hundred files, how many are written to.</param>
    public void OpenBystanders(bool reads, int dirty = 0) => Run(() => Open(bystanders, reads, dirty));

    /// <summary>Asks for the status of all bystanders.</summary>
    public void StatBystanders() => Run(async () =>
    {
        foreach (var path in bystanders)
            await kernel.Calls.Stat(path);
    });

    /// <summary>ADD.</summary>
    public void Add() => Run(async () => await kernel.Calls.AddKey(0, 0));

    /// <summary>REMOVE.</summary>
    public void Remove() => Run(async () => await kernel.Calls.RemoveKey(0, 0));

    /// <summary>What people do instead: sync, and a number written to drop_caches.</summary>
    public void DropCaches(int what) => Run(async () =>
    {
        await kernel.Calls.Sync();
        await kernel.Calls.DropCaches(what, 0);
    });

    /// <summary>umount and mount.</summary>
    public void Remount() => Run(async () =>
    {
        await kernel.Calls.Umount(0);
        await kernel.Calls.Mount(0);
    });

    private async KTask Open(int[][] paths, bool reads, int dirty)
    {
        for (var i = 0; i < paths.Length; i++)
        {
            var (_, file) = await kernel.Calls.Open(paths[i]);
            if (reads)
                await kernel.Calls.Read(file!);
            if ((i + 1) * (long)dirty / 100 > i * (long)dirty / 100)
                await kernel.Calls.Write(file!, text);
            await kernel.Calls.Close(file!);
        }
    }

    private void Run(Func<KTask> body)
    {
        host.Counters.Reset();
        if (!host.RunAlone(new ThreadBody("user", body)))
            throw new InvalidOperationException(host.Finding?.Message ?? host.GivenUp ?? "no end was in sight");
    }

    private int[][] Make(string prefix, int count, int policy)
    {
        var paths = new int[count][];
        for (int i = 0, directory = 0; i < count; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{i / FilesPerDirectory}");
            var file = string.Create(CultureInfo.InvariantCulture, $"f{i % FilesPerDirectory}");
            if (i % FilesPerDirectory == 0)
                directory = kernel.Disk.AddDirectory(Disk.RootNumber, name, policy);
            kernel.Disk.AddFile(directory, file, "x");
            paths[i] = [kernel.Disk.FileName(name), kernel.Disk.FileName(file)];
        }

        return paths;
    }
}
