using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/inode.c: the inodes in memory, by number, and their life from iget to evict. Its shapes: docs/FIDELITY.md.</summary>
public sealed partial class InodeCache : KernelObject
{
    private readonly Slab<Inode> slab;
    private readonly Slab<DisposeList> lists;
    private readonly KernelRelease release;
    private readonly bool rechecksCount;

    internal InodeCache(KernelHost host, SuperBlock superBlock, KernelRelease release, FixSet fixes, int buckets)
        : base(host)
    {
        this.release = release;
        rechecksCount = fixes.Has(Fixes.EvictInodesRechecks);
        slab = new Slab<Inode>(host, h => new Inode(h, superBlock), i => i.SuperBlockLink.Peek);
        lists = new Slab<DisposeList>(host, h => new DisposeList(h), static _ => false);
        Hash = new HashTable<Inode>(host, "inode_hashtable", buckets, nameof(Inode.HashLink));
    }

    /// <summary>Guards changes of the hash.</summary>
    [KernelName("inode_hash_lock")]
    public SpinLock HashLock = new(VfsLocks.InodeHash);

    /// <summary>inode_hashtable: inodes by number, the newest first. Freeing ones and one new one may share a number.</summary>
    public HashTable<Inode> Hash { get; }

    /// <summary>All inodes of this execution, dead ones included.</summary>
    public ReadOnlySpan<Inode> All => slab.Objects;

    /// <summary>The file system, which decides about drops and tears down.</summary>
    public IFileSystem FileSystem { get; set; } = null!;

    internal Writeback Writeback { get; set; } = null!;

    public override string Name => "icache";

    /// <summary>Whether the kernel has a change.</summary>
    internal bool Has(Change change) => change.IsIn(release);

    /// <summary>A new inode: one reference, no state, in no list.</summary>
    [KernelSource("fs/inode.c", "alloc_inode")]
    private Inode Allocate()
    {
        Host.MightSleep("alloc_inode");
        var inode = slab.Allocate();
        inode.Count.Initialize(1);
        inode.Nlink.Value = 1;
        return inode;
    }

    /// <summary>One more reference, under i_lock.</summary>
    [KernelSource("include/linux/fs.h", "__iget")]
    public async KTask Grab(Inode inode)
    {
        if (!inode.Lock.IsHeldByCurrent || (inode.State.Value & InodeState.Dying) != 0)
            Host.Report(new Finding("reference-count", $"{Host.Current.Name} takes a reference on {inode.Name}, which is dying or not locked") { Object = inode });
        await inode.Count.Increment();
    }
}
