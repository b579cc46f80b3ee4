using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// struct fscrypt_master_key: a secret that may be taken away, claims by user, and the inodes that were unlocked with it. Up to
/// v6.0 it is the payload of a struct key, which has a semaphore and a count of its own.
/// </summary>
public sealed class MasterKey(KernelHost host, KeyIdentities identities) : KernelObject(host), IHashed
{
    /// <summary>Which key: its specifier.</summary>
    [KernelName("mk_spec")]
    public Plain<int> Number;

    /// <summary>Since v6.1: guards secret, presence and claims; key set-up holds it shared while it derives and publishes.</summary>
    [KernelName("mk_sem")]
    public RwSemaphore Semaphore = new(FscryptLocks.MasterKey);

    /// <summary>Up to v6.0: guards claims and presence.</summary>
    [KernelName("key->sem")]
    public RwSemaphore KeySemaphore = new(FscryptLocks.Key);

    /// <summary>Up to v6.0: guards the secret; key set-up holds it shared.</summary>
    [KernelName("mk_secret_sem")]
    public RwSemaphore SecretSemaphore = new(FscryptLocks.Secret);

    /// <summary>Up to v6.0: KEY_FLAG_INVALIDATED. A dead key is not found any more, though it is still linked.</summary>
    [KernelName("KEY_FLAG_INVALIDATED")]
    public Shared<bool> Invalidated;

    [KernelName("mk_secret")]
    public Secret Secret;

    /// <summary>The bytes of the secret.</summary>
    [KernelName("mk_secret.raw")]
    public Plain<int> Raw;

    /// <summary>
    /// Whether files can be unlocked with it. Read without the lock by ->drop_inode. Up to v6.6 it is that the secret has a size.
    /// </summary>
    [KernelName("mk_present")]
    public Shared<bool> Present;

    /// <summary>Inodes unlocked with it, and one while it is present: up to v6.0 mk_refcount. At zero it leaves the table.</summary>
    [KernelName("mk_active_refs")]
    public Atomic ActiveRefs;

    /// <summary>One while there are active references, and temporary ones. Up to v6.0 usage of its struct key: one of each inode too.</summary>
    [KernelName("mk_struct_refs")]
    public Atomic StructRefs;

    /// <summary>Users with a claim, a bit each: bit n is user n. None for a key of version 1.</summary>
    [KernelName("mk_users")]
    public Plain<ulong> Users;

    /// <summary>The key that files with DIRECT_KEY share, once one of them was set up. Published under fscrypt_mode_key_setup_mutex.</summary>
    [KernelName("mk_direct_keys")]
    public Pointer<ModeKey> DirectKeys;

    [KernelName("mk_decrypted_inodes_lock")]
    public SpinLock DecryptedInodesLock = new(FscryptLocks.DecryptedInodes);

    /// <summary>The inodes unlocked with it, the newest first.</summary>
    [KernelName("mk_decrypted_inodes")]
    [LinkedBy(nameof(CryptInfo.Link))]
    public KernelList<CryptInfo> DecryptedInodes;

    [KernelName("mk_node")]
    public HashLink HashLink;

    public ulong HashKey => (ulong)Number.Peek;

    public override string Name => $"mk:{identities.NameOf(Number.Peek)}";
}
