using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// What files have apart from names and data.
public sealed partial class SystemCalls
{
    /// <summary>statx of a path, the last part of which is not followed.</summary>
    public async KTask<(Errno Error, FileStatus Status)> Stat(PathName path)
    {
        var (error, dentry) = await WalkMounted(path, follow: false);
        if (error != Errno.OK)
            return (error, default);
        var answer = await StatusOf(dentry!.Inode.Value!);
        await PutMounted(dentry);
        return answer;
    }

    /// <summary>fstat; of a descriptor of O_PATH too.</summary>
    public KTask<(Errno Error, FileStatus Status)> Stat(OpenFile file) => StatusOf(file.Dentry.Value!.Inode.Value!);

    /// <summary>readlink: what a symlink leads to; EINVAL if it is none.</summary>
    [KernelSource("fs/stat.c", "do_readlinkat")]
    public async KTask<(Errno Error, int Text)> ReadLink(PathName path)
    {
        var (error, dentry) = await WalkMounted(path, follow: false);
        if (error != Errno.OK)
            return (error, 0);
        var inode = dentry!.Inode.Value!;
        var answer = (Errno.EINVAL, 0);
        if (inode.Type.Value == FileType.Symlink)
            answer = await paths.ReadLink(inode);
        await PutMounted(dentry);
        return answer;
    }

    /// <summary>statfs: whether there is such a file.</summary>
    public async KTask<Errno> StatFs(PathName path)
    {
        var (error, dentry) = await WalkMounted(path);
        if (error == Errno.OK)
            await PutMounted(dentry!);
        return error;
    }

    /// <summary>chmod.</summary>
    /// <param name="path">Whose.</param>
    /// <param name="mode">Nine bits of permission.</param>
    /// <param name="user">Who asks: the owner, or who has CAP_FOWNER.</param>
    [KernelSource("fs/open.c", "chmod_common")]
    public async KTask<Errno> ChangeMode(PathName path, int mode, int user)
    {
        var (error, dentry) = await WalkMounted(path);
        if (error != Errno.OK)
            return error;
        var inode = dentry!.Inode.Value!;
        await inode.Rwsem.AcquireWrite();
        if (user == inode.OnDisk.Owner || users.Has(user, Capabilities.Fowner))
        {
            await fileSystem.SetAttributes(inode);
            inode.OnDisk.SetMode(mode);
        }
        else
        {
            error = Errno.EPERM;
        }

        await inode.Rwsem.ReleaseWrite();
        await PutMounted(dentry);
        return error;
    }

    /// <summary>chown.</summary>
    /// <param name="path">Whose.</param>
    /// <param name="owner">The new owner.</param>
    /// <param name="user">Who asks: root, or the owner if nothing changes.</param>
    [KernelSource("fs/open.c", "chown_common", Omits = "groups")]
    public async KTask<Errno> ChangeOwner(PathName path, int owner, int user)
    {
        var (error, dentry) = await WalkMounted(path);
        if (error != Errno.OK)
            return error;
        var inode = dentry!.Inode.Value!;
        await inode.Rwsem.AcquireWrite();
        if (user == 0 || (user == inode.OnDisk.Owner && user == owner))
        {
            await fileSystem.SetAttributes(inode);
            inode.OnDisk.SetOwner(owner);
        }
        else
        {
            error = Errno.EPERM;
        }

        await inode.Rwsem.ReleaseWrite();
        await PutMounted(dentry);
        return error;
    }

    /// <summary>setxattr of an attribute of its users, with a value that fits into the inode or not.</summary>
    [KernelSource("fs/xattr.c", "vfs_setxattr", Omits = "names and values")]
    public async KTask<Errno> SetAttribute(PathName path, bool isLarge, int user)
    {
        var (error, dentry) = await WalkMounted(path);
        if (error != Errno.OK)
            return error;
        var inode = dentry!.Inode.Value!;
        await inode.Rwsem.AcquireWrite();
        error = inode.Type.Value == FileType.Special ? Errno.EPERM : PathLookup.Permission(inode, user, PathLookup.MayWrite);
        if (error == Errno.OK)
            error = await fileSystem.SetExtendedAttribute(inode, isLarge, user);
        await inode.Rwsem.ReleaseWrite();
        await PutMounted(dentry);
        return error;
    }

    /// <summary>getxattr of the same.</summary>
    [KernelSource("fs/xattr.c", "vfs_getxattr")]
    public async KTask<Errno> GetAttribute(PathName path, int user)
    {
        var (error, dentry) = await WalkMounted(path);
        if (error != Errno.OK)
            return error;
        var inode = dentry!.Inode.Value!;
        error = PathLookup.Permission(inode, user, PathLookup.MayRead);
        var read = await fileSystem.GetExtendedAttribute(inode);
        if (error == Errno.OK)
            error = read;
        await PutMounted(dentry);
        return error;
    }

    /// <summary>truncate.</summary>
    [KernelSource("fs/open.c", "vfs_truncate", Omits = "leases, locks of files")]
    public async KTask<Errno> Truncate(PathName path, int size, int user)
    {
        var (error, dentry) = await WalkMounted(path);
        if (error != Errno.OK)
            return error;
        var inode = dentry!.Inode.Value!;
        error = inode.IsDirectory ? Errno.EISDIR : inode.Type.Value == FileType.Special ? Errno.EINVAL : PathLookup.Permission(inode, user, PathLookup.MayWrite);
        if (error == Errno.OK)
            error = await Truncate(inode, size);
        await PutMounted(dentry);
        return error;
    }

    /// <summary>ftruncate: EINVAL if the file cannot be written through this descriptor.</summary>
    public async KTask<Errno> Truncate(OpenFile file, int size)
        => Has(file, OpenFlags.Path) ? Errno.EBADF : !Has(file, OpenFlags.Write) ? Errno.EINVAL
            : await Truncate(file.Dentry.Value!.Inode.Value!, size);

    [KernelSource("fs/open.c", "do_truncate", Omits = "clearing of setuid bits")]
    private async KTask<Errno> Truncate(Inode inode, int size)
    {
        await inode.Rwsem.AcquireWrite();
        var error = await fileSystem.PrepareSize(inode);
        if (error == Errno.OK)
            await pages.Truncate(inode, size);
        await inode.Rwsem.ReleaseWrite();
        return error;
    }

    [KernelSource("fs/ext4/inode.c", "ext4_getattr", Omits = "times, blocks, modes")]
    private async KTask<(Errno Error, FileStatus Status)> StatusOf(Inode inode)
    {
        var (error, size) = (Errno.OK, 0);
        if (inode.Type.Value == FileType.Symlink)
        {
            (error, size) = await fileSystem.SizeOfLink(inode);
        }
        else
        {
            var folio = await inode.Folio.ReadRacy();              // i_size
            size = superBlock.Disk.TextOf(folio.Has(FolioFlags.Uptodate) ? folio.Data : await inode.OnDisk.Data.ReadOnce()).Length;
        }

        return (error, new FileStatus(
            inode.Type.Value, inode.OnDisk.Label, superBlock.Disk.LinksOf(inode.OnDisk), size, inode.OnDisk.IsEncrypted));
    }

    private async KTask<(Errno Error, Dentry? Dentry)> WalkMounted(PathName path, bool follow = true, bool directory = false)
    {
        if (!await mounts.Get())
            return (Errno.ENOENT, null);
        var (error, dentry) = await paths.Walk(path, follow, directory);
        if (error != Errno.OK)
            await mounts.Put();
        return (error, dentry);
    }

    private async KTask PutMounted(Dentry dentry)
    {
        await dentries.Dput(dentry);
        await mounts.Put();
    }
}
