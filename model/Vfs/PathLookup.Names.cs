using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// Names that go, and second names. What matters is where the last reference of the victim is put: unlink puts it after the
// directory's i_rwsem, rmdir and rename inside.
public sealed partial class PathLookup
{
    /// <summary>Takes a file's name away. The file goes with its last name and its last user.</summary>
    [KernelSource("fs/namei.c", "do_unlinkat", Omits = "mnt_want_write; delegations")]
    public async KTask<Errno> Unlink(PathName path, int user)
    {
        var (error, parent, name, slash) = await WalkToParent(path);
        if (error != Errno.OK)
            return error;
        if (!PathName.IsName(name))
            return await PutAfter(parent!, Errno.EISDIR);
        var directory = parent!.Inode.Value!;
        await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        (error, var dentry) = await LookupPresent(parent, directory, name);
        Inode? victim = null;
        if (error == Errno.OK && slash)
        {
            error = dentry!.Inode.Value!.IsDirectory ? Errno.EISDIR : Errno.ENOTDIR;
            await dentries.Dput(dentry);
        }
        else if (error == Errno.OK)
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
    public async KTask<Errno> RemoveDirectory(PathName path, int user)
    {
        var (error, parent, name, _) = await WalkToParent(path);
        if (error != Errno.OK)
            return error;
        if (!PathName.IsName(name))
            return await PutAfter(parent!, name == PathName.DotDot ? Errno.ENOTEMPTY : Errno.EINVAL);
        var directory = parent!.Inode.Value!;
        await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        (error, var dentry) = await LookupPresent(parent, directory, name);
        if (error == Errno.OK)
        {
            error = await RemoveLocked(directory, dentry!, user);
            await dentries.Dput(dentry!);
        }

        await directory.Rwsem.ReleaseWrite();
        await dentries.Dput(parent);
        return error;
    }

    /// <summary>Gives a file a second name. A symlink is not followed: it gets one itself.</summary>
    public async KTask<Errno> Link(PathName oldPath, PathName path, int user)
    {
        var (error, old) = await Walk(oldPath, follow: false);
        return error == Errno.OK ? await Link(old!, path, user) : error;
    }

    /// <summary>The same of a file that is known already, or of one that has no name yet.</summary>
    /// <param name="old">Its dentry, whose reference is taken over.</param>
    /// <param name="path">The name.</param>
    /// <param name="user">Who.</param>
    [KernelSource("fs/namei.c", "do_linkat", Omits = "mnt_want_write; protected_hardlinks")]
    public async KTask<Errno> Link(Dentry old, PathName path, int user)
    {
        var (error, parent, name, slash) = await WalkToParent(path);
        if (error == Errno.OK)
        {
            if (!PathName.IsName(name))
                error = Errno.EEXIST;
            else if (slash)
                error = await Refuse(parent!, name);
            else
                error = await LinkIn(old, parent!, name, user);
            await dentries.Dput(parent!);
        }

        await dentries.Dput(old);
        return error;
    }

    private async KTask<Errno> LinkIn(Dentry old, Dentry parent, int name, int user)
    {
        var directory = parent.Inode.Value!;
        await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        var (error, dentry) = await LookupLocked(parent, directory, name);
        if (error == Errno.OK)
        {
            error = await LinkLocked(old, directory, dentry!, user);
            await dentries.Dput(dentry!);
        }

        await directory.Rwsem.ReleaseWrite();
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
        if (inode.IsDirectory)
            return Errno.EPERM;
        await inode.Rwsem.AcquireWrite();
        var isLinkable = await IsLinkable(inode);
        error = inode.Nlink.Value == 0 && !isLinkable ? Errno.ENOENT : await inodes.FileSystem.Link(old, directory, dentry);
        if (error == Errno.OK && isLinkable)
        {
            await inode.Lock.Acquire();
            await inode.State.Set(inode.State.Value & ~InodeState.Linkable);
            await inode.Lock.Release();
        }

        await inode.Rwsem.ReleaseWrite();
        return error;
    }

    // Whether it was made by O_TMPFILE and has never had a name: that is asked without i_lock. A file with a name is not.
    private static async KTask<bool> IsLinkable(Inode inode)
        => inode.Nlink.Value == 0 && (await inode.State.ReadRacy() & InodeState.Linkable) != 0;

    private async KTask<Errno> PutAfter(Dentry dentry, Errno error)
    {
        await dentries.Dput(dentry);
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
        if (dentry.Inode.Value!.IsDirectory != isDirectory)
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
