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

    /// <summary>The file's own key; none if it shares one.</summary>
    [KernelName("ci_enc_key")]
    public Secret Key;

    /// <summary>The file's own key where the block layer encrypts, or null. Owned.</summary>
    [KernelName("ci_enc_key.blk_key")]
    public Plain<BlockKey?> BlockKey;

    /// <summary>The key that it shares with all files of its master key and mode, or null. Not owned.</summary>
    [KernelName("ci_enc_key of a mode")]
    public Plain<ModeKey?> ModeKey;

    /// <summary>The raw key that it shares, with a reference, or null.</summary>
    [KernelName("ci_direct_key")]
    public Plain<DirectKey?> DirectKey;

    [KernelName("ci_master_key_link")]
    public ListLink Link;

    /// <summary>Whether what it encrypts with is there.</summary>
    public bool HasKey
        => ModeKey.Value is { } shared ? shared.Key.IsPresent
            : DirectKey.Value is { } direct ? direct.Key.IsPresent
            : BlockKey.Value is { } own ? own.Key.IsPresent
            : Key.IsPresent;

    public override string Name => Inode.Peek == null ? "ci" : $"ci:{Inode.Peek.Number.Peek}";
}
