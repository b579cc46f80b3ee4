using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>fs/crypto/keysetup.c: giving an inode its key, and taking it away in eviction.</summary>
public sealed class KeySetup
{
    private readonly KernelHost host;
    private readonly MasterKeyring keyring;
    private readonly PolicyTable policies;
    private readonly Slab<CryptInfo> slab;
    private readonly bool keepDirtyInodes;

    internal KeySetup(KernelHost host, MasterKeyring keyring, PolicyTable policies, bool keepDirtyInodes)
    {
        this.host = host;
        this.keyring = keyring;
        this.policies = policies;
        this.keepDirtyInodes = keepDirtyInodes;
        slab = new Slab<CryptInfo>(host, h => new CryptInfo(h));
    }

    /// <summary>
    /// Tries to give an inode its key. No key is no error: the caller looks at the pointer afterwards. Has a reference.
    /// </summary>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_get_encryption_info", Omits = "unsupported and broken contexts")]
    public async KTask<bool> GetEncryptionInfo(Inode inode)
    {
        if (await inode.CryptInfo.LoadAcquire() != null)
            return true;
        host.MightSleep("fscrypt_get_encryption_info");
        await host.Point();                                        // reads the context from the disk
        return await SetUp(inode, inode.OnDisk.Policy) == Errno.OK;
    }

    /// <summary>Whether the inode has its key now, for those who cannot do without.</summary>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_require_key")]
    public async KTask<Errno> RequireKey(Inode inode)
    {
        if (!inode.OnDisk.IsEncrypted)
            return Errno.OK;
        await GetEncryptionInfo(inode);
        return await inode.CryptInfo.LoadAcquire() == null ? Errno.ENOKEY : Errno.OK;
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
        var info = (CryptInfo?)await inode.CryptInfo.LoadAcquire();
        if (info?.MasterKey.Value is not { } key)
            return false;
        if (keepDirtyInodes && (inode.State.Value & InodeState.DirtyAll) != 0)
            return false;                                          // 2b4eae95c736: eviction would throw the data away
        return !await key.Present.ReadOnce();
    }

    /// <summary>Takes an inode's key away; in eviction only.</summary>
    [KernelSource("fs/crypto/keysetup.c", "put_crypt_info")]
    public async KTask PutEncryptionInfo(Inode inode)
    {
        var info = (CryptInfo?)inode.CryptInfo.Value;
        if (info == null)
            return;
        await host.Point();
        info.Key.Wipe();                                           // fscrypt_destroy_prepared_key
        var key = info.MasterKey.Value;
        if (key != null)
        {
            await key.DecryptedInodesLock.Acquire();
            key.DecryptedInodes.Remove(info);
            await key.DecryptedInodesLock.Release();

            // The race is here: the list is empty, and the active reference not yet dropped.
            await keyring.PutActive(key);
        }

        slab.Free(info);
        await host.Point();                                        // i_crypt_info points to freed memory
        inode.CryptInfo.Value = null;
    }

    /// <summary>The file system is unmounted.</summary>
    public KTask DestroyKeyring() => keyring.Destroy();

    /// <summary>
    /// Derives and publishes under the key's semaphore: a remover, who takes it exclusively, finds the inode on the list,
    /// or this fails with ENOKEY.
    /// </summary>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_setup_encryption_info", Omits = "keys in process keyrings; per-mode keys; errors of the crypto API")]
    private async KTask<Errno> SetUp(Inode inode, int policyNumber)
    {
        await inode.SuperBlock.Reclaim.Allocate();
        var info = slab.Allocate();
        info.Inode.Value = inode;
        var policy = policies[policyNumber];
        var key = await keyring.Find(policy.Key);
        if (key == null)
        {
            slab.Free(info);
            return Errno.ENOKEY;
        }

        await keyring.LockForSetup(key);
        var published = false;
        var error = Errno.OK;
        if (!key.Present.Value || keyring.Identities.SizeOf(key.Raw.Value) < SizeMin(policy, inode))
        {
            error = Errno.ENOKEY;
        }
        else
        {
            Invariant.Holds(key.Secret.IsPresent, "a present key has its secret");
            info.Key.Fill(policy.Key, SecretKind.PerFile);
            published = await inode.CryptInfo.PublishIfNull(info);
            if (published)
            {
                await Account(info, key);
                await key.DecryptedInodesLock.Acquire();
                key.DecryptedInodes.AddFirst(info);
                await key.DecryptedInodesLock.Release();
            }
        }

        await keyring.UnlockAfterSetup(key);
        await keyring.PutStruct(key);
        if (!published)
        {
            info.Key.Wipe();                                       // another opener was first, or there is no key
            slab.Free(info);
        }

        return error;
    }

    // For an instant the info is visible and has no key, or (up to v6.0) the key counts an inode that does not name it.
    private async KTask Account(CryptInfo info, MasterKey key)
    {
        if (!keyring.NamesKeyFirst)
            await keyring.GetActive(key);
        info.MasterKey.Value = key;
        if (keyring.NamesKeyFirst)
            await keyring.GetActive(key);
    }

    // A key of version 2 has to be as strong as its cipher; one of version 1 as long as the cipher's own keys.
    private static int SizeMin(EncryptionPolicy policy, Inode inode)
    {
        const int Aes256Strength = 32;
        const int XtsKeySize = 64;                                 // two keys of AES-256
        return policy.Version == 1 && inode.Type.Value == FileType.File ? XtsKeySize : Aes256Strength;
    }
}
