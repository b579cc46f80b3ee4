using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// Names that go, and second names. What matters is where the last reference of the victim is put: unlink puts it after the
// directory's i_rwsem, rmdir and rename inside.
public sealed partial class PathLookup
{
    /// <summary>Takes a file's name away. The file goes with its last name and its last user.</summary>
    [KernelSource("fs/namei.c", "do_unlinkat", Omits = "mnt_want_write; delegations")]
    public async KTask<Errno> Unlink(int[] path, int user)
    {
        if (path.Length == 0)
            return Errno.EISDIR;
        var (error, parent) = await WalkToParent(path);
        if (error != Errno.OK)
            return error;
        var directory = parent!.Inode.Value!;
        await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        (error, var dentry) = await LookupPresent(parent, directory, path[^1]);
        Inode? victim = null;
        if (error == Errno.OK)
        {
            victim = dentry!.Inode.Value!;
            await victim.Count.Increment();                        // ihold
            error = await UnlinkLocked(directory, dentry, user);
            await dentries.Dput(dentry);
        }

        await directory.Rwsem.ReleaseWrite();
        if (victim != null)
            await inodes.Iput(victim);                             // evicts, if nobody has it open: no lock is held
        await dentries.Dput(parent);
        return error;
    }

    /// <summary>Removes an empty directory.</summary>
    [KernelSource("fs/namei.c", "do_rmdir", Omits = "mnt_want_write")]
    public async KTask<Errno> RemoveDirectory(int[] path, int user)
    {
        if (path.Length == 0)
            return Errno.EINVAL;                                   // "."
        var (error, parent) = await WalkToParent(path);
        if (error != Errno.OK)
            return error;
        var directory = parent!.Inode.Value!;
        await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        (error, var dentry) = await LookupPresent(parent, directory, path[^1]);
        if (error == Errno.OK)
        {
            error = await RemoveLocked(directory, dentry!, user);
            await dentries.Dput(dentry!);
        }

        await directory.Rwsem.ReleaseWrite();
        await dentries.Dput(parent);
        return error;
    }

    /// <summary>Gives a file a second name.</summary>
    [KernelSource("fs/namei.c", "do_linkat", Omits = "mnt_want_write; protected_hardlinks; O_TMPFILE")]
    public async KTask<Errno> Link(int[] oldPath, int[] path, int user)
    {
        var (error, old) = await Walk(oldPath);
        if (error != Errno.OK)
            return error;
        (error, var parent) = await WalkToParent(path);
        if (error == Errno.OK)
        {
            var directory = parent!.Inode.Value!;
            await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
            (error, var dentry) = await LookupLocked(parent, directory, path[^1]);
            if (error == Errno.OK)
            {
                error = await LinkLocked(old!, directory, dentry!, user);
                await dentries.Dput(dentry!);
            }

            await directory.Rwsem.ReleaseWrite();
            await dentries.Dput(parent);
        }

        await dentries.Dput(old!);
        return error;
    }

    [KernelSource("fs/namei.c", "vfs_unlink", Omits = "mount points; delegations; swap files")]
    private async KTask<Errno> UnlinkLocked(Inode directory, Dentry dentry, int user)
    {
        var error = MayDelete(directory, dentry, user, isDirectory: false);
        if (error != Errno.OK)
            return error;
        var victim = dentry.Inode.Value!;
        await victim.Rwsem.AcquireWrite();
        error = await inodes.FileSystem.Unlink(directory, dentry);
        await victim.Rwsem.ReleaseWrite();
        if (error == Errno.OK)
            await DeleteAndNotify(dentry);
        return error;
    }

    [KernelSource("fs/namei.c", "vfs_rmdir", Omits = "mount points")]
    private async KTask<Errno> RemoveLocked(Inode directory, Dentry dentry, int user)
    {
        var error = MayDelete(directory, dentry, user, isDirectory: true);
        if (error != Errno.OK)
            return error;
        var victim = dentry.Inode.Value!;
        await DentryCache.Dget(dentry);
        await victim.Rwsem.AcquireWrite();
        error = await inodes.FileSystem.RemoveDirectory(directory, dentry);
        if (error == Errno.OK)
            await dentries.ShrinkParent(dentry);                   // S_DEAD comes with the link count here

        await victim.Rwsem.ReleaseWrite();
        await dentries.Dput(dentry);
        if (error == Errno.OK)
            await DeleteAndNotify(dentry);                         // the last put is in there: the parent's i_rwsem is held
        return error;
    }

    [KernelSource("fs/namei.c", "vfs_link", Omits = "append-only files; EMLINK; delegations")]
    private async KTask<Errno> LinkLocked(Dentry old, Inode directory, Dentry dentry, int user)
    {
        if (dentry.Inode.Value != null)
            return Errno.EEXIST;                                   // filename_create
        var inode = old.Inode.Value!;
        var error = Permission(directory, user, MayChange);
        if (error != Errno.OK)
            return error;
        if (inode.IsDirectory.Value)
            return Errno.EPERM;
        await inode.Rwsem.AcquireWrite();
        error = inode.Nlink.Value == 0 ? Errno.ENOENT : await inodes.FileSystem.Link(old, directory, dentry);
        await inode.Rwsem.ReleaseWrite();
        return error;
    }

    [KernelSource("include/linux/fsnotify.h", "d_delete_notify", Omits = "watchers; before 5.17 there is only d_delete")]
    private async KTask DeleteAndNotify(Dentry dentry)
    {
        if (!Change.DeletesNotifyLast.IsIn(release))
        {
            await dentries.Delete(dentry);
            return;
        }

        var inode = dentry.Inode.Value!;
        await inode.Count.Increment();                             // ihold
        await dentries.Delete(dentry);
        await inodes.Iput(inode);
    }

    /// <summary>Whether what a name stands for may be deleted: the directory may be written, and it is what it should be.</summary>
    [KernelSource("fs/namei.c", "may_delete", Omits = "sticky directories; append-only and immutable files")]
    private static Errno MayDelete(Inode directory, Dentry dentry, int user, bool isDirectory)
    {
        var error = Permission(directory, user, MayChange);
        if (error != Errno.OK)
            return error;
        if (dentry.Inode.Value!.IsDirectory.Value != isDirectory)
            return isDirectory ? Errno.ENOTDIR : Errno.EISDIR;
        return directory.IsDead ? Errno.ENOENT : Errno.OK;
    }

    // The directory's i_rwsem is held exclusively: what is positive stays so.
    private async KTask<(Errno Error, Dentry? Dentry)> LookupPresent(Dentry parent, Inode directory, int name)
    {
        var (error, dentry) = await LookupLocked(parent, directory, name);
        if (error != Errno.OK || dentry!.Inode.Value != null)
            return (error, dentry);
        await dentries.Dput(dentry);
        return (Errno.ENOENT, null);
    }
}
