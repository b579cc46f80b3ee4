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
    public async KTask<(Errno Error, RemovalFlags Flags)> Remove(int number, int user, bool allUsers = false)
    {
        Host.MightSleep("FS_IOC_REMOVE_ENCRYPTION_KEY");
        var key = await Find(number);
        return key == null ? (Errno.ENOKEY, RemovalFlags.None)
            : hashed ? await RemoveHashed(key, user, allUsers)
            : await OldRemove(key, user, allUsers);
    }

    [KernelSource("fs/crypto/keyring.c", "do_remove_key")]
    private async KTask<(Errno Error, RemovalFlags Flags)> RemoveHashed(MasterKey key, int user, bool allUsers)
    {
        await key.Semaphore.AcquireWrite();
        if (DropClaims(key, user, allUsers) is { } ended)
        {
            await key.Semaphore.ReleaseWrite();
            await CollectClaims();
            await PutStruct(key);
            return ended;
        }

        var additions = Additions.Value;                           // from here on: a dead key is replaced without mk_sem
        var answer = (Error: Errno.ENOKEY, Flags: RemovalFlags.None);
        if (Host.Check("mk_present", key.Present.Value, otherwise: true))
        {
            await InitiateRemoval(key);
            answer.Error = Errno.OK;
        }

        await CollectClaims();
        var inodesRemain = await key.ActiveRefs.Read() > 0;
        await key.Semaphore.ReleaseWrite();

        // The race is here: no lock of the key is held while its inodes are written and evicted.
        if (Host.Check("mk_active_refs", inodesRemain, otherwise: true))
            answer = await LockFiles(key);
        var number = key.Number.Value;
        await PutStruct(key);
        ReportIfComplete(answer, number, additions);
        return answer;
    }

    /// <summary>
    /// Takes a user's claim off a key, or those of all: the answer if that is all there is to do, or if he has none. If none was
    /// left before, the key was removed incompletely, and anybody may finish that; or it is of version 1.
    /// </summary>
    private (Errno Error, RemovalFlags Flags)? DropClaims(MasterKey key, int user, bool allUsers)
    {
        if (Host.Check("no claim was left", key.Users.Value == 0))
            return null;
        var claimed = allUsers || (key.Users.Value & ClaimOf(user)) != 0;
        DropClaims(key, key.Users.Value & (allUsers ? ulong.MaxValue : ClaimOf(user)));
        if (Host.Check("has no claim", !claimed))
            return (Errno.ENOKEY, RemovalFlags.None);
        return Host.Check("claims are left", key.Users.Value != 0) ? (Errno.OK, RemovalFlags.OtherUsers) : null;
    }

    private async KTask<(Errno Error, RemovalFlags Flags)> LockFiles(MasterKey key)
    {
        var error = await Design.LockFiles(key);
        var isBusy = error == Errno.EBUSY || (!returnsSyncErrors && error != Errno.OK);
        return isBusy ? (Errno.OK, RemovalFlags.FilesBusy) : (error, RemovalFlags.None);
    }

    private void ReportIfComplete((Errno Error, RemovalFlags Flags) answer, int number, int additions)
    {
        if (answer == (Errno.OK, RemovalFlags.None) && additions == Additions.Value)
            CompletelyRemoved?.Invoke(number);
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
        if (!hashed)
            return await OldStatus(key, user);
        await key.Semaphore.AcquireRead();
        var answer = key.Present.Value ? PresentTo(key, user)
            : new KeyStatusAnswer(await key.ActiveRefs.Read() > 0 ? KeyStatus.IncompletelyRemoved : KeyStatus.Absent, 0, false);
        await key.Semaphore.ReleaseRead();
        await PutStruct(key);
        return answer;
    }

    private static KeyStatusAnswer PresentTo(MasterKey key, int user)
    {
        var claims = key.Users.Value;
        return new KeyStatusAnswer(KeyStatus.Present, System.Numerics.BitOperations.PopCount(claims), (claims & ClaimOf(user)) != 0);
    }

    [KernelSource("fs/crypto/keyring.c", "fscrypt_initiate_key_removal")]
    private async KTask InitiateRemoval(MasterKey key)
    {
        var wipesFirst = Host.Order("wiped, then put");
        if (!wipesFirst)
            await PutActive(key);
        await WipeSecret(key);
        if (wipesFirst)
            await PutActive(key);
    }

    /// <summary>
    /// Ends a key's presence and wipes its secret. Up to v6.6 presence is that the secret has a size, which goes when the HKDF
    /// state has been destroyed: for a moment ->drop_inode, which looks without the lock, sees a key that cannot be used any more.
    /// </summary>
    [KernelSource("fs/crypto/keyring.c", "wipe_master_key_secret")]
    private async KTask WipeSecret(MasterKey key)
    {
        var hidesFirst = Host.Order("not present, then wiped", first: flagged);
        if (hidesFirst)
            await key.Present.WriteOnce(false);
        await key.Secret.Wipe();
        if (!hidesFirst)
            await key.Present.WriteOnce(false);
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
