using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>An entry of nd->stack: a symlink that is being followed, and what of the path comes after it.</summary>
internal sealed class FollowedLink(KernelHost host) : KernelObject(host)
{
    /// <summary>The symlink, with a reference unless the walk is still under RCU.</summary>
    [KernelName("link.dentry")]
    public Plain<Dentry?> Link;

    /// <summary>Under RCU its d_seq as it was found.</summary>
    [KernelName("seq")]
    public Plain<ChangeStamp> Sequence;

    /// <summary>delayed_call: what is to be freed afterwards, if the target is nobody else's.</summary>
    [KernelName("done")]
    public Plain<LinkTarget?> Target;

    /// <summary>The names of the path that the symlink is in, and which comes next; none left if the symlink ends the whole path.</summary>
    [KernelName("name")]
    public Plain<int[]?> Names;

    [KernelName("name (next)")]
    public Plain<int> Next;

    /// <summary>Whether a slash ends that path.</summary>
    [KernelName("name (slash)")]
    public Plain<bool> EndsInSlash;

    /// <summary>The symlink in whose target this one is.</summary>
    [KernelName("stack")]
    public Plain<FollowedLink?> Outer;

    /// <summary>Whether it ends the whole path.</summary>
    public bool IsTrailing => Next.Value == Names.Value!.Length;

    public override string Name => $"followed {Link.Peek?.Name}";
}
