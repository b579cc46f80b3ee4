using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// The keys that users keep in their session keyrings: bytes that ADD_ENCRYPTION_KEY takes by a key's id, and keys of version 1
/// that key set-up falls back on, as before there were keys of file systems. No removal of a master key sees either.
/// </summary>
public sealed class ProcessKeyrings : KernelObject
{
    private readonly KeyQuota quota;
    private readonly Slab<ProcessKey> slab;

    internal ProcessKeyrings(KernelHost host, KeyQuota quota)
        : base(host)
    {
        this.quota = quota;
        slab = new Slab<ProcessKey>(host, h => new ProcessKey(h));
    }

    /// <summary>Serialises changes of keyrings, and stands for the RCU section in which they are searched: one moment each.</summary>
    [KernelName("keyring->sem")]
    public SpinLock Lock = new(FscryptLocks.ProcessKeyring);

    /// <summary>The keys of all users' session keyrings.</summary>
    [LinkedBy(nameof(ProcessKey.Link))]
    public KernelList<ProcessKey> Keys;

    public override string Name => "session keyrings";

    /// <summary>Who makes the system call that a task is in: his place among the users.</summary>
    internal CurrentUsers Tasks { get; private set; } = null!;

    /// <summary>There are users who keep keys: from now on it matters whose system call a task is in.</summary>
    /// <param name="users">How many users there are.</param>
    public void Begin(int users) => Tasks = new CurrentUsers(Host, users);

    /// <summary>The running task makes a system call as a user.</summary>
    public void Act(int user) => Tasks.Act(user);

    /// <summary>
    /// add_key(2): puts a key into the user's session keyring, in place of the one that is called the same; or, of the types that
    /// have ->update, new bytes into that one. Provisioning keys have none: who holds the old one keeps its bytes.
    /// </summary>
    /// <param name="user">Whose keyring.</param>
    /// <param name="type">The key's type.</param>
    /// <param name="description">What it is called by there: of a key of version 1 its specifier, otherwise its id.</param>
    /// <param name="specifierType">Of a provisioning key: for which version it is.</param>
    /// <param name="raw">The bytes.</param>
    /// <param name="size">How many.</param>
    /// <param name="material">The number of the master key that they are.</param>
    /// <returns>EINVAL for bytes that no key can have; EDQUOT.</returns>
    [KernelSource("security/keys/key.c", "key_create_or_update", Omits = "permissions; the size of what is charged after an update")]
    public async KTask<Errno> Add(int user, ProcessKeyType type, int description, int specifierType, int raw, int size, int material)
    {
        Host.MightSleep("add_key");
        if (type == ProcessKeyType.Provisioning && size is < KeyIdentities.RawSizeMin or > KeyIdentities.RawSizeMax)
            return Errno.EINVAL;                                   // fscrypt_provisioning_key_preparse
        await Lock.Acquire();
        var key = FindLinked(user, type, description);
        var isNew = key == null || key.Revoked.Value || type == ProcessKeyType.Provisioning;
        var error = isNew ? quota.Charge(user, BytesOf(type, size)) : Errno.OK;
        ProcessKey? displaced = null;
        if (isNew && error == Errno.OK)
        {
            displaced = key;
            if (displaced != null)
                Keys.Remove(displaced);
            key = slab.Allocate();
            key.Owner.Value = user;
            key.Type.Value = type;
            key.Description.Value = description;
            key.Charged.Value = BytesOf(type, size);
            key.Usage.Initialize(1);
            key.Fill(specifierType, raw, material);
            Keys.AddFirst(key);
        }

        await Lock.Release();
        if (displaced != null)
            await Put(displaced);
        if (!isNew)
        {
            await key!.Semaphore.AcquireWrite();                   // key_update
            key.Fill(specifierType, raw, material);
            await key.Semaphore.ReleaseWrite();
        }

        return error;
    }

    /// <summary>keyctl: takes a key off the user's session keyring.</summary>
    [KernelSource("security/keys/keyctl.c", "keyctl_keyring_unlink")]
    public async KTask<Errno> Unlink(int user, ProcessKeyType type, int description)
    {
        await Lock.Acquire();
        var key = FindLinked(user, type, description);
        if (key != null)
            Keys.Remove(key);
        await Lock.Release();
        if (key == null)
            return Errno.ENOKEY;
        await Put(key);
        return Errno.OK;
    }

    /// <summary>keyctl: makes a key unusable, and wipes its bytes; it stays where it is.</summary>
    [KernelSource("security/keys/key.c", "key_revoke")]
    public async KTask<Errno> Revoke(int user, ProcessKeyType type, int description)
    {
        var key = await Find(user, type, description);
        if (key == null)
            return Errno.ENOKEY;
        await key.Semaphore.AcquireWrite();
        var error = key.Revoked.Value ? Errno.EKEYREVOKED : Errno.OK;
        if (error == Errno.OK)
        {
            await key.Revoked.WriteOnce(true);
            await key.Payload.Wipe();
        }

        await key.Semaphore.ReleaseWrite();
        await Put(key);
        return error;
    }

    /// <summary>The bytes of a provisioning key, for ADD_ENCRYPTION_KEY.</summary>
    /// <param name="user">Who asks: he has to possess it.</param>
    /// <param name="id">Its id.</param>
    /// <param name="specifierType">For which version he wants it.</param>
    /// <returns>ENOKEY, EACCES, EKEYREVOKED, or EKEYREJECTED if it is of another type or for the other version.</returns>
    [KernelSource("fs/crypto/keyring.c", "get_keyring_key")]
    internal async KTask<(Errno Error, int Raw)> Fetch(int user, int id, int specifierType)
    {
        await Lock.Acquire();
        var key = Keys.First;
        while (key != null && (key.Type.Value == ProcessKeyType.Logon || key.Description.Value != id))
            key = Keys.After(key);
        if (key != null)
            await key.Usage.Get();
        await Lock.Release();
        if (key == null)
            return (Errno.ENOKEY, 0);
        var error = key.Owner.Value != user ? Errno.EACCES
            : await key.Revoked.ReadOnce() ? Errno.EKEYREVOKED
            : key.Type.Value != ProcessKeyType.Provisioning || key.SpecifierType.Value != specifierType ? Errno.EKEYREJECTED
            : Errno.OK;
        var raw = error == Errno.OK ? key.Raw.Value : 0;
        await Put(key);
        return (error, raw);
    }

    /// <summary>
    /// The key of version 1 that the running task's user keeps, with its semaphore held for reading. <see cref="Release"/> ends that.
    /// </summary>
    /// <returns>ENOKEY if there is none, or EKEYREVOKED.</returns>
    [KernelSource("fs/crypto/keysetup_v1.c", "find_and_lock_process_key", Omits = "request_key's call to user space; keys of thread and process keyrings; the prefix of the file system: both are one name")]
    internal async KTask<(Errno Error, ProcessKey? Key)> FindAndLock(int specifier, int sizeMin, KeyIdentities identities)
    {
        var key = Tasks == null ? null : await Find(Tasks.Current, ProcessKeyType.Logon, specifier);
        if (key == null)
            return (Errno.ENOKEY, null);
        var error = Errno.EKEYREVOKED;
        if (!await key.Revoked.ReadOnce())
        {
            await key.Semaphore.AcquireRead();
            if (!key.Revoked.Value && identities.SizeOf(key.Raw.Value) >= sizeMin)
                return (Errno.OK, key);
            await key.Semaphore.ReleaseRead();
            error = Errno.ENOKEY;                                  // revoked just before, or too short
        }

        await Put(key);
        return (error, null);
    }

    /// <summary>The end of <see cref="FindAndLock"/>.</summary>
    internal async KTask Release(ProcessKey key)
    {
        await key.Semaphore.ReleaseRead();
        await Put(key);
    }

    private async KTask<ProcessKey?> Find(int user, ProcessKeyType type, int description)
    {
        await Lock.Acquire();
        var key = FindLinked(user, type, description);
        if (key != null)
            await key.Usage.Get();
        await Lock.Release();
        return key;
    }

    private ProcessKey? FindLinked(int user, ProcessKeyType type, int description)
    {
        for (var key = Keys.First; key != null; key = Keys.After(key))
        {
            if (key.Owner.Value == user && key.Type.Value == type && key.Description.Value == description)
                return key;
        }

        return null;
    }

    [KernelSource("security/keys/key.c", "key_put", Omits = "the worker that frees it")]
    private async KTask Put(ProcessKey key)
    {
        if (!await key.Usage.PutAndTest())
            return;
        quota.Release(key.Owner.Value, key.Charged.Value);
        if (key.Payload.IsPresent)
            await key.Payload.Wipe();
        slab.Free(key);
    }

    // What is charged besides the payload is short, and differs with the name that a user chose: a description of 24 bytes.
    private static int BytesOf(ProcessKeyType type, int size)
    {
        const int Description = 25;
        const int LogonPayload = 72;                               // struct fscrypt_key
        const int ProvisioningHeader = 8;
        return Description + (type == ProcessKeyType.Logon ? LogonPayload : ProvisioningHeader + size);
    }
}

/// <summary>Types of keys of the keys service.</summary>
public enum ProcessKeyType : byte
{
    /// <summary>logon, with a description that begins with "fscrypt:": a key of version 1.</summary>
    Logon,

    /// <summary>fscrypt-provisioning: bytes for ADD_ENCRYPTION_KEY.</summary>
    Provisioning,

    /// <summary>user, or any other: nothing that ADD_ENCRYPTION_KEY takes.</summary>
    Other,
}

/// <summary>struct key in a session keyring.</summary>
public sealed class ProcessKey(KernelHost host) : KernelObject(host)
{
    [KernelName("uid")]
    public Plain<int> Owner;

    [KernelName("type")]
    public Plain<ProcessKeyType> Type;

    /// <summary>Of a key of version 1 its specifier, otherwise its id.</summary>
    [KernelName("description")]
    public Plain<int> Description;

    /// <summary>Of a provisioning key: whether it is for a descriptor or an identifier. Changed, as the bytes, under key->sem.</summary>
    [KernelName("payload.type")]
    public Plain<int> SpecifierType;

    [KernelName("payload.raw")]
    public Plain<int> Raw;

    [KernelName("payload")]
    public Secret Payload;

    [KernelName("quotalen")]
    public Plain<int> Charged;

    [KernelName("key->sem")]
    public RwSemaphore Semaphore = new(FscryptLocks.ProcessKey);

    [KernelName("KEY_FLAG_REVOKED")]
    public Shared<bool> Revoked;

    [KernelName("usage")]
    public Atomic Usage;

    public ListLink Link;

    public override string Name => "key";

    internal void Fill(int specifierType, int raw, int material)
    {
        SpecifierType.Value = specifierType;
        Raw.Value = raw;
        Payload.Fill(material, SecretKind.OfUser);
    }
}

/// <summary>current_cred(): as which user each task makes its system call.</summary>
internal sealed class CurrentUsers : KernelObject
{
    private readonly CurrentUser[] users;

    public CurrentUsers(KernelHost host, int count)
        : base(host)
    {
        users = new CurrentUser[count];
        for (var i = 0; i < count; i++)
            users[i] = new CurrentUser(host, i);
    }

    public override string Name => "tasks";

    /// <summary>As whom the running task makes its system call; root if nobody said.</summary>
    public int Current
    {
        get
        {
            for (var i = 1; i < users.Length; i++)
            {
                if ((users[i].Tasks.Value & Bit) != 0)
                    return i;
            }

            return 0;
        }
    }

    private ulong Bit => 1UL << Host.Current.Index;

    public void Act(int user)
    {
        var before = Current;
        if (before == user)
            return;
        users[before].Tasks.Value &= ~Bit;
        users[user].Tasks.Value |= Bit;
    }

    private sealed class CurrentUser(KernelHost host, int number) : KernelObject(host)
    {
        /// <summary>A bit for each task.</summary>
        public Note<ulong> Tasks;

        public override string Name => $"user:{number}";
    }
}
