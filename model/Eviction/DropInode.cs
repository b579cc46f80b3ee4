using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>
/// Linux since 5.4, as Dave Chinner proposed: take a reference, kill the dentries, put the reference. The last put asks
/// ->drop_inode, which sees that the key is gone, and evicts.
/// </summary>
internal sealed class DropInode(EvictDentries dentries) : IEvictionDesign
{
    public bool DropsInodes => true;

    [KernelSource("fs/crypto/keyring.c", "try_to_lock_encrypted_files")]
    public async KTask<Errno> LockFiles(MasterKey key)
    {
        var syncsFirst = key.Host.Order("sync, then walk");
        if (!syncsFirst)
            await dentries.Walk(key);
        var synced = await dentries.Sync();
        if (syncsFirst)
            await dentries.Walk(key);
        var busy = await EvictDentries.CheckBusy(key);
        return synced != Errno.OK ? synced : busy;
    }
}
