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
    [KernelSource("fs/d_path.c", "d_path", Omits = "the second attempt under rename_lock: the whole path is read at one point")]
    public async KTask<int> PathOf(OpenFile file)
    {
        var dentry = file.Dentry.Value!;
        await superBlock.Host.Point();
        return superBlock.Disk.PathText(dentry, isDeleted: !dentry.HashLink.Peek && !ReferenceEquals(dentry, superBlock.Root.Value));
    }

    private static bool Has(OpenFile file, OpenFlags flag) => (file.Flags.Value & flag) != 0;
}
