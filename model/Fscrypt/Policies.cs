using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>fs/crypto/policy.c: which directory is encrypted with which key. A policy is the number of its key.</summary>
public sealed class Policies(KernelHost host, IFileSystem fileSystem, MasterKeyring keyring)
{
    /// <summary>Gives an empty directory a policy. The key need not be there, but a user needs a claim on it.</summary>
    [KernelSource("fs/crypto/policy.c", "fscrypt_ioctl_set_policy", Omits = "argument checks, v1 policies, unsupported modes")]
    public async KTask<Errno> Set(Inode inode, int number, int user)
    {
        host.MightSleep("FS_IOC_SET_ENCRYPTION_POLICY");
        if (user != 0 && user != inode.OnDisk.Owner)               // inode_owner_or_capable
            return Errno.EACCES;
        await inode.Rwsem.AcquireWrite();
        var error = await SetLocked(inode, number, user);
        await inode.Rwsem.ReleaseWrite();
        return error;
    }

    private async KTask<Errno> SetLocked(Inode inode, int number, int user)
    {
        await host.Point();                                        // fscrypt_get_policy: reads the context from the disk
        var existing = inode.OnDisk.KeyNumber;
        if (existing >= 0)
            return existing == number ? Errno.OK : Errno.EEXIST;
        if (!inode.IsDirectory.Value)
            return Errno.ENOTDIR;
        if (!await fileSystem.IsEmpty(inode))
            return Errno.ENOTEMPTY;
        return await SetPolicy(inode, number, user);
    }

    [KernelSource("fs/crypto/policy.c", "set_encryption_policy")]
    private async KTask<Errno> SetPolicy(Inode inode, int number, int user)
    {
        var error = await keyring.VerifyAdded(number, user);
        return error != Errno.OK ? error : await fileSystem.SetContext(inode, number);
    }
}
