using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>removal_status_flags.</summary>
[Flags]
public enum RemovalFlags
{
    /// <summary>The key is gone, and all its files are locked.</summary>
    None = 0,

    /// <summary>Some files are still in use.</summary>
    FilesBusy = 1,

    /// <summary>Only the caller's claim is gone.</summary>
    OtherUsers = 2,
}

// FS_IOC_REMOVE_ENCRYPTION_KEY and FS_IOC_GET_ENCRYPTION_KEY_STATUS.
public sealed partial class MasterKeyring
{
    /// <summary>Removes a user's claim; with the last one the secret, and then the key's inodes as its design does.</summary>
    [KernelSource("fs/crypto/keyring.c", "do_remove_key", Omits = "argument checks, v1 keys, _ALL_USERS")]
    public async KTask<(Errno Error, RemovalFlags Flags)> Remove(int number, int user)
    {
        Host.MightSleep("FS_IOC_REMOVE_ENCRYPTION_KEY");
        var key = await Find(number);
        if (key == null)
            return (Errno.ENOKEY, RemovalFlags.None);

        await key.Semaphore.AcquireWrite();
        if (key.Users.Value != 0)
        {
            var claimed = (key.Users.Value >> user & 1) != 0;
            key.Users.Value &= ~(1UL << user);
            if (!claimed || key.Users.Value != 0)
            {
                await key.Semaphore.ReleaseWrite();
                await PutStruct(key);
                return claimed ? (Errno.OK, RemovalFlags.OtherUsers) : (Errno.ENOKEY, RemovalFlags.None);
            }
        }

        // No claim was left before: the key was removed incompletely, and anybody may finish that.
        var error = Errno.ENOKEY;
        if (key.Present.Value)
        {
            await InitiateRemoval(key);
            error = Errno.OK;
        }

        var additions = Additions.Value;
        var inodesRemain = await key.ActiveRefs.Read() > 0;
        await key.Semaphore.ReleaseWrite();

        // The race is here: no lock of the key is held while its inodes are written and evicted.
        var flags = RemovalFlags.None;
        if (inodesRemain)
        {
            error = await Design.LockFiles(key);
            if (error == Errno.EBUSY)
            {
                flags = RemovalFlags.FilesBusy;
                error = Errno.OK;
            }
        }

        await PutStruct(key);
        if (error == Errno.OK && flags == RemovalFlags.None && additions == Additions.Value)
            CompletelyRemoved?.Invoke(number);
        return (error, flags);
    }

    /// <summary>FS_IOC_GET_ENCRYPTION_KEY_STATUS.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_get_key_status", Omits = "argument checks")]
    public async KTask<KeyStatusAnswer> Status(int number, int user)
    {
        var key = await Find(number);
        if (key == null)
            return default;
        await key.Semaphore.AcquireRead();
        KeyStatusAnswer answer;
        if (key.Present.Value)
        {
            var users = key.Users.Value;
            answer = new KeyStatusAnswer(KeyStatus.Present, System.Numerics.BitOperations.PopCount(users), (users >> user & 1) != 0);
        }
        else
        {
            answer = new KeyStatusAnswer(await key.ActiveRefs.Read() > 0 ? KeyStatus.IncompletelyRemoved : KeyStatus.Absent, 0, false);
        }

        await key.Semaphore.ReleaseRead();
        await PutStruct(key);
        return answer;
    }

    [KernelSource("fs/crypto/keyring.c", "fscrypt_initiate_key_removal")]
    private async KTask InitiateRemoval(MasterKey key)
    {
        await key.Present.WriteOnce(false);
        key.Secret.Wipe();
        await PutActive(key);
    }
}

/// <summary>fscrypt_get_key_status_arg.status.</summary>
public enum KeyStatus
{
    Absent,
    Present,
    IncompletelyRemoved,
}

/// <summary>What GET_KEY_STATUS answers.</summary>
/// <param name="Status">The status.</param>
/// <param name="UserCount">Claims; 0 unless present.</param>
/// <param name="AddedBySelf">Whether the caller has one.</param>
public readonly record struct KeyStatusAnswer(KeyStatus Status, int UserCount, bool AddedBySelf);
