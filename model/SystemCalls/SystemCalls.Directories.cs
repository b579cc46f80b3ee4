using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// What directories show.
public sealed partial class SystemCalls
{
    /// <summary>getdents, to the end: all names, sorted, as one text.</summary>
    [KernelSource("fs/readdir.c", "iterate_dir")]
    public async KTask<(Errno Error, int Names)> ReadDirectory(OpenFile file)
    {
        if (Has(file, OpenFlags.Path))
            return (Errno.EBADF, 0);
        var inode = file.Dentry.Value!.Inode.Value!;
        if (!inode.IsDirectory.Value)
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

    private static bool Has(OpenFile file, OpenFlags flag) => (file.Flags.Value & flag) != 0;
}
