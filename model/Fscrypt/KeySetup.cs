using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>fs/crypto/keysetup.c: giving an inode its key, and taking it away in eviction.</summary>
public sealed partial class KeySetup
{
    private readonly KernelHost host;
    private readonly MasterKeyring keyring;
    private readonly PolicyTable policies;
    private readonly ProcessKeyrings processes;
    private readonly DirectKeys direct;
    private readonly Slab<CryptInfo> slab;
    private readonly Slab<BlockKey> blockKeys;
    private readonly bool keepDirtyInodes;
    private readonly bool acquiresInfo;

    internal KeySetup(KernelHost host, MasterKeyring keyring, PolicyTable policies, ProcessKeyrings processes, FixSet fixes)
    {
        this.processes = processes;
        direct = new DirectKeys(host);
        this.host = host;
        this.keyring = keyring;
        this.policies = policies;
        keepDirtyInodes = fixes.Has(Fixes.KeepDirtyInodes);
        acquiresInfo = fixes.Has(Fixes.InfoIsAcquired);
        slab = new Slab<CryptInfo>(host, h => new CryptInfo(h), i => i.Inode.Peek is { IsAlive: true } inode && inode.CryptInfo.Peek == i);
        blockKeys = new Slab<BlockKey>(host, h => new BlockKey(h), IsOfAnInfo);
    }

    /// <summary>->i_crypt_info as who has no lock loads it.</summary>
    [KernelSource("include/linux/fscrypt.h", "fscrypt_get_info")]
    internal StepTo<KernelObject> LoadInfo(Inode inode) => acquiresInfo ? inode.CryptInfo.LoadAcquire() : inode.CryptInfo.ReadOnce();

    /// <summary>
    /// Tries to give an inode its key. No key is no error: the caller looks at the pointer afterwards. Has a reference.
    /// </summary>
    /// <returns>EKEYREVOKED if the key is in a process's keyring, and was revoked there; ENOMEM.</returns>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_get_encryption_info", Omits = "unsupported and broken contexts")]
    public async KTask<Errno> GetEncryptionInfo(Inode inode)
    {
        var info = await LoadInfo(inode);
        if (host.Check("set up already", info != null))
            return Errno.OK;
        host.MightSleep("fscrypt_get_encryption_info");
        await host.Point();                                        // reads the context from the disk
        var error = await SetUp(inode, inode.OnDisk.Policy);
        return error == Errno.ENOKEY ? Errno.OK : error;
    }

    /// <summary>Whether the inode has its key now, for those who cannot do without.</summary>
    [KernelSource("include/linux/fscrypt.h", "fscrypt_require_key")]
    public async KTask<Errno> RequireKey(Inode inode)
    {
        if (!inode.OnDisk.IsEncrypted)
            return Errno.OK;
        var error = await GetEncryptionInfo(inode);
        return error != Errno.OK ? error : await LoadInfo(inode) == null ? Errno.ENOKEY : Errno.OK;
    }

    /// <summary>
    /// Gives an inode that is being created its directory's policy and its key. It has no number yet, and is not in the
    /// hash: a walk over the key's inodes can find it all the same. ENOKEY if there is no key for the directory, or if the
    /// directory is still unlocked and the key is gone.
    /// </summary>
    /// <returns>Its policy, or -1 if it is not encrypted.</returns>
    [KernelSource("fs/crypto/policy.c", "fscrypt_prepare_new_inode", Omits = "the nonce; unsupported policies")]
    public async KTask<(Errno Error, int Policy)> PrepareNewInode(Inode directory, Inode inode)
    {
        var policy = directory.OnDisk.Policy;
        if (policy < 0)
            return (Errno.OK, policy);
        var error = await RequireKey(directory);
        if (error != Errno.OK || inode.Type.Value == FileType.Special)
            return (error, -1);                                    // devices are never encrypted
        return (await SetUp(inode, policy), policy);
    }

    /// <summary>Whether ->drop_inode says: evict. Under i_lock, with no reference left; must not sleep.</summary>
    /// <remarks>
    /// Presence may be stale either way. It is cleared before the remover's walk takes this inode's i_lock: a decision
    /// before that leaves the inode for the walk to find, a decision after it sees the key gone.
    /// </remarks>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_drop_inode")]
    public async KTask<bool> DropInode(Inode inode)
    {
        var info = (CryptInfo?)await LoadInfo(inode);
        if (info?.MasterKey.Value is not { } key)
            return false;
        if (keepDirtyInodes && host.Check("dirty", (inode.State.Value & InodeState.DirtyAll) != 0))
            return false;                                          // 2b4eae95c736: eviction would throw the data away
        var present = await key.Present.ReadOnce();
        return host.Check("mk_present", !present);
    }

    // A watcher of single executions looks on: no search that reduces has it.
    private static void CountEviction(CostWatch cost, Inode inode, CryptInfo? info)
        => cost.OnEvicted(inode.Number.Peek, inode.Nlink.Peek > 0 && info?.MasterKey.Peek is not { Present.Peek: false });

    /// <summary>Takes an inode's key away; in eviction only.</summary>
    [KernelSource("fs/crypto/keysetup.c", "put_crypt_info")]
    public async KTask PutEncryptionInfo(Inode inode)
    {
        var info = (CryptInfo?)inode.CryptInfo.Value;
        if (host.Cost != null)
            CountEviction(host.Cost, inode, info);
        if (info == null)
            return;
        host.Counters.KeysPut++;
        await DestroyKey(info);
        var key = info.MasterKey.Value;
        if (key != null)
        {
            var unlistsFirst = host.Order("off the list, then put");
            if (!unlistsFirst)
                await keyring.PutActive(key);
            await key.DecryptedInodesLock.Acquire();
            key.DecryptedInodes.Remove(info);
            await key.DecryptedInodesLock.Release();

            // The race is here: the list is empty, and the active reference not yet dropped.
            if (unlistsFirst)
                await keyring.PutActive(key);
        }

        slab.Free(info);
        await host.Point();                                        // i_crypt_info points to freed memory
        inode.CryptInfo.Value = null;
    }

    /// <summary>
    /// Takes the key away from an inode that stays, as was done before 4.11; only for whoever took the info off its key's list, and has
    /// a reference on the inode. Nobody is waited for.
    /// </summary>
    [KernelSource("fs/crypto/keyinfo.c", "fscrypt_put_encryption_info", Omits = "up to 4.10")]
    internal async KTask FreeInPlace(CryptInfo info)
    {
        host.Counters.KeysPut++;
        await info.Inode.Value!.CryptInfo.WriteOnce(null);
        await DestroyKey(info);
        if (info.MasterKey.Value is { } key)
            await keyring.PutActive(key);
        slab.Free(info);
    }

    /// <summary>Whether an inode has its key, or had it before, for rules.</summary>
    internal bool WasUnlocked(Inode inode)
    {
        foreach (var info in slab.Objects)
        {
            if (info.Inode.Peek == inode)
                return true;
        }

        return false;
    }

    private bool IsOfAnInfo(BlockKey key)
    {
        foreach (var info in slab.Objects)
        {
            if (info.IsAlive && info.BlockKey.Peek == key)
                return true;
        }

        return false;
    }

    /// <summary>The file system is unmounted.</summary>
    public KTask DestroyKeyring() => keyring.Destroy();

    /// <summary>
    /// Derives and publishes under the key's semaphore: a remover, who takes it exclusively, finds the inode on the list,
    /// or this fails with ENOKEY. What came from a process's keyring is on no list.
    /// </summary>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_setup_encryption_info", Omits = "errors of the crypto API")]
    private async KTask<Errno> SetUp(Inode inode, int policyNumber)
    {
        await inode.SuperBlock.Reclaim.Allocate();
        if (await inode.SuperBlock.InfoFault.Happens())
            return Errno.ENOMEM;
        var info = slab.Allocate();
        info.Inode.Value = inode;
        var policy = policies[policyNumber];
        var key = await keyring.Find(policy.Key);
        if (key != null)
            await keyring.LockForSetup(key);
        var error = key != null ? await Derive(info, policy, key, policy.KeySizeMin(inode.Type.Value != FileType.File))
            : policy.Version == 1 ? await DeriveFromProcess(info, policy, policy.KeySizeMin(inode.Type.Value != FileType.File))
            : Errno.ENOKEY;
        var published = error == Errno.OK && await inode.CryptInfo.PublishIfNull(info);
        if (published)
            host.Counters.KeysSetUp++;
        if (host.Check("published", published, otherwise: true) && key != null)
        {
            var countsFirst = host.Order("counted, then listed");
            if (countsFirst)
                await Account(info, key);
            await key.DecryptedInodesLock.Acquire();
            key.DecryptedInodes.AddFirst(info);
            await key.DecryptedInodesLock.Release();
            if (!countsFirst)
                await Account(info, key);
        }

        if (key != null)
        {
            await keyring.UnlockAfterSetup(key);
            await keyring.PutStruct(key);
        }

        if (host.Check("somebody was first", !published))
        {
            // Another opener was first, or there is no key. The race is here: the loser still has a copy, and no lock. A removal
            // that is under way cannot be complete: he has a reference on the inode, which keeps the winner's key.
            await DestroyKey(info);
            slab.Free(info);
        }

        return error;
    }

    // For an instant the info is visible and has no key, or (up to v6.0) the key counts an inode that does not name it.
    private async KTask Account(CryptInfo info, MasterKey key)
    {
        var namesFirst = host.Order("named, then counted", keyring.NamesKeyFirst);
        if (!namesFirst)
            await keyring.GetActive(key);
        info.MasterKey.Value = key;
        if (namesFirst)
            await keyring.GetActive(key);
    }
}
