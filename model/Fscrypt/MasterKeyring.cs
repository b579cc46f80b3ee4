using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>fs/crypto/keyring.c: the master keys of a file system. Shape of v6.7: a hash table, active and structural counts.</summary>
public sealed partial class MasterKeyring : KernelObject
{
    private readonly SuperBlock superBlock;
    private readonly KernelRelease release;
    private readonly Users users;
    private readonly Slab<MasterKey> slab;

    internal MasterKeyring(KernelHost host, SuperBlock superBlock, Users users, KernelRelease release)
        : base(host)
    {
        this.superBlock = superBlock;
        this.release = release;
        this.users = users;
        slab = new Slab<MasterKey>(host, h => new MasterKey(h, Identities));
        Table = new HashTable<MasterKey>(host, "fscrypt_keyring", 16, nameof(MasterKey.HashLink));
    }

    /// <summary>Serialises all who add keys, on all file systems.</summary>
    [KernelName("fscrypt_add_key_mutex")]
    public Mutex AddKeyMutex = new(FscryptLocks.AddKey);

    /// <summary>Guards changes of the table.</summary>
    [KernelName("fscrypt_keyring.lock")]
    public SpinLock Lock = new(FscryptLocks.Keyring);

    /// <summary>What keys are made of and called by.</summary>
    public KeyIdentities Identities { get; } = new();

    /// <summary>The keys; dead ones may still be in it, behind a new one with the same identifier.</summary>
    public HashTable<MasterKey> Table { get; }

    /// <summary>All keys of this execution, dead ones included.</summary>
    public ReadOnlySpan<MasterKey> All => slab.Objects;

    /// <summary>How often a secret came in: tells a watcher whether a key was added since. Not a field of the kernel.</summary>
    public Note<int> Additions;

    /// <summary>Called when REMOVE is about to report complete removal, and no key was added since its secret went.</summary>
    internal Action<int>? CompletelyRemoved { get; set; }

    internal IEvictionDesign Design { get; set; } = null!;

    public override string Name => "keyring";

    /// <summary>The newest key with an identifier and a structural reference to it, dead or not; or null.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_find_master_key")]
    internal async KTask<MasterKey?> Find(int number)
    {
        if (await superBlock.MasterKeys.LoadAcquire() == null)
            return null;
        await Host.Rcu.ReadLock();
        var key = await Table.FindRcu((ulong)number);
        while (key != null && !await key.StructRefs.GetUnlessZero())
            key = await Table.FindAfterRcu(key);
        await Host.Rcu.ReadUnlock();
        return key;
    }

    /// <summary>The status of a key, for rules and expectations, which look when no thread runs.</summary>
    public KeyStatus PeekStatus(int number)
    {
        var key = Table.Peek((ulong)number);
        return key == null ? KeyStatus.Absent
            : key.Present.Peek ? KeyStatus.Present
            : key.ActiveRefs.Peek > 0 ? KeyStatus.IncompletelyRemoved
            : KeyStatus.Absent;
    }

    /// <summary>Drops an active reference. The last one takes the key out of the table.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_put_master_key_activeref")]
    internal async KTask PutActive(MasterKey key)
    {
        if (!await key.ActiveRefs.PutAndTest())
            return;

        // The race is here: no active reference, and still in the table. Adders find a dead key, others an absent one.
        await Lock.Acquire();
        Table.Remove(key);
        await Lock.Release();
        await PutStruct(key);
    }

    /// <summary>Drops a structural reference. The last one frees the key after a grace period.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_put_master_key")]
    internal async KTask PutStruct(MasterKey key)
    {
        if (!await key.StructRefs.PutAndTest())
            return;
        if (await key.ActiveRefs.Read() != 0 || key.HashLink.IsHashed)
            Host.Report(new Finding("reference-count", $"{key.Name} is freed while it is in use or in the table") { Object = key });
        key.Users.Value = 0;
        slab.FreeAfterGracePeriod(key);
    }
}
