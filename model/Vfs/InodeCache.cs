using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/inode.c: the inodes in memory, by number, and their life from iget to evict. Shape of v6.18.</summary>
public sealed partial class InodeCache : KernelObject
{
    private readonly Slab<Inode> slab;
    private readonly Slab<DisposeList> lists;
    private readonly KernelRelease release;

    internal InodeCache(KernelHost host, SuperBlock superBlock, KernelRelease release, int buckets)
        : base(host)
    {
        this.release = release;
        slab = new Slab<Inode>(host, h => new Inode(h, superBlock));
        lists = new Slab<DisposeList>(host, h => new DisposeList(h));
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
    internal IFileSystem FileSystem { get; set; } = null!;

    internal Writeback Writeback { get; set; } = null!;

    public override string Name => "icache";

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

    /// <summary>Puts an unused inode on the LRU, if it may be there; under i_lock.</summary>
    [KernelSource("fs/inode.c", "__inode_add_lru")]
    internal async KTask AddToLru(Inode inode, bool rotate)
    {
        if ((inode.State.Value & (InodeState.DirtyAll | InodeState.Sync | InodeState.Dying)) != 0)
            return;
        if (await inode.Count.Read() > 0)
            return;
        if (Change.PagesKeepInodesOffLru.IsIn(release) && (await inode.Folio.ReadRacy()).Has(FolioFlags.Uptodate))      // mapping_shrinkable
            return;
        var lru = inode.SuperBlock;
        await lru.InodeLruLock.Acquire();
        var added = !inode.LruLink.IsLinked;
        if (added)
            lru.InodeLru.AddLast(inode);
        await lru.InodeLruLock.Release();
        if (!added && rotate)
            await inode.State.Set(inode.State.Value | InodeState.Referenced);
    }

    /// <summary>Takes an inode off the LRU; under i_lock.</summary>
    [KernelSource("fs/inode.c", "inode_lru_list_del")]
    internal async KTask RemoveFromLru(Inode inode)
    {
        var lru = inode.SuperBlock;
        await lru.InodeLruLock.Acquire();
        if (inode.LruLink.IsLinked)
            lru.InodeLru.Remove(inode);
        await lru.InodeLruLock.Release();
    }
}
