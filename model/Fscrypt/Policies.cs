using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>fs/crypto/policy.c: which directory is encrypted with which key.</summary>
public sealed class Policies(KernelHost host, IFileSystem fileSystem, MasterKeyring keyring, PolicyTable table, Users users, KernelRelease release, FixSet fixes)
{
    private readonly bool refusesDead = fixes.Has(Fixes.DeadDirectoriesGetNoPolicy);

    /// <summary>Gives an empty directory a policy. The key need not be there, but a user needs a claim on it.</summary>
    /// <param name="inode">The directory.</param>
    /// <param name="policy">The policy, whose version the kernel knows.</param>
    /// <param name="user">Who asks.</param>
    [KernelSource("fs/crypto/policy.c", "fscrypt_ioctl_set_policy", Omits = "policies of unknown versions; mnt_want_write")]
    public async KTask<Errno> Set(Inode inode, EncryptionPolicy policy, int user)
    {
        host.MightSleep("FS_IOC_SET_ENCRYPTION_POLICY");
        if (user != inode.OnDisk.Owner && !users.Has(user, Capabilities.Fowner))       // inode_owner_or_capable
            return Errno.EACCES;
        await inode.Rwsem.AcquireWrite();
        var error = await SetLocked(inode, policy, user);
        await inode.Rwsem.ReleaseWrite();
        return error;
    }

    /// <summary>The policy of an inode, for FS_IOC_GET_ENCRYPTION_POLICY_EX.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="size">Bytes that the process has room for.</param>
    /// <returns>ENODATA if it has none, EOVERFLOW if there is no room for it.</returns>
    [KernelSource("fs/crypto/policy.c", "fscrypt_ioctl_get_policy_ex")]
    public async KTask<(Errno Error, EncryptionPolicy Policy)> Get(Inode inode, int size)
    {
        var (error, policy) = await Read(inode);
        return error == Errno.OK && policy.Size > size ? (Errno.EOVERFLOW, default) : (error, policy);
    }

    /// <summary>The same for FS_IOC_GET_ENCRYPTION_POLICY, which knows of version 1 only: EINVAL for others.</summary>
    [KernelSource("fs/crypto/policy.c", "fscrypt_ioctl_get_policy")]
    public async KTask<(Errno Error, EncryptionPolicy Policy)> GetOld(Inode inode)
    {
        var (error, policy) = await Read(inode);
        return error == Errno.OK && policy.Version != 1 ? (Errno.EINVAL, default) : (error, policy);
    }

    /// <summary>Whether an inode has a nonce that can be read: ENODATA if it is not encrypted. What it is, is no matter here.</summary>
    [KernelSource("fs/crypto/policy.c", "fscrypt_ioctl_get_nonce")]
    public async KTask<Errno> GetNonce(Inode inode) => (await Read(inode)).Error;

    [KernelSource("fs/crypto/policy.c", "fscrypt_get_policy", Omits = "broken contexts; an unlocked inode's own copy is the same")]
    private async KTask<(Errno Error, EncryptionPolicy Policy)> Read(Inode inode)
    {
        await host.Point();                                        // reads the context from the disk
        return inode.OnDisk.IsEncrypted ? (Errno.OK, table[inode.OnDisk.Policy]) : (Errno.ENODATA, default);
    }

    private async KTask<Errno> SetLocked(Inode inode, EncryptionPolicy policy, int user)
    {
        var (error, existing) = await Read(inode);
        if (error == Errno.OK)
            return existing == policy ? Errno.OK : Errno.EEXIST;
        if (!inode.IsDirectory)
            return Errno.ENOTDIR;
        if (refusesDead && inode.Nlink.Value == 0)                                // IS_DEADDIR
            return Errno.ENOENT;
        if (!await fileSystem.IsEmpty(inode))
            return Errno.ENOTEMPTY;
        return await SetPolicy(inode, policy, user);
    }

    [KernelSource("fs/crypto/policy.c", "set_encryption_policy")]
    private async KTask<Errno> SetPolicy(Inode inode, EncryptionPolicy policy, int user)
    {
        if (!policy.IsSupported(release))
            return Errno.EINVAL;
        var error = policy.Version == 1 ? Errno.OK : await keyring.VerifyAdded(policy.Key, user);
        return error != Errno.OK ? error : await fileSystem.SetContext(inode, table.NumberOf(policy));
    }
}
