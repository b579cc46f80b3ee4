using System.Collections.Immutable;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model;

/// <summary>A kernel: the caches, the file system and the keys, on one machine.</summary>
public sealed class Kernel
{
    private readonly ImmutableArray<IRule> rules = RuleBook.AtEnd();
    private readonly Ext4 fileSystem;

    /// <summary>Boots a kernel on an empty machine.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="configuration">Which kernel.</param>
    /// <param name="hashBuckets">Buckets of the caches' hash tables, a power of two.</param>
    public Kernel(KernelHost host, KernelConfiguration configuration, int hashBuckets = 64)
    {
        Host = host;
        Configuration = configuration;
        var fixes = configuration.FixesIn;
        Disk = new Disk(host);
        SuperBlock = new SuperBlock(host, Disk, fixes);
        Inodes = new InodeCache(host, SuperBlock, configuration.Release, fixes, hashBuckets);
        Writeback = new Writeback(host, Inodes, configuration.Release, fixes);
        Inodes.Writeback = Writeback;
        Dentries = new DentryCache(host, SuperBlock, Inodes, configuration.Release, hashBuckets);
        Reclaim = new Reclaim(host, SuperBlock, Inodes, Dentries, configuration.Release, fixes);
        SuperBlock.Reclaim = Reclaim;
        Switches = new WritebackSwitches(host, SuperBlock, Inodes, configuration.Release, fixes);
        Mounts = new Mounts(host, SuperBlock, Inodes, Dentries, Writeback, Switches);
        KeyQuota = new KeyQuota(host, Users);
        ProcessKeyrings = new ProcessKeyrings(host, KeyQuota);
        Keyring = new MasterKeyring(host, SuperBlock, Users, KeyQuota, ProcessKeyrings, configuration.Release, fixes);
        KeySetup = new KeySetup(host, Keyring, Policies, ProcessKeyrings, fixes);
        Keyring.Design = configuration.Design.Make(new Caches(host, SuperBlock, Inodes, Dentries, Writeback, Reclaim, KeySetup, fixes));
        fileSystem = MakeFileSystem(KeySetup, fixes);
        Inodes.FileSystem = SuperBlock.Device.FileSystem = fileSystem;
        var paths = new PathLookup(SuperBlock, Inodes, Dentries, configuration.Release, fixes);
        Calls = new SystemCalls.SystemCalls(
            host, SuperBlock, paths, Inodes, Dentries, new PageCache(host, SuperBlock, Inodes, Writeback), Writeback, Mounts, fileSystem, Keyring,
            new Policies(host, fileSystem, Keyring, Policies, Users, configuration.Release, fixes), Users);
        var keyMaterial = rules.OfType<KeyMaterial>().Single();
        var unlockedInodes = rules.OfType<UnlockedInodes>().Single();
        Keyring.CompletelyRemoved = number =>
        {
            keyMaterial.Removed(this, number);
            unlockedInodes.Removed(this, number);
        };
    }

    /// <summary>What is so of the file system's own structures.</summary>
    internal ImmutableArray<StateInvariant> FileSystemInvariants => fileSystem.Invariants;

    /// <summary>The machine.</summary>
    public KernelHost Host { get; }

    /// <summary>Which kernel.</summary>
    public KernelConfiguration Configuration { get; }

    /// <summary>What survives.</summary>
    public Disk Disk { get; }

    /// <summary>The mounted file system.</summary>
    public SuperBlock SuperBlock { get; }

    /// <summary>fs/inode.c.</summary>
    public InodeCache Inodes { get; }

    /// <summary>fs/dcache.c.</summary>
    public DentryCache Dentries { get; }

    /// <summary>fs/fs-writeback.c.</summary>
    public Writeback Writeback { get; }

    /// <summary>mm/vmscan.c and fs/drop_caches.c.</summary>
    public Reclaim Reclaim { get; }

    /// <summary>What else of fs/fs-writeback.c holds inodes.</summary>
    public WritebackSwitches Switches { get; }

    /// <summary>fs/namespace.c and fs/super.c.</summary>
    public Mounts Mounts { get; }

    /// <summary>Who makes system calls.</summary>
    public Users Users { get; } = new();

    /// <summary>The policies that directories have, or may get.</summary>
    public PolicyTable Policies { get; } = new();

    /// <summary>fs/crypto/keyring.c.</summary>
    public MasterKeyring Keyring { get; }

    /// <summary>fs/crypto/keysetup.c.</summary>
    internal KeySetup KeySetup { get; }

    /// <summary>How much users may have in the keys service.</summary>
    public KeyQuota KeyQuota { get; }

    /// <summary>The keys that users keep there.</summary>
    public ProcessKeyrings ProcessKeyrings { get; }

    /// <summary>What a process can do.</summary>
    public SystemCalls.SystemCalls Calls { get; }

    /// <summary>Mounts the file system: what a set-up begins with.</summary>
    public async KTask Mount()
    {
        var root = await fileSystem.ReadRoot();
        SuperBlock.Root.Value = await Dentries.MakeRoot(root);
        Mounts.IsMounted.Value = true;
    }

    /// <summary>Looks at the state after the last part, when no thread runs, and reports broken rules to the host.</summary>
    public void CheckAtEnd()
    {
        foreach (var rule in rules)
            rule.CheckAtEnd(this);
    }

    private Ext4 MakeFileSystem(KeySetup keys, FixSet fixes)
    {
        var drops = Keyring.Design.DropsInodes;
        return Configuration.FileSystem.Name switch
        {
            "ext4" => new Ext4(Host, SuperBlock, Inodes, Dentries, Writeback, keys, Policies, Configuration.Release, fixes, drops),
            "f2fs" => new F2fs(Host, SuperBlock, Inodes, Dentries, Writeback, keys, Policies, Configuration.Release, fixes, drops),
            "ubifs" => new Ubifs(Host, SuperBlock, Inodes, Dentries, Writeback, keys, Policies, Configuration.Release, fixes, drops),
            var name => throw new ArgumentException($"no file system is called {name}"),
        };
    }
}
