using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>
/// Takes ->i_crypt_info away from inodes that stay, as kernels before 4.11 did when they found a key revoked (CVE-2017-7374). Who reads,
/// writes or looks names up has loaded the pointer, and no lock keeps him out: he uses what was freed, or finds nothing there.
/// Names and pages stay as they are.
/// </summary>
internal sealed class FreeCryptInfo(Caches caches) : IEvictionDesign
{
    public bool DropsInodes => false;

    /// <summary>One inode after another; that it is taken off the list is what makes this thread the one that frees it.</summary>
    [KernelSource("fs/crypto/keyinfo.c", "fscrypt_get_encryption_info", Omits = "up to 4.10, where each open looked whether its key was revoked: here a walk over the key's list does")]
    public async KTask<Errno> LockFiles(MasterKey key)
    {
        while (await TakeOne(key) is { } info)
        {
            var inode = info.Inode.Value!;

            // The race is here: whoever loaded the pointer before goes on with it.
            await caches.Keys.FreeInPlace(info);
            await caches.Inodes.Iput(inode);
        }

        return await EvictDentries.CheckBusy(key);
    }

    private async KTask<CryptInfo?> TakeOne(MasterKey key)
    {
        await key.DecryptedInodesLock.Acquire();
        var info = key.DecryptedInodes.First;
        while (info != null)
        {
            var inode = info.Inode.Value!;
            caches.Host.Counters.InodesVisited++;
            await inode.Lock.Acquire();
            var taken = (inode.State.Value & (InodeState.Dying | InodeState.New)) == 0;
            if (taken)
                await caches.Inodes.Grab(inode);
            await inode.Lock.Release();
            if (taken)
                break;
            info = key.DecryptedInodes.After(info);
        }

        if (info != null)
            key.DecryptedInodes.Remove(info);
        await key.DecryptedInodesLock.Release();
        return info;
    }
}
