using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/namespace.c and fs/super.c: the one mount, what pins it, and what becomes of its super block.</summary>
public sealed class Mounts : KernelObject
{
    private readonly SuperBlock superBlock;
    private readonly InodeCache inodes;
    private readonly DentryCache dentries;
    private readonly Writeback writeback;
    private readonly WritebackSwitches switches;

    internal Mounts(
        KernelHost host, SuperBlock superBlock, InodeCache inodes, DentryCache dentries, Writeback writeback, WritebackSwitches switches)
        : base(host)
    {
        this.superBlock = superBlock;
        this.inodes = inodes;
        this.dentries = dentries;
        this.writeback = writeback;
        this.switches = switches;
    }

    [KernelName("mount_lock")]
    public SpinLock Lock = new(VfsLocks.Mount);

    /// <summary>Whether paths lead to it.</summary>
    [KernelName("mounted")]
    public Plain<bool> IsMounted;

    /// <summary>Open files, and system calls that are under way on it.</summary>
    [KernelName("mnt_count")]
    public Plain<int> Users;

    /// <summary>Whether anybody may unmount: otherwise users are not counted, and are not even a step.</summary>
    [field: Wiring]
    public bool CountsUsers { get; set; }

    public override string Name => "mnt";

    /// <summary>Pins the mount; false if there is none.</summary>
    [KernelSource("fs/namespace.c", "mntget", Omits = "counts of each processor; look-ups by RCU")]
    public async KTask<bool> Get()
    {
        if (!CountsUsers)
            return true;
        await Lock.Acquire();
        var isMounted = IsMounted.Value;
        if (isMounted)
            Users.Value++;
        await Lock.Release();
        return isMounted;
    }

    /// <summary>Gives a pin back, and passes on what a call that needed it came to.</summary>
    public async KTask<Errno> PutAfter(Errno error)
    {
        await Put();
        return error;
    }

    /// <summary>Gives a pin back.</summary>
    [KernelSource("fs/namespace.c", "mntput")]
    public async KTask Put()
    {
        if (!CountsUsers)
            return;
        await Lock.Acquire();
        Users.Value--;
        await Lock.Release();
    }

    /// <summary>mount: reads the root's inode and makes its dentry. Waits for the end of an umount that is under way.</summary>
    /// <returns>EBUSY if it is mounted; EINVAL if the file system, or the release, has not got an option.</returns>
    [KernelSource("fs/super.c", "get_tree_bdev", Omits = "everything but the root; a second mount of the same device shares the super block: here it is busy")]
    public async KTask<Errno> Mount(MountOptions options = MountOptions.None)
    {
        Host.MightSleep("mount");
        await superBlock.Umount.AcquireWrite();
        if (superBlock.Root.Value != null)
        {
            await superBlock.Umount.ReleaseWrite();
            return Errno.EBUSY;
        }

        if ((options & ~inodes.FileSystem.MountOptions) != 0)
        {
            await superBlock.Umount.ReleaseWrite();
            return Errno.EINVAL;
        }

        Host.Counters.Mounts++;
        superBlock.IsLazyTime.Value = (options & MountOptions.LazyTime) != 0;
        superBlock.UsesInlineCrypt.Value = (options & MountOptions.InlineCrypt) != 0;
        await superBlock.Active.WriteRacy(true);
        var root = await inodes.FileSystem.ReadRoot();
        superBlock.Root.Value = await dentries.MakeRoot(root);
        await superBlock.Umount.ReleaseWrite();
        await Lock.Acquire();
        IsMounted.Value = true;
        await Lock.Release();
        return Errno.OK;
    }

    /// <summary>umount: an open file makes it busy; what is only cached goes.</summary>
    [KernelSource("fs/namespace.c", "do_umount", Omits = "MNT_DETACH, MNT_FORCE, mounts below it, propagation")]
    public async KTask<Errno> Umount()
    {
        Host.MightSleep("umount");
        await Lock.Acquire();
        var error = !IsMounted.Value ? Errno.EINVAL : Users.Value > 0 ? Errno.EBUSY : Errno.OK;
        if (error == Errno.OK)
            IsMounted.Value = false;                               // from here on no path leads to it
        await Lock.Release();
        if (error != Errno.OK)
            return error;
        await superBlock.Umount.AcquireWrite();                    // deactivate_super
        await Shutdown();
        await superBlock.Umount.ReleaseWrite();
        return Errno.OK;
    }

    /// <summary>With s_umount held exclusively: no shrinker gets in, and nobody is inside sync.</summary>
    [KernelSource("fs/super.c", "generic_shutdown_super", Omits = "watches; security modules; works of ->s_dio_done_wq")]
    private async KTask Shutdown()
    {
        await dentries.ShrinkForUmount();
        await writeback.SyncFileSystem(superBlock);                // nobody looks at the error
        await superBlock.Active.WriteRacy(false);
        await switches.Wait();
        await inodes.EvictAll(superBlock);
        await inodes.FileSystem.PutSuper();
        if (superBlock.Inodes.First is { } busy)
            Host.Report(new Finding("busy-at-umount", $"{busy.Name} is in use after the file system was unmounted") { Object = busy });
    }
}
