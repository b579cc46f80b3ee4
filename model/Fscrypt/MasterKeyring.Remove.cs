using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

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
    /// <summary>FS_IOC_REMOVE_ENCRYPTION_KEY with what a process passed.</summary>
    /// <returns>EINVAL or EACCES as the argument deserves, or what the removal comes to.</returns>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_remove_key")]
    public KTask<(Errno Error, RemovalFlags Flags)> Remove(KeyArgument argument, int user) => Remove(argument, user, allUsers: false);

    /// <summary>FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS with what a process passed.</summary>
    /// <returns>EACCES to whom it is not allowed, whatever the argument; or as the other.</returns>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_remove_key_all_users")]
    public async KTask<(Errno Error, RemovalFlags Flags)> RemoveAllUsers(KeyArgument argument, int user)
        => users.Has(user, Capabilities.SysAdmin) ? await Remove(argument, user, allUsers: true) : (Errno.EACCES, RemovalFlags.None);

    private async KTask<(Errno Error, RemovalFlags Flags)> Remove(KeyArgument argument, int user, bool allUsers)
    {
        const int AfterStatusFlags = 44;                           // the answer's place is not looked at
        if (!argument.HasValidSpecifier || !argument.AreZero(AfterStatusFlags, KeyArgument.RemoveSize))
            return (Errno.EINVAL, RemovalFlags.None);
        if (argument.Type == KeyIdentities.Descriptor && !users.Has(user, Capabilities.SysAdmin))
            return (Errno.EACCES, RemovalFlags.None);
        return await Remove(Identities.Specifier(argument.Type, argument.Name), user, allUsers);
    }

    /// <summary>
    /// Removes a user's claim, or those of all; with the last one the secret, and then the key's inodes as its design does.
    /// </summary>
    [KernelSource("fs/crypto/keyring.c", "do_remove_key")]
    public async KTask<(Errno Error, RemovalFlags Flags)> Remove(int number, int user, bool allUsers = false)
    {
        Host.MightSleep("FS_IOC_REMOVE_ENCRYPTION_KEY");
        var key = await Find(number);
        if (key == null)
            return (Errno.ENOKEY, RemovalFlags.None);

        await key.Semaphore.AcquireWrite();
        if (key.Users.Value != 0)
        {
            var claimed = allUsers || (key.Users.Value & ClaimOf(user)) != 0;
            key.Users.Value &= allUsers ? 0 : ~ClaimOf(user);
            if (!claimed || key.Users.Value != 0)
            {
                await key.Semaphore.ReleaseWrite();
                await PutStruct(key);
                return claimed ? (Errno.OK, RemovalFlags.OtherUsers) : (Errno.ENOKEY, RemovalFlags.None);
            }
        }

        // If no claim was left before, the key was removed incompletely, and anybody may finish that; or it is of version 1.
        // Who finds it gone from the table adds another one before the removal goes on: that is an addition since.
        var additions = Additions.Value;
        var error = Errno.ENOKEY;
        if (key.Present.Value)
        {
            await InitiateRemoval(key);
            error = Errno.OK;
        }

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

    /// <summary>FS_IOC_GET_ENCRYPTION_KEY_STATUS with what a process passed; EINVAL for what makes no sense.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_get_key_status")]
    public async KTask<(Errno Error, KeyStatusAnswer Answer)> Status(KeyArgument argument, int user)
    {
        const int ReservedFrom = 40;
        const int ReservedTo = 64;
        if (!argument.HasValidSpecifier || !argument.AreZero(ReservedFrom, ReservedTo))
            return (Errno.EINVAL, default);
        return (Errno.OK, await Status(Identities.Specifier(argument.Type, argument.Name), user));
    }

    /// <summary>The status of a key, as a user is told it.</summary>
    public async KTask<KeyStatusAnswer> Status(int number, int user)
    {
        var key = await Find(number);
        if (key == null)
            return default;
        await key.Semaphore.AcquireRead();
        KeyStatusAnswer answer;
        if (key.Present.Value)
        {
            var claims = key.Users.Value;
            answer = new KeyStatusAnswer(KeyStatus.Present, System.Numerics.BitOperations.PopCount(claims), (claims & ClaimOf(user)) != 0);
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
