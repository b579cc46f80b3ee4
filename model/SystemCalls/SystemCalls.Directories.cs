using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// What directories show, where processes are, and what is made that is neither file nor directory.
public sealed partial class SystemCalls
{
    /// <summary>getdents, to the end: all names, sorted, as one text.</summary>
    [KernelSource("fs/readdir.c", "iterate_dir")]
    public async KTask<(Errno Error, int Names)> ReadDirectory(OpenFile file)
    {
        if (Has(file, OpenFlags.Path))
            return (Errno.EBADF, 0);
        var inode = file.Dentry.Value!.Inode.Value!;
        if (!inode.IsDirectory)
            return (Errno.ENOTDIR, 0);
        await inode.Rwsem.AcquireRead();
        var (error, names) = (Errno.ENOENT, 0);
        if (!inode.IsDead)
            (error, names) = await fileSystem.ReadDirectory(inode);
        await inode.Rwsem.ReleaseRead();
        return (error, names);
    }

    /// <summary>readlink of /proc/self/fd/N: where the file is, or was when it lost its name, as a text.</summary>
    [KernelSource("fs/d_path.c", "d_path", Omits = "rename_lock: a path that changes meanwhile is read once, and not once more")]
    public async KTask<int> PathOf(OpenFile file)
    {
        var (disk, dentry) = (superBlock.Disk, file.Dentry.Value!);
        await superBlock.Host.Rcu.ReadLock();
        var isDeleted = !await dentry.HashLink.IsHashedRacy() && dentry.Parent.Racy != null;
        var path = disk.Text(isDeleted ? " (deleted)" : dentry.Parent.Racy == null ? "/" : "");
        for (var at = dentry; at.Parent.Racy is { } parent; at = parent)
        {
            var hasNoKey = DentryCache.Has(await at.Flags.ReadRacy(), DentryFlags.NoKeyName);
            path = disk.Below(at.FileName.Racy, hasNoKey ? at.Inode.Racy?.OnDisk : null, path);
        }

        await superBlock.Host.Rcu.ReadUnlock();
        return path;
    }

    /// <summary>chdir: the directory is pinned, and stays so until the process goes elsewhere.</summary>
    /// <param name="directory">The process's.</param>
    /// <param name="path">Where to.</param>
    /// <param name="user">Who.</param>
    [KernelSource("fs/open.c", "chdir")]
    public async KTask<Errno> ChangeDirectory(WorkingDirectory directory, PathName path, int user)
    {
        var (error, dentry) = await WalkMounted(path, directory: true);
        if (error != Errno.OK)
            return error;
        error = PathLookup.Permission(dentry!.Inode.Value!, user, PathLookup.MayExecute);
        if (error == Errno.OK)
            dentry = await directory.Set(dentry);
        if (dentry != null)
            await PutMounted(dentry);
        return error;
    }

    /// <summary>chdir to the root of all, outside of this mount: nothing here is pinned by the process any more.</summary>
    public async KTask<Errno> LeaveDirectory(WorkingDirectory directory)
    {
        if (await directory.Set(null) is { } old)
            await PutMounted(old);
        return Errno.OK;
    }

    /// <summary>symlink.</summary>
    /// <param name="target">What it leads to, a number of <see cref="Disk.TextOf"/>.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="user">Who.</param>
    public async KTask<Errno> Symlink(int target, PathName path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.MakeSymlink(target, path, user)) : Errno.ENOENT;

    /// <summary>mknod of a device that has no driver.</summary>
    public async KTask<Errno> Mknod(PathName path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.MakeSpecial(path, user)) : Errno.ENOENT;

    private static bool Has(OpenFile file, OpenFlags flag) => (file.Flags.Value & flag) != 0;
}
