using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>The lock classes of the VFS. Order, outer to inner: docs/FIDELITY.md.</summary>
public static class VfsLocks
{
    public static readonly LockClass InodeHash = new(0, "inode_hash_lock");
    public static readonly LockClass Inode = new(1, "i_lock", tried: true);            // lru isolate, lock_for_kill
    public static readonly LockClass InodeList = new(2, "s_inode_list_lock");
    public static readonly LockClass InodeLru = new(3, "s_inode_lru.lock");
    public static readonly LockClass WritebackList = new(4, "wb.list_lock");
    public static readonly LockClass Umount = new(5, "s_umount", tried: true);         // the shrinker
    public static readonly LockClass Sync = new(6, "s_sync_lock");
    public static readonly LockClass InodesUnderWriteback = new(7, "s_inode_wblist_lock");
    public static readonly LockClass InodeRwsem = new(8, "i_rwsem", tried: true);      // d_splice_alias, RWF_NOWAIT
    public static readonly LockClass Dentry = new(9, "d_lock", tried: true);
    public static readonly LockClass DentryChild = new(10, "d_lock/1", tried: true);
    public static readonly LockClass DentryLru = new(11, "s_dentry_lru.lock");
    public static readonly LockClass DentryHash = new(12, "dentry_hashtable bucket");
    public static readonly LockClass Folio = new(13, "folio lock", tried: true);             // invalidate_mapping_pages
    public static readonly LockClass Pages = new(47, "i_pages lock");
    public static readonly LockClass Orphans = new(49, "s_orphan_lock");                    // ext4
    public static readonly LockClass CryptoProfile = new(51, "profile->lock");
    public static readonly LockClass SwitchPool = new(52, "isw_wq pool.lock");
    public static readonly LockClass Rename = new(24, "rename_lock");
    public static readonly LockClass DentrySecond = new(25, "d_lock/2", tried: true);
    public static readonly LockClass DentryThird = new(26, "d_lock/3", tried: true);
    public static readonly LockClass RenameMutex = new(27, "s_vfs_rename_mutex", tried: true);   // d_splice_alias
    public static readonly LockClass ParentRwsem = new(28, "i_rwsem/1", tried: true);
    public static readonly LockClass SecondParentRwsem = new(29, "i_rwsem/5", tried: true);
    public static readonly LockClass ChildRwsem = new(30, "i_rwsem/2", tried: true);
    public static readonly LockClass SecondFileRwsem = new(31, "i_rwsem/4", tried: true);
    public static readonly LockClass InLookup = new(36, "in_lookup_hashtable bucket");
    public static readonly LockClass DirectoryAdd = new(37, "i_dir_seq odd");
    public static readonly LockClass WorkingDirectory = new(46, "fs->lock");
    public static readonly LockClass FileTable = new(48, "files->file_lock");
    public static readonly LockClass FileLocks = new(45, "flc_lock");
    public static readonly LockClass WorkPool = new(14, "pool.lock");
    public static readonly LockClass WritebackWork = new(15, "wb.work_lock");
    public static readonly LockClass Mount = new(16, "mount_lock");
    public static readonly LockClass Checkpoint = new(50, "cp_rwsem");                       // f2fs
}
