using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>struct file: pins a dentry, and through it the inode.</summary>
public sealed class OpenFile(KernelHost host) : KernelObject(host)
{
    /// <summary>f_path.dentry.</summary>
    [KernelName("f_path.dentry")]
    public Plain<Dentry?> Dentry;

    /// <summary>f_count: the descriptor, and mappings.</summary>
    [KernelName("f_count")]
    public Atomic Count;

    /// <summary>f_mode and f_flags.</summary>
    [KernelName("f_mode")]
    public Plain<OpenFlags> Flags;

    /// <summary>f_wb_err: which failed writes of the file its owner has been told of.</summary>
    [KernelName("f_wb_err")]
    public Plain<int> WriteErrors;

    /// <summary>f_sb_err: the same of the file system.</summary>
    [KernelName("f_sb_err")]
    public Plain<int> SuperErrors;

    /// <summary>Whether a lock of its file is this one's: flock.</summary>
    [KernelName("flc_flock")]
    public Plain<bool> HasLock;

    public override string Name => $"file:{Dentry.Peek?.Name}";
}
