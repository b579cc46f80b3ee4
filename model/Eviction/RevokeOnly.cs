using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>
/// The key is unlinked or revoked, and nothing is evicted: files that were opened before stay readable as long as they are cached,
/// their names and data too. <c>keyctl unlink</c> did not even say so; here REMOVE does.
/// </summary>
internal sealed class RevokeOnly : IEvictionDesign
{
    public bool DropsInodes => false;

    [KernelSource("security/keys/keyctl.c", "keyctl_keyring_unlink", Omits = "here called by REMOVE, which then looks what is left")]
    public KTask<Errno> LockFiles(MasterKey key) => EvictDentries.CheckBusy(key);
}
