using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Releases;

/// <summary>The fixes, each an <c>if</c> in the function that it repaired.</summary>
public static class Fixes
{
    /// <summary>An inode that is dirty when its last reference goes is kept, although its key is gone.</summary>
    public static Fix KeepDirtyInodes { get; } = new(
        "rm-dirty-evict", "2b4eae95c736", "fscrypt: don't evict dirty inodes after removing key", "v5.6", In("v5.6"),
        "->drop_inode evicts whatever has no key any more, and what is not written with it");

    /// <summary>A name that was looked up without the key is not entered in a directory.</summary>
    public static Fix NoKeyNamesAreNotMade { get; } = new(
        "nokey-create-duplicate", "75d18cd1868c", "ext4: prevent creating duplicate encrypted filenames", "~v5.11", In("v5.4"),
        "an entry is made of a name that was found missing when it was read without the key");

    /// <summary>Links and renames ask how the names were looked up, and not whether there is a key now.</summary>
    public static Fix NoKeyNamesAreNotMoved { get; } = new(
        "nokey-rename-link", "968dd6d0c6d6", "fscrypt: fix race allowing rename() and link() of ciphertext dentries", "~v5.2", In("v5.4"),
        "link and rename ask for the directories' keys only, however their names were looked up");

    /// <summary>One test of the key decides how a name is read and what its dentry says.</summary>
    public static Fix LookupTestsKeyOnce { get; } = new(
        "lookup-two-key-loads", "b01531db6cec", "fscrypt: fix race where ->lookup() marks plaintext dentry as ciphertext", "~v5.2", In("v5.4"),
        "->lookup tests the key once for the dentry's flag, and again to read the name");

    /// <summary>Dentries that were looked up without the key are looked at again.</summary>
    public static Fix NoKeyNamesAreRevalidated { get; } = new(
        "stale-negative-after-unlock", "28b4c263961c", "ext4 crypto: revalidate dentry after adding or removing the key", "v4.5", In("v5.4"),
        "a cached dentry is good for ever, also if its name was read without the key");

    /// <summary>->d_revalidate refuses to be called in an RCU walk.</summary>
    public static Fix RevalidateLeavesRcu { get; } = new(
        "revalidate-in-rcu-walk", "03a8bb0e53d9", "ext4/fscrypto: avoid RCU lookup in d_revalidate", "~v4.6", In("v5.4"),
        "a walk in an RCU read section calls ->d_revalidate, which sets up the directory's key");

    /// <summary>Who loads ->i_crypt_info without a lock sees what was written before it was published.</summary>
    public static Fix InfoIsAcquired { get; } = new(
        "publish-without-acquire", "ab673b987488", "fscrypt: use smp_load_acquire() for ->i_crypt_info", "v5.9", In("v5.4"),
        "readers load ->i_crypt_info with READ_ONCE: what it points to may look as it was before");

    /// <summary>The charge of a claim goes when the claim does. v6.9; the model has it everywhere, docs/FIDELITY.md.</summary>
    public static Fix ChargesGoAtOnce { get; } = new(
        "claims-freed-late", "d3a7bd420076", "fscrypt: clear keyring before calling key_put()", "v6.9", In("v5.4"),
        "a worker takes the charge of a claim back, some time after the claim is gone");

    /// <summary>Renames need the directories' keys.</summary>
    public static Fix RenamesNeedKeys { get; } = new(
        "ops-without-key", "173b8439e1ba", "ext4: don't allow encrypted operations without keys", "~v4.11", In("v5.4"),
        "rename asks neither for keys nor how the names were looked up: without the key names can be moved");

    /// <summary>Where a key is missing, policies are compared on the disk.</summary>
    public static Fix PoliciesAreComparedOnDisk { get; } = new(
        "consistency-depends-on-cache", "272f98f68462", "fscrypt: fix context consistency check when key(s) unavailable", "v4.12", In("v5.4"),
        "if only one of directory and file has its key set up, their policies count as different");

    /// <summary>An error of the sync is returned, and is not called busy files.</summary>
    public static Fix SyncErrorsAreReturned { get; } = new(
        "sync-error-as-busy", null, "fscrypt: add FS_IOC_REMOVE_ENCRYPTION_KEY ioctl, as merged after the review of v8 10/20", "v5.4", In("v5.4"),
        "whatever went wrong while files were locked is reported as FILES_BUSY");

    /// <summary>UBIFS' ->drop_inode asks the generic rule first.</summary>
    public static Fix UbifsDropsUnlinked { get; } = new(
        "drop-inode-override", null, "ubifs: wire up new fscrypt ioctls, as of v4 of the series", "v5.4", In("v5.4"),
        "ubifs_drop_inode answers for the key alone: an inode without links is cached");

    /// <summary>A directory that was removed gets no policy.</summary>
    public static Fix DeadDirectoriesGetNoPolicy { get; } = new(
        "policy-on-dead-directory", "5858bdad4d0d", "fscrypt: don't set policy for a dead directory", "~v5.2", In("v5.4"),
        "a removed directory, which is open, is empty, and so can get a policy");

    /// <summary>evict_inodes reads the count again under i_lock. v6.12; v6.1 has it from its stable tree.</summary>
    public static Fix EvictInodesRechecks { get; } = new(
        "evict-inodes-no-recheck", "88b1afbf0f6b", "vfs: fix race between evice_inodes() and find_inode()&iput()", "~v6.12", In("v6.1"),
        "evict_inodes reads i_count before it takes i_lock, and not again");

    /// <summary>A walk goes on from an inode that it has a reference on.</summary>
    public static Fix WalkGoesOnFromPinned { get; } = new(
        "sb-walk-next-freed", null, "fsnotify: next_i is freed during fsnotify_unmount_inodes (here: the walk over a key's inodes)", "v3.18", In("v5.4"),
        "the walk remembers the next entry, drops the list's lock, and goes on from there");

    /// <summary>The state is tested, and the reference taken, under one i_lock.</summary>
    public static Fix StateAndReferenceAtOnce { get; } = new(
        "iget-state-not-atomic", "250df6ed274d", "fs: protect inode->i_state with inode->i_lock (here: the walk over a key's inodes)", "~v2.6.39", In("v5.4"),
        "the walk drops i_lock between the test of I_FREEING and the reference that it takes");

    /// <summary>f2fs_drop_inode lowers the count that it raised, and no more.</summary>
    public static Fix DropInodeDoesNotPut { get; } = new(
        "iput-inside-drop-inode", "8ec5fc1ff77e", "f2fs: don't call iput() from f2fs_drop_inode()", "v6.18", In("v6.18"),
        "f2fs_drop_inode gives back its reference by iput, with i_lock held, which it may come to again");

    /// <summary>The flusher pins what it writes by I_SYNC and has no reference.</summary>
    public static Fix FlusherHasNoReference { get; } = new(
        "iput-in-flusher", "169ebd90131b", "writeback: Avoid iput() from flusher thread", "~v3.5", In("v5.4"),
        "the flusher takes a reference on what it writes, and puts it with I_SYNC set: if it is the last one, it evicts");

    /// <summary>Shrinkers hold s_umount shared: an unmount waits for them.</summary>
    public static Fix UmountWaitsForShrinkers { get; } = new(
        "pruner-outlives-umount", null, "the order of unmount and pruning (fs/inode.c; bab1d9444d9a is its later shape)", "old", In("v5.4"),
        "the shrinker does not take s_umount: it may still dispose of inodes when the file system is unmounted");

    /// <summary>Dirty bits are cleared before the pages' tags are looked at.</summary>
    public static Fix DirtyBitsClearedFirst { get; } = new(
        "dirty-bit-clear-race", "9c6ac78eb352", "writeback: fix a subtle race condition in I_DIRTY clearing", "~v3.19", In("v5.4"),
        "I_DIRTY_PAGES is cleared because no page was dirty before, without looking again");

    /// <summary>Who wrote one inode queues it where its bits belong.</summary>
    public static Fix SingleWritesRequeue { get; } = new(
        "dirty-inode-parked", "846a3351ddfe", "writeback: Avoid skipping inode writeback", "~v5.19", In("v5.4"),
        "writeback_single_inode leaves what was dirtied meanwhile on the list that it is on");

    /// <summary>Umount waits for the callbacks that will queue works which hold inodes.</summary>
    public static Fix UmountWaitsForCallbacks { get; } = new(
        "wb-switch-vs-umount", "ec084de929e4",
        "fs/writeback.c: use rcu_barrier() to wait for inflight wb switches going into workqueue when umount", "v5.2", In("v5.4"),
        "umount waits for the works that are queued, and not for the callbacks that will queue some");

    /// <summary>A keyslot is put before its I/O is reported complete.</summary>
    public static Fix KeyslotsPutFirst { get; } = new(
        "keyslot-put-late", "9cd1e566676b", "blk-mq: release crypto keyslot before reporting I/O complete", "~v6.4", In("v6.7"),
        "the slot is put when the request is freed, after who waited for the I/O may have evicted the key");

    /// <summary>A key that is evicted leaves its slot even if somebody still uses that.</summary>
    public static Fix EvictedKeysLeaveSlots { get; } = new(
        "keyslot-evict-early", "5c7cb9445290", "blk-crypto: make blk_crypto_evict_key() more robust", "~v6.4", In("v6.7"),
        "a key whose slot is in use stays in it, and is freed");

    /// <summary>All fixes.</summary>
    public static ImmutableArray<Fix> All { get; } =
    [
        KeepDirtyInodes, NoKeyNamesAreNotMade, NoKeyNamesAreNotMoved, LookupTestsKeyOnce, NoKeyNamesAreRevalidated, RevalidateLeavesRcu,
        InfoIsAcquired, ChargesGoAtOnce, RenamesNeedKeys, PoliciesAreComparedOnDisk, SyncErrorsAreReturned, UbifsDropsUnlinked,
        DeadDirectoriesGetNoPolicy, EvictInodesRechecks, WalkGoesOnFromPinned, StateAndReferenceAtOnce, DropInodeDoesNotPut,
        FlusherHasNoReference, UmountWaitsForShrinkers, DirtyBitsClearedFirst, SingleWritesRequeue, UmountWaitsForCallbacks, KeyslotsPutFirst, EvictedKeysLeaveSlots,
    ];

    private static KernelRelease In(string name) => KernelRelease.Named(name)!;
}
