using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Releases;

/// <summary>
/// A change of the kernel that makes no release wrong, only different: a named switch between two shapes of the same code.
/// What repaired something is a <see cref="Fix"/>.
/// </summary>
/// <param name="Name">What changed, in a few words.</param>
/// <param name="Commit">The commit; null where it is not known which one it was.</param>
/// <param name="Since">The first modelled release that has it.</param>
public sealed record Change(string Name, string? Commit, KernelRelease Since)
{
    /// <summary>iget_locked looks first without inode_hash_lock; a finder that meets an unhashed dying inode does not sleep.</summary>
    public static Change LocklessInodeLookup { get; } = new("inodes are looked up under RCU first", "7180f8d91fcb", Release("v6.12"));

    /// <summary>ext4 and f2fs can be mounted so that the block layer encrypts what is in files. v5.9.</summary>
    public static Change InlineCrypt { get; } = new("the mount option inlinecrypt", null, Release("v5.10"));

    /// <summary>
    /// Umount waits until its super block has no switch in flight, at whatever stage. v7.2, which is no modelled release: up to then
    /// one that has its inode, and nothing queued, is waited for by nobody.
    /// </summary>
    public static Change UmountDrainsSwitches { get; } = new("umount waits for switches at every stage", null, new KernelRelease("v7.2", 7, 2));

    /// <summary>An inode with page cache is not on the LRU; the removal of its last page puts it there.</summary>
    public static Change PagesKeepInodesOffLru { get; } = new("inodes with page cache are kept off the LRU", "51b8c1fe250d", Release("v6.1"));

    /// <summary>Only iput_final gives an inode that is on the LRU a second chance; before, whoever wanted to add it did.</summary>
    public static Change SecondChanceByIputOnly { get; } = new("only iput_final sets I_REFERENCED", null, Release("v6.1"));

    /// <summary>
    /// The LRU walk pins an inode whose pages it strips by I_LRU_ISOLATING; before, by a reference that it then put, which may
    /// evict. v6.11; v6.1 has it from its stable tree, whose shape is the modelled one.
    /// </summary>
    public static Change LruIsolating { get; } = new("the LRU walk pins by I_LRU_ISOLATING", "2a0629834cd8", Release("v6.1"));

    /// <summary>The lockless part of dput looks at DCACHE_DONTCACHE; before, a dentry that had been used again stayed in spite of it.</summary>
    public static Change UncachedDentriesGo { get; } = new("dentries that are not to be cached go, used before or not", "77573fa310d9", Release("v5.11"));

    /// <summary>invalidate_inodes evicts dirty inodes without being asked.</summary>
    public static Change InvalidateKillsDirty { get; } = new("invalidate_inodes has no kill_dirty", null, Release("v6.12"));

    /// <summary>An inode goes on s_inodes after inode_hash_lock was dropped; before, with it held.</summary>
    public static Change ListedAfterHashUnlock { get; } = new("inodes join s_inodes without inode_hash_lock", null, Release("v6.18"));

    /// <summary>The last iput turns I_DIRTY_TIME into I_DIRTY_SYNC before it drops its reference; before, after it.</summary>
    public static Change IputKeepsLastReference { get; } = new("iput never goes to zero and back", "9e70e985bdc2", Release("v6.18"));

    /// <summary>evict wakes those who wait for the end of the inode without i_lock.</summary>
    public static Change EvictWakesUnlocked { get; } = new("evict wakes without i_lock", null, Release("v6.18"));

    /// <summary>Who found an inode waits for I_NEW only if it was set when he found it, and looks under i_lock.</summary>
    public static Change NewSampledUnderLock { get; } = new("I_NEW is sampled and awaited under i_lock", "a27628f43634", Release("v6.19"));

    /// <summary>evict takes the inode off the writeback lists without looking first whether it is on one.</summary>
    public static Change EvictAlwaysUnlists { get; } = new("evict does not ask whether the inode is on a writeback list", null, Release("v6.19"));

    /// <summary>unlink and rmdir keep the inode over d_delete, to tell watchers of it afterwards.</summary>
    public static Change DeletesNotifyLast { get; } = new("d_delete comes before the event of a deletion", "a37d9a17f099", Release("v6.1"));

    /// <summary>A dying dentry stays on its parent's list until its inode is put; d_prune_aliases kills by a shrink list.</summary>
    public static Change DyingDentriesStayListed { get; } = new("dentries are killed without their parents' locks", "1c18edd1b7a0", Release("v6.12"));

    /// <summary>open with O_CREAT and without O_EXCL looks for a cached file before it takes i_rwsem.</summary>
    public static Change CreatingOpensLookFirst { get; } = new("opens that may create look without the lock first", "e747e15156b7", Release("v6.12"));

    /// <summary>__mark_inode_dirty clears I_DIRTY_TIME before it calls ->dirty_inode, and sets I_DIRTY_SYNC after it.</summary>
    public static Change DirtyTimeGap { get; } = new("dirty times are taken over before ->dirty_inode", "cbfecb927f42", Release("v6.1"));

    /// <summary>sync_filesystem returns an error of ->sync_fs, at once; before, it was ignored.</summary>
    public static Change SyncReturnsErrors { get; } = new("sync_filesystem returns errors of ->sync_fs", "5679897eb104", Release("v6.1"));

    /// <summary>syncfs returns that writing some file's data failed since the descriptor was opened.</summary>
    public static Change SyncfsReportsWriteErrors { get; } = new("syncfs reports failed writes", "735e4ae5ba28", Release("v5.10"));

    /// <summary>drop_slab goes on while a turn frees more than one object, then more than two, four, …; before, more than ten.</summary>
    public static Change DropSlabHalves { get; } = new("drop_slab goes on until a turn frees almost nothing", null, Release("v6.1"));

    /// <summary>ADD_ENCRYPTION_KEY takes the bytes from a key of the keys service, if it is told one's id.</summary>
    public static Change ProvisioningKeys { get; } = new("ADD takes the bytes from a key of the keys service", "93edd392cad7", Release("v5.6"));

    /// <summary>Master keys are in a hash table of the file system; before, they were keys of the keys service, with two semaphores.</summary>
    public static Change MasterKeysHashed { get; } = new("master keys are no keys of the keys service", "d7e7b9af104c", Release("v6.1"));

    /// <summary>Whether a master key is present is a flag, cleared before its secret is wiped; before, it was that the secret has a size.</summary>
    public static Change PresenceIsAFlag { get; } = new("a key's presence is a flag of its own", "15baf55481de", Release("v6.7"));

    /// <summary>Policies may have AES-256-HCTR2 for names. v6.0.</summary>
    public static Change Hctr2Names { get; } = new("names may be encrypted with AES-256-HCTR2", null, Release("v6.1"));

    /// <summary>Policies may have SM4 in its modes. v6.2.</summary>
    public static Change Sm4Modes { get; } = new("files may be encrypted with SM4", null, Release("v6.7"));

    /// <summary>ADD_ENCRYPTION_KEY has flags: a key may be wrapped by hardware. v6.16.</summary>
    public static Change HardwareWrappedKeys { get; } = new("ADD has flags", null, Release("v6.18"));

    /// <summary>st_size of an encrypted symlink is the length of what readlink gives; before, that of its ciphertext. v5.15.</summary>
    public static Change SymlinkSizeIsOfTarget { get; } = new("the size of a symlink is that of what readlink gives", "8c4bca10ceaf", Release("v6.1"));

    /// <summary>open with both O_CREAT and O_DIRECTORY is refused. v6.4.</summary>
    public static Change NoNewDirectoriesByOpen { get; } = new("open refuses O_CREAT with O_DIRECTORY", "43b450632676", Release("v6.12"));

    /// <summary>All changes the model knows, the oldest first.</summary>
    public static ImmutableArray<Change> All { get; } =
    [
        ProvisioningKeys, SyncfsReportsWriteErrors, UncachedDentriesGo, MasterKeysHashed, SymlinkSizeIsOfTarget, PagesKeepInodesOffLru, DropSlabHalves, DirtyTimeGap, SyncReturnsErrors, DeletesNotifyLast,
        SecondChanceByIputOnly, LruIsolating, Hctr2Names, Sm4Modes, PresenceIsAFlag, DyingDentriesStayListed, CreatingOpensLookFirst, NoNewDirectoriesByOpen,
        LocklessInodeLookup, InvalidateKillsDirty, HardwareWrappedKeys, ListedAfterHashUnlock, IputKeepsLastReference, EvictWakesUnlocked,
        NewSampledUnderLock, EvictAlwaysUnlists,
    ];

    /// <summary>Whether a release has it.</summary>
    public bool IsIn(KernelRelease release) => release.IsAtLeast(Since);

    public override string ToString() => Name;

    private static KernelRelease Release(string name) => KernelRelease.Named(name)!;
}
