using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>
/// What people did before 5.4: the key goes, then <c>sync; echo 2 &gt; /proc/sys/vm/drop_caches</c>, as root. It asks the shrinkers of
/// the whole system, which skip what they cannot lock at once, what is dirty, and once what was used; what it leaves, it does not say.
/// </summary>
internal sealed class DropCaches(Caches caches, int what, bool syncsFirst) : IEvictionDesign
{
    public bool DropsInodes => false;

    [KernelSource("fs/drop_caches.c", "drop_caches_sysctl_handler", Omits = "here called by REMOVE, which then looks what is left")]
    public async KTask<Errno> LockFiles(MasterKey key)
    {
        if (syncsFirst)
            await caches.Writeback.SyncAll(caches.SuperBlock);                   // nobody is told of errors

        // The race is here: what gets dirty now stays, and so does its key.
        await caches.Reclaim.DropCaches(what);
        return await EvictDentries.CheckBusy(key);
    }
}
