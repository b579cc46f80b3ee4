using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>i_state.</summary>
[Flags]
public enum InodeState
{
    None = 0,

    /// <summary>Contents not valid yet; its wait queue also serves those who wait for a freeing inode.</summary>
    New = 1 << 0,
    DirtySync = 1 << 1,
    DirtyDatasync = 1 << 2,
    DirtyPages = 1 << 3,

    /// <summary>Being written; pins the inode's memory against evict.</summary>
    Sync = 1 << 4,
    SyncQueued = 1 << 5,
    WillFree = 1 << 6,

    /// <summary>Dying: nobody may take a reference, and exactly one owner evicts it.</summary>
    Freeing = 1 << 7,

    /// <summary>Its pages are gone.</summary>
    Clear = 1 << 8,

    /// <summary>A second chance on the LRU.</summary>
    Referenced = 1 << 9,
    DirtyTime = 1 << 10,
    DontCache = 1 << 11,
    Creating = 1 << 12,

    /// <summary>The LRU walk strips its pages without a lock; pins the inode's memory against evict.</summary>
    LruIsolating = 1 << 13,

    /// <summary>Made by O_TMPFILE: it may get a name although it has none.</summary>
    Linkable = 1 << 14,

    /// <summary>I_WB_SWITCH: a work will move it to another cgroup's writeback, and has a reference as long.</summary>
    WritebackSwitch = 1 << 15,

    DirtyInode = DirtySync | DirtyDatasync,
    Dirty = DirtyInode | DirtyPages,
    DirtyAll = Dirty | DirtyTime,
    Dying = Freeing | WillFree,
}

/// <summary>struct inode, with the page cache of its file.</summary>
public sealed class Inode : KernelObject, IHashed
{
    internal Inode(KernelHost host, SuperBlock superBlock)
        : base(host) => SuperBlock = superBlock;

    /// <summary>i_sb.</summary>
    public SuperBlock SuperBlock { get; }

    /// <summary>i_ino.</summary>
    [KernelName("i_ino")]
    public Plain<int> Number;

    /// <summary>Guards i_state, and every change of i_count between zero and one.</summary>
    [KernelName("i_lock")]
    public SpinLock Lock = new(VfsLocks.Inode);

    /// <summary>References. 0 to 1 and 1 to 0 only under i_lock.</summary>
    [KernelName("i_count")]
    public Atomic Count;

    [KernelName("i_state")]
    public Shared<InodeState> State;

    [KernelName("i_nlink")]
    public Plain<int> Nlink;

    [KernelName("i_mode")]
    public Plain<FileType> Type;

    /// <summary>Serialises changes of the file, and for a directory of its entries.</summary>
    [KernelName("i_rwsem")]
    public RwSemaphore Rwsem = new(VfsLocks.InodeRwsem);

    /// <summary>Published by key set-up, reset only in eviction. Its type belongs to fs/crypto.</summary>
    [KernelName("i_crypt_info")]
    public Pointer<KernelObject> CryptInfo;

    /// <summary>
    /// Of a symlink its target, once it is known: read with its inode, or published by who decrypted it first. Freed with the inode.
    /// </summary>
    [KernelName("i_link")]
    public Pointer<LinkTarget> Link;

    /// <summary>Waits for I_NEW to clear, or for the end of a freeing inode.</summary>
    [KernelName("I_NEW queue")]
    public WaitQueue NewQueue;

    /// <summary>Waits for I_SYNC to clear.</summary>
    [KernelName("I_SYNC queue")]
    public WaitQueue SyncQueue;

    /// <summary>The dentries of this inode, under i_lock.</summary>
    [KernelName("i_dentry")]
    [LinkedBy(nameof(Dentry.AliasLink))]
    public KernelList<Dentry> Aliases;

    [KernelName("i_hash")]
    public HashLink HashLink;

    [KernelName("i_sb_list")]
    public ListLink SuperBlockLink;

    /// <summary>The LRU; once I_FREEING is set, its owner's private list.</summary>
    [KernelName("i_lru")]
    public ListLink LruLink;

    [KernelName("i_io_list")]
    public ListLink WritebackLink;

    /// <summary>
    /// On s_inodes_wb, and by that PG_writeback and the mapping's tag too: what was in the folio is on its way to the disk. The three
    /// change together, under the lock of i_pages; they begin to be so with the folio locked.
    /// </summary>
    [KernelName("i_wb_list")]
    public ListLink UnderWritebackLink;

    /// <summary>The folio's lock: one folio stands for the file's pages.</summary>
    [KernelName("folio lock")]
    public Mutex FolioLock = new(VfsLocks.Folio);

    /// <summary>What the page cache holds of the file, and the mapping's tags. Changed under the folio's lock.</summary>
    [KernelName("folio")]
    public Shared<Folio> Folio;

    /// <summary>Guards i_pages: pages leave the cache, and I/O on them begins and ends, under it. Taken in interrupts.</summary>
    [KernelName("i_pages lock")]
    public SpinLock PagesLock = new(VfsLocks.Pages);

    /// <summary>When evict of it began: a watcher's note.</summary>
    public Note<Eviction> Evicted;

    /// <summary>
    /// S_DEAD: a directory that was removed, so that nothing is looked up or made in it. Asked under its i_rwsem, where
    /// its link count goes and the flag is set.
    /// </summary>
    public bool IsDead => IsDirectory && Nlink.Value == 0;

    /// <summary>S_ISDIR, asked by who is ordered after its maker.</summary>
    public bool IsDirectory => Type.Value == FileType.Directory;

    public ulong HashKey => (ulong)Number.Peek;

    public override string Name => $"ino:{Number.Peek}";

    /// <summary>The inode as the disk has it.</summary>
    public DiskInode OnDisk => SuperBlock.Disk.Inodes[Number.Peek]!;
}

/// <summary>When an inode was evicted. What comes next depends on whether it was, and not on when.</summary>
/// <param name="Order">How many were by then, itself included; 0 if it was not.</param>
public readonly record struct Eviction(int Order) : IStatePart
{
    void IStatePart.WriteState(StateEncoder encoder) => encoder.Add(Order != 0 ? 1UL : 0UL);

    public override string ToString() => Order.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
