using System.Collections.Frozen;

namespace Fscrypt.Sim.Necessity;

/// <summary>Why nothing breaks without a site: another one does the same, the scenarios do not need it, or a rule is missing.</summary>
public static class Survivors
{
    /// <summary>
    /// Reasons, by the names of sites, for the scenarios remove-vs-open, -unlock and -write and races/remove-vs-create and -list. A
    /// survivor that is not here is open: it is printed as not explained.
    /// </summary>
    public static FrozenDictionary<string, string> Reasons { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["try_to_lock_encrypted_files: s_umount #1"] =
            "no thread unmounts: it is taken for reading only",
        ["fscrypt_get_info: load_acquire of i_crypt_info #1"] =
            "the scenario: where it decides, the pointer is compared with null, or who published it has dropped a reference since; "
            + "bugs/publish-without-acquire needs it",
        ["fscrypt_setup_encryption_info: cmpxchg_release of i_crypt_info #1"] =
            "one opener of each inode: nobody else reads through the pointer before the inode's last put",
        ["fscrypt_setup_encryption_info: somebody was first"] =
            "a rule seems to be missing: an info that was not published and is not freed is noticed only if it has a key; nobody loses a race here",
        ["fscrypt_setup_encryption_info: counted, then listed"] =
            "redundant: mk_sem keeps removers out, and the reference on the inode its eviction, until both are done",
        ["Account: named, then counted"] =
            "redundant: mk_sem keeps removers out, and the reference on the inode its eviction, until both are done",
        ["do_remove_key: mk_present"] =
            "one remover: the key is always present when it comes",
        ["do_remove_key: mk_active_refs"] =
            "an optimisation: without inodes the walk finds nothing, and only its sync is wasted",
        ["fscrypt_find_master_key: load_acquire of s_master_keys #1"] =
            "the keyring was published in the set-up, before every thread",
        ["fscrypt_initiate_key_removal: wiped, then put"] =
            "redundant: the remover holds mk_sem and a structural reference around both",
        ["wipe_master_key_secret: not present, then wiped"] =
            "redundant: who reads presence without mk_sem, ->drop_inode, does not use the secret; up to v6.6 it was the other way round",
        ["d_prune_aliases: d_count"] =
            "redundant: lock_for_kill looks at the count again before it kills",
        ["iput: I_DIRTY_TIME, without the lock"] =
            "no lazytime, and redundant: it is asked again under i_lock",
        ["iput: I_DIRTY_TIME, again"] =
            "no lazytime: no inode owes a time",
        ["inode_wait_for_lru_isolating: waits for I_LRU_ISOLATING"] =
            "no reclaim: nobody sets it",
        ["inode_generic_drop: i_nlink"] =
            "the scenario: no name is taken away; inode-state asks at rest whether an inode without links is still there",
        ["inode_generic_drop: unhashed"] =
            "no inode is unhashed before its eviction",
        ["do_add_master_key: fscrypt_add_key_mutex #1"] =
            "one adder: nobody else takes it",
        ["__inode_add_lru: SB_ACTIVE"] =
            "no thread unmounts",
        ["__inode_add_lru: i_count"] =
            "redundant in iput_final, which comes with a count of zero",
        ["__inode_add_lru: i_state"] =
            "no reclaim: nobody looks at what is on the LRU",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The reason of a site, or null.</summary>
    public static string? ReasonOf(string site) => Reasons.GetValueOrDefault(site);
}
