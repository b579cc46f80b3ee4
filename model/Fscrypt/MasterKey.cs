using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>struct fscrypt_master_key in its shape since 6.7: presence apart from the secret, two counts, claims by user.</summary>
public sealed class MasterKey(KernelHost host, KeyIdentities identities) : KernelObject(host), IHashed
{
    /// <summary>Which key: its specifier.</summary>
    [KernelName("mk_spec")]
    public Plain<int> Number;

    /// <summary>Guards secret, presence and claims; key set-up holds it shared while it derives and publishes.</summary>
    [KernelName("mk_sem")]
    public RwSemaphore Semaphore = new(FscryptLocks.MasterKey);

    [KernelName("mk_secret")]
    public Secret Secret;

    /// <summary>The bytes of the secret.</summary>
    [KernelName("mk_secret.raw")]
    public Plain<int> Raw;

    /// <summary>Whether files can be unlocked with it. Read without the lock by ->drop_inode.</summary>
    [KernelName("mk_present")]
    public Shared<bool> Present;

    /// <summary>Inodes unlocked with it, and one while it is present. At zero it leaves the table.</summary>
    [KernelName("mk_active_refs")]
    public Atomic ActiveRefs;

    /// <summary>One while there are active references, and temporary ones.</summary>
    [KernelName("mk_struct_refs")]
    public Atomic StructRefs;

    /// <summary>Users with a claim, a bit each: bit n is user n. None for a key of version 1.</summary>
    [KernelName("mk_users")]
    public Plain<ulong> Users;

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
