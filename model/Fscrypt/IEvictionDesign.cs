using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>What REMOVE does with the inodes of a key whose secret is gone. One implementation a design.</summary>
public interface IEvictionDesign
{
    /// <summary>Whether ->drop_inode evicts an inode whose key is gone.</summary>
    bool DropsInodes { get; }

    /// <summary>Evicts the key's inodes as far as possible. No lock of the key is held.</summary>
    /// <returns>OK, EBUSY if some are in use, or another error.</returns>
    KTask<Errno> LockFiles(MasterKey key);
}
