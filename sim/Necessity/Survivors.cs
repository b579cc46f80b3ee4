using System.Collections.Frozen;

namespace Fscrypt.Sim.Necessity;

/// <summary>Why nothing breaks without a site.</summary>
/// <param name="Text">In a sentence.</param>
/// <param name="IsRedundant">Whether nothing can break on any schedule of these scenarios: what it does something else does as well, or it only saves work.</param>
/// <param name="Other">The site that does it as well, if there is one: without both something breaks.</param>
public sealed record Survivor(string Text, bool IsRedundant = false, string? Other = null);

/// <summary>Why nothing breaks without a site: nothing uses it, another one does the same, or the scenarios do not need it.</summary>
public static class Survivors
{
    /// <summary>
    /// Reasons, by the names of sites, for the scenarios remove-vs-open, -unlock and -write and races/remove-vs-create and -list. A
    /// survivor that is neither here nor idle is open: it is printed as not explained.
    /// </summary>
    public static FrozenDictionary<string, Survivor> Reasons { get; } = new Dictionary<string, Survivor>(StringComparer.Ordinal)
    {
        ["fscrypt_get_encryption_info: set up already"] = new(
            "key set-up runs again, loses against the pointer that is there, and frees what it made", IsRedundant: true, Other: "fscrypt_setup_encryption_info: somebody was first"),
        ["do_remove_key: mk_active_refs"] = new(
            "it saves work: without inodes the walk finds nothing, and the sync has nothing to lock", IsRedundant: true),
        ["fscrypt_find_master_key: load_acquire of s_master_keys #1"] = new(
            "the keyring was published in the set-up, before every thread", IsRedundant: true),
        ["fscrypt_initiate_key_removal: wiped, then put"] = new(
            "the remover holds mk_sem and a structural reference around both: nobody comes in between, and the key stays", IsRedundant: true),
        ["wipe_master_key_secret: not present, then wiped"] = new(
            "who reads presence without mk_sem, ->drop_inode, does not use the secret; up to v6.6 it was the other way round", IsRedundant: true),
        ["Account: named, then counted"] = new(
            "mk_sem keeps removers out, and the reference on the inode its eviction, until both are done; who walks the list comes after both", IsRedundant: true),
        ["d_prune_aliases: d_count"] = new(
            "lock_for_kill looks at the count again before it kills", IsRedundant: true, Other: "lock_for_kill: d_count"),
        ["fast_dput: d_count"] = new(
            "it saves the lock: with it the count is looked at again, here and in lock_for_kill", IsRedundant: true),
        ["fast_dput: d_count, again"] = new(
            "lock_for_kill looks at the count again before it kills", IsRedundant: true, Other: "lock_for_kill: d_count"),
        ["inode_generic_drop: unhashed"] = new(
            "only a creation that fails puts an inode that was never hashed, and it has cleared i_nlink before", IsRedundant: true, Other: "inode_generic_drop: i_nlink"),
        ["truncate_inode_pages_final: waits for writeback"] = new(
            "I/O ends before its submitter unlocks the folio, unless a scenario lets it end later, and the folio's lock is taken before", IsRedundant: true, Other: "__folio_lock: folio lock #1"),
        ["__filemap_remove_folio: i_pages lock #1"] = new(
            "I/O ends before its submitter unlocks the folio, unless a scenario lets it end later, and the folio's lock is held here", IsRedundant: true),
        ["__folio_start_writeback: i_pages lock #1"] = new(
            "the folio is locked: nobody takes the page out, and nobody else begins or ends I/O on it", IsRedundant: true),
        ["__folio_end_writeback: i_pages lock #1"] = new(
            "the folio is still locked where I/O does not end later: nobody takes the page out meanwhile", IsRedundant: true),
        ["bdi_split_work_to_wbs: wb_has_dirty_io"] = new(
            "it saves work: the flusher finds nothing to write", IsRedundant: true),
        ["wait_sb_inodes: rcu_read_lock #1"] = new(
            "nothing is under writeback here: I/O does not end later in these scenarios, and the works were waited for before", IsRedundant: true),
        ["__inode_add_lru: i_state"] = new(
            "reclaim looks at the state again before it takes an inode; here is no reclaim either", IsRedundant: true),
        ["__inode_add_lru: i_count"] = new(
            "reclaim looks at the count again before it takes an inode; here is no reclaim either", IsRedundant: true),
        ["__inode_add_lru: mapping_shrinkable"] = new(
            "reclaim looks at the pages again before it takes an inode; here is no reclaim either", IsRedundant: true),
        ["__mark_inode_dirty: dirty already"] = new(
            "it saves work: the bits are set again that are set, and the inode is queued already", IsRedundant: true),
        ["__mark_inode_dirty: queued already"] = new(
            "it saves work: what is queued goes to the head of the list that it is on, and what the flusher has in hand stays with him", IsRedundant: true),
        ["inode_wait_for_writeback: i_lock #1"] = new(
            "the wake-up orders all that the flusher did under i_lock, and nobody writes a dying inode again", IsRedundant: true),
        ["__dentry_kill: d_count of the parent"] = new(
            "the directory has the same key: the walk comes to it, and kills it itself", IsRedundant: true),
        ["fscrypt_get_info: load_acquire of i_crypt_info #1"] = new(
            "one opener of each inode: the pointer is compared with null, or who published it has dropped a reference since; races/two-openers needs it"),
        ["fscrypt_setup_encryption_info: cmpxchg_release of i_crypt_info #1"] = new(
            "one opener of each inode: nobody else reads through the pointer before the inode's last put; races/two-openers needs it"),
        ["fscrypt_put_master_key_activeref: order of dec_and_test of mk_active_refs #1"] = new(
            "whoever evicts beside the remover has put the directory before its inode goes, which orders it before the key's end"),
        ["retain_dentry: unhashed"] = new(
            "nobody unhashes a dentry that somebody else uses and drops later; races/two-openers needs it"),
        ["select_collect: somebody may kill it"] = new(
            "REMOVE may answer FILES_BUSY where it would have waited for who is just killing a dentry: no rule forbids that"),
        ["d_lru_add: s_dentry_lru.lock #1"] = new(
            "only new dentries are added: the look-up that makes one came after who took its forerunner off, by the bucket's lock"),
        ["d_lru_del: s_dentry_lru.lock #1"] = new(
            "one remover: nobody else takes dentries off, and who adds one is ordered by its d_lock or by the bucket's lock"),
        ["shrink_dentry_list: rcu_read_lock #1"] = new(
            "nobody else frees the inode between the try of i_lock and its acquire within the bound"),
        ["shrink_kill: rcu_read_lock #1"] = new(
            "one remover: nobody else frees the parent meanwhile; races/two-removers needs it"),
        ["d_shrink_del: store_release of d_flags #1"] = new(
            "who uses the dentry took a count of it, and a lockref orders both ways here, which is more than the kernel's does"),
        ["__dentry_kill: d_lockref #3"] = new(
            "one remover: nobody else has a dentry on a shrink list that is killed meanwhile; races/two-removers needs it"),
        ["wait_sb_inodes: s_inode_wblist_lock #1"] = new(
            "one remover: who puts inodes on the list is the flusher, whose works were waited for before; races/write-vs-two-removers needs it"),
        ["__folio_start_writeback: s_inode_wblist_lock #1"] = new(
            "one remover: who reads the list waited for the flusher's works before; races/write-vs-two-removers needs it"),
        ["__folio_end_writeback: s_inode_wblist_lock #1"] = new(
            "one remover: who reads the list waited for the flusher's works before; races/write-vs-two-removers needs it"),
        ["writeback_sb_inodes: wb.list_lock #2"] = new(
            "one inode is dirty at a time, and its i_lock is held here"),
        ["ext4_orphan_del: s_orphan_lock #1"] = new(
            "one orphan: who adds it and who takes it off are ordered by the reference that is dropped between"),
        ["do_add_master_key: fscrypt_add_key_mutex #1"] = new(
            "one adder: nobody else takes it; races/add-vs-remove-all needs it"),
        ["do_remove_key: mk_present"] = new(
            "one remover: the key is always present when it comes; races/two-removers needs it"),
        ["inode_wait_for_lru_isolating: waits for I_LRU_ISOLATING"] = new(
            "no reclaim: nobody sets it"),
        ["try_to_lock_encrypted_files: s_umount #1"] = new(
            "no thread unmounts: it is taken for reading only"),
        ["iput: I_DIRTY_TIME, without the lock"] = new(
            "no lazytime: no inode owes a time; races/lazytime-vs-remove needs it"),
        ["iput: I_DIRTY_TIME, again"] = new(
            "no lazytime: no inode owes a time"),
        ["DropClaims: no claim was left"] = new(
            "one remover: the claims are there when it comes; races/two-removers needs it"),
        ["shrink_dentry_list: DCACHE_DENTRY_KILLED"] = new(
            "one remover: nobody else kills what is on its list; races/two-removers needs it"),
        ["to_shrink_list: DCACHE_SHRINK_LIST"] = new(
            "one remover: nobody else has a shrink list; races/two-removers needs it"),
        ["__dentry_kill: DCACHE_SHRINK_LIST"] = new(
            "one remover: nobody else has a shrink list; races/two-removers needs it"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The reason of a site that survives, or null.</summary>
    public static string? ReasonOf(NecessityRow row)
        => Reasons.TryGetValue(row.Site.Name, out var reason) ? (reason.IsRedundant ? "redundant: " : row.IsIdle ? "idle: " : "") + reason.Text
            : !row.IsIdle ? null
            : row.Site.Kind == SiteKind.Lock ? "idle: no other thread takes the lock within the bound"
            : "idle: within the bound it comes out the same with it and without it";

    /// <summary>Whether taking out a site makes no difference that anything could notice.</summary>
    public static bool IsEquivalent(NecessityRow row) => row.IsIdle || (Reasons.TryGetValue(row.Site.Name, out var reason) && reason.IsRedundant);
}
