using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// fs/crypto/keysetup_v1.c: keys of version 1 that files use as they are (DIRECT_KEY). Files of all file systems with one key,
/// descriptor and mode share one, with a copy of the raw key; the last of them to be evicted frees it.
/// </summary>
public sealed class DirectKeys : KernelObject
{
    private readonly Slab<DirectKey> slab;
    private readonly HashTable<DirectKey> table;

    internal DirectKeys(KernelHost host)
        : base(host)
    {
        slab = new Slab<DirectKey>(host, h => new DirectKey(h), k => k.HashLink.Peek);
        table = new HashTable<DirectKey>(host, "fscrypt_direct_keys", 16, nameof(DirectKey.HashLink));
    }

    /// <summary>Guards the table.</summary>
    [KernelName("fscrypt_direct_keys_lock")]
    public SpinLock Lock = new(FscryptLocks.DirectKeys);

    public override string Name => "direct keys";

    /// <summary>The shared key, made if nobody has it, with a reference for a file.</summary>
    /// <param name="specifier">The descriptor.</param>
    /// <param name="raw">The raw key: two of one descriptor are two.</param>
    /// <param name="kind">Whether a removal promises to wipe it.</param>
    [KernelSource("fs/crypto/keysetup_v1.c", "fscrypt_get_direct_key", Omits = "the mode: of those that there are only one goes with DIRECT_KEY")]
    internal async KTask<DirectKey> Get(int specifier, int raw, SecretKind kind)
    {
        if (await FindOrInsert(null, specifier, raw) is { } found)
            return found;
        var made = slab.Allocate();
        made.Specifier.Value = specifier;
        made.Raw.Value = raw;
        made.Refs.Initialize(1);
        made.Key.Fill(specifier, kind);

        // The race is here: another file of the key may be first.
        var shared = (await FindOrInsert(made, specifier, raw))!;
        if (shared != made)
            await Free(made);
        return shared;
    }

    /// <summary>A file of the key is evicted.</summary>
    [KernelSource("fs/crypto/keysetup_v1.c", "fscrypt_put_direct_key")]
    internal async KTask Put(DirectKey key)
    {
        if (await key.Refs.DecrementUnlessOne())                   // refcount_dec_and_lock
            return;
        await Lock.Acquire();
        var last = await key.Refs.PutAndTest();
        if (last)
            table.Remove(key);
        await Lock.Release();
        if (last)
            await Free(key);
    }

    [KernelSource("fs/crypto/keysetup_v1.c", "find_or_insert_direct_key")]
    private async KTask<DirectKey?> FindOrInsert(DirectKey? made, int specifier, int raw)
    {
        await Lock.Acquire();
        var found = table.Find(DirectKey.HashOf(specifier, raw));
        if (found != null)
            await found.Refs.Get();
        else if (made != null)
            table.AddFirst(made);
        await Lock.Release();
        return found ?? made;
    }

    [KernelSource("fs/crypto/keysetup_v1.c", "free_direct_key")]
    private async KTask Free(DirectKey key)
    {
        await key.Key.Wipe();                                      // kfree_sensitive
        slab.Free(key);
    }
}

/// <summary>struct fscrypt_direct_key.</summary>
public sealed class DirectKey(KernelHost host) : KernelObject(host), IHashed
{
    [KernelName("dk_descriptor")]
    public Plain<int> Specifier;

    [KernelName("dk_raw")]
    public Plain<int> Raw;

    /// <summary>The copy of the raw key, and the cipher that was made with it.</summary>
    [KernelName("dk_key")]
    public Secret Key;

    [KernelName("dk_refcount")]
    public Atomic Refs;

    [KernelName("dk_node")]
    public HashLink HashLink;

    public ulong HashKey => HashOf(Specifier.Peek, Raw.Peek);

    public override string Name => "dk";

    internal static ulong HashOf(int specifier, int raw) => (ulong)specifier << 32 | (uint)raw;
}

/// <summary>
/// struct fscrypt_prepared_key of a master key of version 2 for DIRECT_KEY: derived once for all files of a mode. It goes with the
/// master key's last active reference, up to v6.0 with the master key.
/// </summary>
public sealed class ModeKey(KernelHost host) : KernelObject(host)
{
    [KernelName("tfm")]
    public Secret Key;

    public override string Name => "mode key";
}
