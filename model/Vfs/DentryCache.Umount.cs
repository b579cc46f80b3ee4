using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// The end of all names.
public sealed partial class DentryCache
{
    /// <summary>Kills all dentries, the root last. Nobody can look anything up any more, and s_umount is held exclusively.</summary>
    [KernelSource("fs/dcache.c", "shrink_dcache_for_umount")]
    internal async KTask ShrinkForUmount()
    {
        Host.MightSleep("shrink_dcache_for_umount");
        var root = superBlock.Root.Value!;
        superBlock.Root.Value = null;
        await ShrinkParent(root);
        await root.Ref.Acquire();
        var isBusy = root.Children.Count > 0 || root.Ref.Count != 1;         // umount_check
        await root.Ref.Release();
        if (isBusy)
            Host.Report(new Finding("busy-at-umount", $"{root.Name} or what is below it is in use when the file system is unmounted") { Object = root });
        await KillRoot(root);
    }

    [KernelSource("fs/dcache.c", "do_one_tree", Omits = "dput of the root: it has no parent and is not hashed, so what that does is done here")]
    private async KTask KillRoot(Dentry root)
    {
        var inode = root.Inode.Value!;
        await inode.Lock.Acquire();
        await root.Ref.Acquire();
        root.Ref.Count = LockRef.DeadCount;
        root.Sequence.BeginWrite();
        root.Inode.Value = null;
        inode.Aliases.Remove(root);
        root.Sequence.EndWrite();
        await root.Flags.Set(root.Flags.Value | DentryFlags.Killed);
        await root.Ref.Release();
        await inode.Lock.Release();
        await inodes.Iput(inode);
        slab.FreeAfterGracePeriod(root);
    }
}
