using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>d_flags.</summary>
[Flags]
public enum DentryFlags
{
    None = 0,

    /// <summary>On the LRU or on a shrink list.</summary>
    LruList = 1 << 0,

    /// <summary>On somebody's private list, who will kill it.</summary>
    ShrinkList = 1 << 1,
    Referenced = 1 << 2,

    /// <summary>Its name is the encoded ciphertext: it was looked up without the directory's key.</summary>
    NoKeyName = 1 << 3,

    /// <summary>Its killer has finished and unlinked it from its parent.</summary>
    Killed = 1 << 4,

    /// <summary>It has an inode: the entry type, which is set last and read without a lock.</summary>
    Positive = 1 << 5,

    /// <summary>Up to 6.7: its killer has finished while it was on a shrink list, whose owner frees it.</summary>
    MayFree = 1 << 6,

    /// <summary>DCACHE_PAR_LOOKUP: somebody is asking the file system for it; until he is done, it is on the list of those.</summary>
    ParallelLookup = 1 << 7,

    /// <summary>DCACHE_DONTCACHE: it is killed when nobody uses it any more.</summary>
    DontCache = 1 << 8,

    /// <summary>DCACHE_SYMLINK_TYPE: what it has is a symlink.</summary>
    Symlink = 1 << 12,

    /// <summary>DCACHE_ENTRY_TYPE.</summary>
    EntryType = Positive | Symlink,
}

/// <summary>struct dentry: a name in a directory. A positive one pins its inode, and every one its parent.</summary>
public sealed class Dentry : KernelObject, IHashed
{
    internal Dentry(KernelHost host, SuperBlock superBlock)
        : base(host) => SuperBlock = superBlock;

    /// <summary>d_sb.</summary>
    public SuperBlock SuperBlock { get; }

    /// <summary>d_lock and the count: above 0 in use, 0 cached, negative dead.</summary>
    [KernelName("d_lockref")]
    public LockRef Ref = new(VfsLocks.Dentry);

    [KernelName("d_flags")]
    public Shared<DentryFlags> Flags;

    /// <summary>
    /// What walks without locks compare: it changes with the parent, the name, the inode, and with unhashing. Written under d_lock.
    /// </summary>
    [KernelName("d_seq")]
    public SeqCount Sequence;

    /// <summary>NULL for a negative dentry. Changed under i_lock of the inode and d_lock.</summary>
    [KernelName("d_inode")]
    public Plain<Inode?> Inode;

    [KernelName("d_parent")]
    public Plain<Dentry?> Parent;

    [KernelName("d_name")]
    public Plain<int> FileName;

    [KernelName("d_hash")]
    public HashLink HashLink;

    [KernelName("d_alias")]
    public ListLink AliasLink;

    [KernelName("d_lru")]
    public ListLink LruLink;

    [KernelName("d_sib")]
    public ListLink ChildLink;

    /// <summary>The dentries below it, under its d_lock.</summary>
    [KernelName("d_children")]
    [LinkedBy(nameof(ChildLink))]
    public KernelList<Dentry> Children;

    public ulong HashKey => DentryCache.KeyOf(Parent.Peek!, FileName.Peek);

    public override string Name => Parent.Peek == null ? "dentry:/" : $"dentry:{SuperBlock.Disk.FileNameOf(FileName.Peek)}";
}

/// <summary>A private list of dentries that its owner is about to kill.</summary>
public sealed class ShrinkList(KernelHost host) : KernelObject(host)
{
    /// <summary>The dentries, marked <see cref="DentryFlags.ShrinkList"/>.</summary>
    [LinkedBy(nameof(Dentry.LruLink))]
    public KernelList<Dentry> Dentries;

    public override string Name => "shrink list";
}
