using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// fs/crypto/keyring.c: the master keys of a file system. Since v6.1 a hash table, with active and structural counts; what was
/// before has Old in its name, and a file of its own.
/// </summary>
public sealed partial class MasterKeyring : KernelObject
{
    private readonly SuperBlock superBlock;
    private readonly KernelRelease release;
    private readonly Users users;
    private readonly ProcessKeyrings processes;
    private readonly Slab<ModeKey> modeKeys;
    private readonly Slab<MasterKey> slab;
    private readonly Slab<PassedSecret> passed;
    private readonly WorkQueue collector;
    private readonly Work collection;
    private readonly Work? claimsCollection;
    private readonly bool hashed;
    private readonly bool flagged;
    private readonly bool returnsSyncErrors;

    internal MasterKeyring(
        KernelHost host, SuperBlock superBlock, Users users, KeyQuota quota, ProcessKeyrings processes, KernelRelease release, FixSet fixes)
        : base(host)
    {
        Quota = quota;
        this.processes = processes;
        this.superBlock = superBlock;
        this.release = release;
        this.users = users;
        slab = new Slab<MasterKey>(host, h => new MasterKey(h, Identities), k => k.HashLink.Peek);
        modeKeys = new Slab<ModeKey>(host, h => new ModeKey(h), IsOfAKey);
        passed = new Slab<PassedSecret>(host, h => new PassedSecret(h), static _ => false);
        hashed = Change.MasterKeysHashed.IsIn(release);
        returnsSyncErrors = fixes.Has(Fixes.SyncErrorsAreReturned);
        flagged = Change.PresenceIsAFlag.IsIn(release);
        collector = new WorkQueue(host, "key_gc", FscryptLocks.KeyCollector);
        collection = new Work(host, "key_gc_work", CollectDeadKeys);
        if (!fixes.Has(Fixes.ChargesGoAtOnce))
            claimsCollection = new Work(host, "key_gc_claims", ReleaseOwed);
        host.Secrets.NameOf = Identities.NameOf;
        Table = new HashTable<MasterKey>(host, "fscrypt_keyring", 16, nameof(MasterKey.HashLink));
    }

    /// <summary>Serialises all who add keys, on all file systems.</summary>
    [KernelName("fscrypt_add_key_mutex")]
    public Mutex AddKeyMutex = new(FscryptLocks.AddKey);

    /// <summary>Serialises all who set up a key that files of one mode share.</summary>
    [KernelName("fscrypt_mode_key_setup_mutex")]
    public Mutex ModeKeySetupMutex = new(FscryptLocks.ModeKeySetup);

    /// <summary>Guards changes of the table.</summary>
    [KernelName("fscrypt_keyring.lock")]
    public SpinLock Lock = new(FscryptLocks.Keyring);

    /// <summary>How much users may have in the keys service.</summary>
    internal KeyQuota Quota { get; }

    /// <summary>What keys are made of and called by.</summary>
    public KeyIdentities Identities { get; } = new();

    /// <summary>The keys; dead ones may still be in it, behind a new one with the same identifier.</summary>
    public HashTable<MasterKey> Table { get; }

    /// <summary>All keys of this execution, dead ones included.</summary>
    public ReadOnlySpan<MasterKey> All => slab.Objects;

    /// <summary>Whether the file system is mounted: umount forgets the keys without their locks.</summary>
    internal bool IsInUse => superBlock.Active.Peek;

    /// <summary>How often a secret came in: tells a watcher whether a key was added since. Not a field of the kernel.</summary>
    public Note<int> Additions;

    /// <summary>Called when REMOVE is about to report complete removal, and no key was added since its secret went.</summary>
    internal Action<int>? CompletelyRemoved { get; set; }

    internal IEvictionDesign Design { get; set; } = null!;

    public override string Name => "keyring";

    /// <summary>The newest key with an identifier and a structural reference to it, dead or not; or null.</summary>
    internal KTask<MasterKey?> Find(int number) => hashed ? FindHashed(number) : OldFind(number);

    [KernelSource("fs/crypto/keyring.c", "fscrypt_find_master_key")]
    private async KTask<MasterKey?> FindHashed(int number)
    {
        if (await superBlock.MasterKeys.LoadAcquire() == null)
            return null;
        await Host.Rcu.ReadLock();
        var key = await Table.FindRcu((ulong)number);
        while (key != null)
        {
            var counts = await key.StructRefs.GetUnlessZero();
            if (Host.Check("mk_struct_refs", counts, otherwise: true))
                break;
            key = await Table.FindAfterRcu(key);
        }

        await Host.Rcu.ReadUnlock();
        return key;
    }

    /// <summary>The status of a key, for rules and expectations, which look when no thread runs.</summary>
    public KeyStatus PeekStatus(int number)
    {
        var key = Table.Peek((ulong)number);
        return key == null || key.Invalidated.Peek ? KeyStatus.Absent
            : key.Present.Peek ? KeyStatus.Present
            : key.ActiveRefs.Peek > 0 || !hashed ? KeyStatus.IncompletelyRemoved
            : KeyStatus.Absent;
    }

    /// <summary>Key set-up derives and publishes with this held, so that a remover either finds its inode, or was before it.</summary>
    internal Step LockForSetup(MasterKey key) => hashed
        ? key.Semaphore.AcquireRead()
        : key.SecretSemaphore.AcquireRead();

    /// <summary>The end of that.</summary>
    internal Step UnlockAfterSetup(MasterKey key) => hashed ? key.Semaphore.ReleaseRead() : key.SecretSemaphore.ReleaseRead();

    /// <summary>Whether an inode's info names the key before the key counts it.</summary>
    internal bool NamesKeyFirst => hashed;

    /// <summary>Counts an inode that is unlocked with the key.</summary>
    internal async KTask GetActive(MasterKey key)
    {
        await key.ActiveRefs.Get();
        if (!hashed)
            await key.StructRefs.Get();                            // key_get
    }

    /// <summary>Drops an active reference, that of an inode. The last one takes the key out of the table.</summary>
    internal KTask PutActive(MasterKey key) => hashed ? PutHashedActive(key) : OldPutActive(key);

    [KernelSource("fs/crypto/keyring.c", "fscrypt_put_master_key_activeref")]
    private async KTask PutHashedActive(MasterKey key)
    {
        var isLast = await key.ActiveRefs.PutAndTest();
        if (Host.Check("mk_active_refs", !isLast))
            return;

        // The race is here: no active reference, and still in the table. Adders find a dead key, others an absent one.
        await Lock.Acquire();
        Table.Remove(key);
        await Lock.Release();
        await DestroyModeKeys(key);
        await PutStruct(key);
    }

    /// <summary>The key that files with DIRECT_KEY share: derived for the first of them. The master key's semaphore is held.</summary>
    [KernelSource("fs/crypto/keysetup.c", "setup_per_mode_enc_key", Omits = "the mode: of those that there are only one goes with DIRECT_KEY")]
    internal async KTask<ModeKey> ModeKeyOf(MasterKey key)
    {
        if (await key.DirectKeys.LoadAcquire() is { } ready && Host.Check("derived already", true))
            return ready;
        await ModeKeySetupMutex.Acquire();
        var shared = await key.DirectKeys.LoadAcquire();           // somebody may have been faster
        if (shared == null || Host.Check("derived already, again", false, otherwise: true))
        {
            shared = modeKeys.Allocate();
            shared.Key.Fill(key.Number.Value, SecretKind.PerMode);
            await key.DirectKeys.StoreRelease(shared);
        }

        await ModeKeySetupMutex.Release();
        return shared;
    }

    private bool IsOfAKey(ModeKey shared)
    {
        foreach (var key in slab.Objects)
        {
            if (key.IsAlive && key.DirectKeys.Peek == shared)
                return true;
        }

        return false;
    }

    private async KTask DestroyModeKeys(MasterKey key)
    {
        if (key.DirectKeys.Value is not { } shared)
            return;
        await shared.Key.Wipe();
        modeKeys.Free(shared);
        key.DirectKeys.Value = null;
    }

    // The charges of claims go with them.
    private void DropClaims(MasterKey key, ulong claims)
    {
        key.Users.Value &= ~claims;
        for (; claims != 0; claims &= claims - 1)
        {
            var user = System.Numerics.BitOperations.TrailingZeroCount(claims);
            if (claimsCollection == null)
                Quota.ReleaseClaim(user);
            else
                Quota.Owe(user);
        }
    }

    // Without d3a7bd420076 the key of a claim outlives it: the charge goes with it.
    private KTask CollectClaims() => claimsCollection == null ? KTask.Done : collector.Queue(claimsCollection);

    private async KTask ReleaseOwed()
    {
        await Host.Point();
        Quota.ReleaseOwed();
    }

    /// <summary>Drops a structural reference. The last one frees the key after a grace period.</summary>
    internal KTask PutStruct(MasterKey key) => hashed ? PutHashed(key) : OldPut(key);

    [KernelSource("fs/crypto/keyring.c", "fscrypt_put_master_key")]
    private async KTask PutHashed(MasterKey key)
    {
        var isLast = await key.StructRefs.PutAndTest();
        if (Host.Check("mk_struct_refs", !isLast))
            return;
        if (await key.ActiveRefs.Read() != 0 || key.HashLink.IsHashed)
            Host.Report(new Finding("reference-count", $"{key.Name} is freed while it is in use or in the table") { Object = key });
        DropClaims(key, key.Users.Value);
        slab.FreeAfterGracePeriod(key);
    }
}
