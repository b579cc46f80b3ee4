using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

// What an inode's own key is made of, and how it ends: a key of its own, or one that it shares.
public sealed partial class KeySetup
{
    /// <summary>From a master key, whose semaphore is held.</summary>
    [KernelSource("fs/crypto/keysetup.c", "setup_file_encryption_key", Omits = "IV_INO_LBLK_64 and _32, which ext4 without stable inode numbers refuses; how keys are derived")]
    private async KTask<Errno> Derive(CryptInfo info, EncryptionPolicy policy, MasterKey key, int sizeMin)
    {
        if (host.Check("mk_present", !key.Present.Value) || keyring.Identities.SizeOf(key.Raw.Value) < sizeMin)
            return Errno.ENOKEY;
        Invariant.Holds(key.Secret.IsPresent, "a present key has its secret");
        if (!policy.IsDirect)
            Prepare(info, policy.Key, SecretKind.PerFile);
        else if (policy.Version == 1)
            info.DirectKey.Value = await direct.Get(policy.Key, key.Raw.Value, SecretKind.Master);
        else
            info.ModeKey.Value = await keyring.ModeKeyOf(key);
        return Errno.OK;
    }

    /// <summary>From a key of version 1 in a keyring of the process. The inode has no master key, and no removal finds it.</summary>
    [KernelSource("fs/crypto/keysetup_v1.c", "fscrypt_setup_v1_file_key_via_subscribed_keyrings")]
    private async KTask<Errno> DeriveFromProcess(CryptInfo info, EncryptionPolicy policy, int sizeMin)
    {
        var (error, key) = await processes.FindAndLock(policy.Key, sizeMin, keyring.Identities);
        if (error != Errno.OK)
            return error;
        if (policy.IsDirect)
            info.DirectKey.Value = await direct.Get(policy.Key, key!.Raw.Value, SecretKind.OfUser);
        else
            Prepare(info, policy.Key, SecretKind.OfUser);
        await processes.Release(key!);
        return Errno.OK;
    }

    /// <summary>The file's own key, where what encrypts its contents finds it.</summary>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_prepare_key", Omits = "keys that files share are never the block layer's")]
    private void Prepare(CryptInfo info, int key, SecretKind kind)
    {
        var inode = info.Inode.Value!;
        if (inode.Type.Value != FileType.File || !inode.SuperBlock.UsesInlineCrypt.Racy)
        {
            info.Key.Fill(key, kind);
            return;
        }

        var own = info.BlockKey.Value = blockKeys.Allocate();
        own.Key.Fill(key, kind);
    }

    /// <summary>The beginning of an info's end. What it shares with other files stays, but for a raw key that nobody else has.</summary>
    [KernelSource("fs/crypto/keysetup.c", "fscrypt_destroy_prepared_key")]
    private async KTask DestroyKey(CryptInfo info)
    {
        if (info.DirectKey.Value is { } shared)
            await direct.Put(shared);
        else if (info.BlockKey.Value is { } own)
            await Destroy(info, own);
        else if (info.Key.IsPresent)
            await info.Key.Wipe();
    }

    [KernelSource("fs/crypto/inline_crypt.c", "fscrypt_destroy_inline_crypt_key")]
    private async KTask Destroy(CryptInfo info, BlockKey key)
    {
        await info.Inode.Value!.SuperBlock.Device.Profile.Evict(key);
        await key.Key.Wipe();                                      // kfree_sensitive
        blockKeys.Free(key);
    }
}
