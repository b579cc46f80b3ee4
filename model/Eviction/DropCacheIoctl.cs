using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>
/// ChromeOS: the key goes, then FS_IOC_DROP_CACHE drops all unused names and inodes of the file system, whoever's they are.
/// Nothing is written first.
/// </summary>
internal sealed class DropCacheIoctl(Caches caches) : IEvictionDesign
{
    public bool DropsInodes => false;

    [KernelSource("ChromeOS fs/ext4/ioctl.c", "FS_IOC_DROP_CACHE", Omits = "here called by REMOVE, which then looks what is left")]
    public async KTask<Errno> LockFiles(MasterKey key)
    {
        await caches.Reclaim.DropCacheIoctl();
        return await EvictDentries.CheckBusy(key);
    }
}
