using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>struct fscrypt_inode_info: what an unlocked inode has. Freed at once at eviction, not after a grace period.</summary>
public sealed class CryptInfo(KernelHost host) : KernelObject(host)
{
    [KernelName("ci_inode")]
    public Plain<Inode?> Inode;

    /// <summary>Set after the info was published: for an instant it is visible without.</summary>
    [KernelName("ci_master_key")]
    public Plain<MasterKey?> MasterKey;

    [KernelName("ci_enc_key")]
    public Secret Key;

    [KernelName("ci_master_key_link")]
    public ListLink Link;

    public override string Name => Inode.Peek == null ? "ci" : $"ci:{Inode.Peek.Number.Peek}";
}
