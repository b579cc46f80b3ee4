using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>struct super_block of a mounted file system, with its caches' lists and its writeback.</summary>
public sealed class SuperBlock : KernelObject, IHasErrors
{
    internal SuperBlock(KernelHost host, Disk disk, FixSet fixes)
        : base(host)
    {
        Disk = disk;
        WriteFault = new Fault(host, "write");
        SyncFault = new Fault(host, "sync");
        InodeFault = new Fault(host, "alloc_inode");
        DentryFault = new Fault(host, "d_alloc");
        KeyFault = new Fault(host, "add_key");
        InfoFault = new Fault(host, "crypt_info");
        Device = new BlockDevice(host, this, fixes);
    }

    /// <summary>What survives.</summary>
    public Disk Disk { get; }

    /// <summary>Who takes back what this super block's caches can do without: s_shrink.</summary>
    internal Reclaim Reclaim { get; set; } = null!;

    /// <summary>Who writes to the disk, and whose interrupts end that: s_bdev.</summary>
    public BlockDevice Device { get; }

    /// <summary>Writing a folio fails.</summary>
    public Fault WriteFault { get; }

    /// <summary>->sync_fs fails.</summary>
    public Fault SyncFault { get; }

    /// <summary>There is no memory for an inode.</summary>
    public Fault InodeFault { get; }

    /// <summary>There is no memory for a dentry.</summary>
    public Fault DentryFault { get; }

    /// <summary>There is no memory for a master key, or for what all of a super block's keys are in.</summary>
    public Fault KeyFault { get; }

    /// <summary>There is no memory for an inode's key.</summary>
    public Fault InfoFault { get; }

    /// <summary>s_wb_err: whether writing some file's pages failed.</summary>
    [KernelName("s_wb_err")]
    public Atomic WriteErrors;

    ref Atomic IHasErrors.Errors => ref WriteErrors;

    /// <summary>SB_RDONLY. Changed under s_umount.</summary>
    [KernelName("SB_RDONLY")]
    public Plain<bool> IsReadOnly;

    /// <summary>SB_LAZYTIME: new times of an inode alone do not make it dirty at once.</summary>
    [KernelName("SB_LAZYTIME")]
    public Plain<bool> IsLazyTime;

    /// <summary>SB_INLINECRYPT: the block layer encrypts what is in files.</summary>
    [KernelName("SB_INLINECRYPT")]
    public Plain<bool> UsesInlineCrypt;

    [KernelName("s_umount")]
    public RwSemaphore Umount = new(VfsLocks.Umount);

    /// <summary>
    /// SB_ACTIVE: unused inodes are cached. Umount clears it with WriteRacy; iput reads it without a common lock, as the kernel
    /// does, in whatever step it is at.
    /// </summary>
    [KernelName("SB_ACTIVE")]
    public Shared<bool> Active = new(true);

    [KernelName("s_inode_list_lock")]
    public SpinLock InodeListLock = new(VfsLocks.InodeList);

    [KernelName("s_inodes")]
    [LinkedBy(nameof(Inode.SuperBlockLink))]
    public KernelList<Inode> Inodes;

    [KernelName("s_inode_lru.lock")]
    public SpinLock InodeLruLock = new(VfsLocks.InodeLru);

    [KernelName("s_inode_lru")]
    [LinkedBy(nameof(Inode.LruLink))]
    public KernelList<Inode> InodeLru;

    /// <summary>Waits for I_LRU_ISOLATING of some inode to clear. One for all: as the kernel's queues, it wakes more than it must.</summary>
    [KernelName("I_LRU_ISOLATING queue")]
    public WaitQueue IsolatingQueue;

    [KernelName("s_dentry_lru.lock")]
    public SpinLock DentryLruLock = new(VfsLocks.DentryLru);

    [KernelName("s_dentry_lru")]
    [LinkedBy(nameof(Dentry.LruLink))]
    public KernelList<Dentry> DentryLru;

    [KernelName("s_sync_lock")]
    public Mutex SyncLock = new(VfsLocks.Sync);

    /// <summary>One rename across directories at a time: it keeps the tree's shape.</summary>
    [KernelName("s_vfs_rename_mutex")]
    public Mutex RenameMutex = new(VfsLocks.RenameMutex);

    [KernelName("s_inode_wblist_lock")]
    public SpinLock UnderWritebackLock = new(VfsLocks.InodesUnderWriteback);

    [KernelName("s_inodes_wb")]
    [LinkedBy(nameof(Inode.UnderWritebackLink))]
    public KernelList<Inode> UnderWriteback;

    /// <summary>Of those, the ones that a sync has not looked at yet. One sync at a time: s_sync_lock.</summary>
    [KernelName("sync_list")]
    [LinkedBy(nameof(Inode.UnderWritebackLink))]
    public KernelList<Inode> NotWaitedFor;

    /// <summary>Waits for the end of I/O on some folio. One for all: as the kernel's queues, it wakes more than it must.</summary>
    [KernelName("folio wait queue")]
    public WaitQueue FolioQueue;

    /// <summary>The master keys; published once. Its type belongs to fs/crypto.</summary>
    [KernelName("s_master_keys")]
    public Pointer<KernelObject> MasterKeys;

    /// <summary>Changes of dentries that shrink_dcache_parent polls for.</summary>
    public ChangeCounter DentryChanges;

    /// <summary>s_root: pinned as long as the file system is mounted.</summary>
    [KernelName("s_root")]
    public Plain<Dentry?> Root;

    public override string Name => "sb";
}
