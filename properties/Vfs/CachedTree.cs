using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// A kernel with one of each: d is encrypted with K1, which is there; f in it is open; g is closed, and its name cached; h has lost
/// its name to reclaim, so that its inode is unused.
/// </summary>
internal sealed class CachedTree
{
    private readonly NativeHost<DepthFirst> host = new(new DepthFirst(0)) { StepsMax = int.MaxValue };

    public CachedTree(string release = "v6.18", string fileSystem = "ext4")
    {
        Kernel = new Kernel(host, new KernelConfiguration
        {
            Release = KernelRelease.Named(release)!,
            FileSystem = FileSystemType.Named(fileSystem)!,
        });
        Invariants = new KernelInvariants(Kernel);
        var d = Kernel.Disk.AddDirectory(Disk.RootNumber, "d", 0);
        foreach (var name in new[] { "f", "g", "h" })
            Kernel.Disk.AddFile(d, name, name + "-data");
        if (!host.RunAlone(new ThreadBody("setup", SetUp)))
            throw new InvalidOperationException(host.Finding?.ToString());
        foreach (var inode in Kernel.Inodes.All)
        {
            if (inode.IsAlive && inode.Aliases.PeekCount == 0)
                H = inode;
        }
    }

    public Kernel Kernel { get; }

    public KernelInvariants Invariants { get; }

    public SuperBlock SuperBlock => Kernel.SuperBlock;

    public Dentry Root => SuperBlock.Root.Peek!;

    public Dentry D => Named("d");

    public OpenFile File { get; private set; } = null!;

    public Dentry F => File.Dentry.Peek!;

    public Dentry G => Named("g");

    /// <summary>The inode that nobody uses.</summary>
    public Inode H { get; private set; } = null!;

    public MasterKey Key => Kernel.Keyring.All[0];

    public Finding? Finding => host.Finding;

    public int[] Path(params string[] names) => [.. names.Select(Kernel.Disk.FileName)];

    public Inode Of(Dentry dentry) => dentry.Inode.Peek!;

    /// <summary>Runs a thread, looking on between any two steps.</summary>
    public void Watch(Func<KTask> body, Action look)
    {
        host.AtEachState = look;
        host.RunTogether([new ThreadBody("caller", body)]);
    }

    /// <summary>Runs threads, the first as far as it can go, with the sentences about the state asked between any two steps.</summary>
    public void Run(params Func<KTask>[] bodies)
    {
        host.AtEachState = () =>
        {
            if (Invariants.FirstBroken() is { } broken)
                host.Report(new Finding("invariant", broken.Sentence) { Object = broken.FindBroken() });
        };
        host.RunTogether([.. bodies.Select((b, i) => new ThreadBody($"caller{i}", b))]);
    }

    /// <summary>Runs a thread without looking on: it may do what no kernel does.</summary>
    public void Tamper(Func<CachedTree, KTask> body) => host.RunAlone(new ThreadBody("tamperer", () => body(this)));

    /// <summary>Opens and closes a file.</summary>
    public async KTask Touch(params string[] names)
    {
        var (_, file) = await Kernel.Calls.Open(Path(names));
        await Kernel.Calls.Close(file!);
    }

    private Dentry Named(string name)
    {
        foreach (var dentry in Kernel.Dentries.All)
        {
            if (dentry.IsAlive && dentry.Ref.Peek >= 0 && dentry.Parent.Peek != null && dentry.Name == "dentry:" + name)
                return dentry;
        }

        throw new InvalidOperationException($"{name} is not cached");
    }

    private async KTask SetUp()
    {
        await Kernel.Mount();
        Kernel.Mounts.CountsUsers = true;
        await Kernel.Calls.AddKey(0, 0);
        (_, var file) = await Kernel.Calls.Open(Path("d", "f"));
        File = file!;
        await Touch("d", "h");
        await Kernel.Dentries.PruneLru(1);
        await Touch("d", "g");
    }
}
