using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>struct fs_struct: where a process is, and all its threads with it. It pins that directory.</summary>
public sealed class WorkingDirectory(KernelHost host) : KernelObject(host)
{
    /// <summary>Guards the change; who walks under RCU looks without it.</summary>
    [KernelName("fs->lock")]
    public SpinLock Lock = new(VfsLocks.WorkingDirectory);

    /// <summary>fs->pwd; null if it is the root of all, outside of this mount, which pins nothing here.</summary>
    [KernelName("pwd")]
    public Pointer<Dentry> Dentry;

    public override string Name => "fs";

    /// <summary>The directory with a reference, for who walks by reference.</summary>
    [KernelSource("include/linux/fs_struct.h", "get_fs_pwd")]
    internal async KTask<Dentry?> Get()
    {
        await Lock.Acquire();
        var dentry = Dentry.Value;
        if (dentry != null)
            await DentryCache.Dget(dentry);
        await Lock.Release();
        return dentry;
    }

    /// <summary>Another directory, whose reference is taken over. Returns the one before, with the reference that it had.</summary>
    [KernelSource("fs/fs_struct.c", "set_fs_pwd", Omits = "fs->seq: who reads meanwhile sees the old one or the new one")]
    internal async KTask<Dentry?> Set(Dentry? dentry)
    {
        await Lock.Acquire();
        var old = Dentry.Value;
        await Dentry.StoreRelease(dentry);
        await Lock.Release();
        return old;
    }
}
