using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// From a path to something new: the directory's i_rwsem is held from the look-up of the last name to the end of the creation.
public sealed partial class PathLookup
{
    /// <summary>Finds or makes a file: open with O_CREAT, up to may_open. With O_EXCL it must be made.</summary>
    /// <returns>Its dentry with a reference and whether it is new, or the error.</returns>
    [KernelSource("fs/namei.c", "open_last_lookups", Omits = "mnt_want_write: the mount is writable, and never frozen")]
    public async KTask<(Errno Error, Dentry? Dentry, bool Created)> Create(int[] path, bool exclusive, int user)
    {
        var (error, parent) = await WalkToParent(path);
        if (error != Errno.OK)
            return (path.Length == 0 && !exclusive ? Errno.EISDIR : error, null, false);
        if (!exclusive && Change.CreatingOpensLookFirst.IsIn(release))
        {
            // lookup_fast_for_open: a negative dentry will not do, since it may become positive until i_rwsem is held.
            (error, var cached) = await LookupFast(parent!, path[^1]);
            if (error != Errno.OK || (cached != null && await DentryCache.IsPositive(cached)))
            {
                await dentries.Dput(parent!);
                return (error, cached, false);
            }

            if (cached != null)
                await dentries.Dput(cached);
        }

        (error, var dentry, var created) = await CreateIn(parent!, path[^1], isDirectory: false, exclusive, user);
        await dentries.Dput(parent!);
        return (error, dentry, created);
    }

    /// <summary>Makes a directory.</summary>
    [KernelSource("fs/namei.c", "do_mkdirat", Omits = "mnt_want_write: the mount is writable, and never frozen")]
    public async KTask<Errno> MakeDirectory(int[] path, int user)
    {
        var (error, parent) = await WalkToParent(path);
        if (error != Errno.OK)
            return error;
        (error, var dentry, _) = await CreateIn(parent!, path[^1], isDirectory: true, exclusive: true, user);
        if (dentry != null)
            await dentries.Dput(dentry);
        await dentries.Dput(parent!);
        return error;
    }

    /// <summary>Whether a user may do something with an inode: the bits of its owner, or of all others.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="user">The user; 0 is root, who may do everything.</param>
    /// <param name="mask">MAY_READ, MAY_WRITE, MAY_EXEC.</param>
    [KernelSource("fs/namei.c", "inode_permission", Omits = "groups, access control lists, capabilities apart from root")]
    public static Errno Permission(Inode inode, int user, int mask)
    {
        var disk = inode.OnDisk;
        var granted = user == disk.Owner ? disk.Mode >> 6 : disk.Mode;
        return user == 0 || (granted & mask) == mask ? Errno.OK : Errno.EACCES;
    }

    /// <summary>MAY_WRITE.</summary>
    public const int MayWrite = 2;

    /// <summary>MAY_READ.</summary>
    public const int MayRead = 4;

    private const int MayExecute = 1;
    private const int MayChange = MayWrite | MayExecute;

    [KernelSource("fs/namei.c", "filename_parentat")]
    private async KTask<(Errno Error, Dentry? Parent)> WalkToParent(int[] path)
    {
        if (path.Length == 0)
            return (Errno.EEXIST, null);                           // the root
        var (error, parent) = await Walk(path, path.Length - 1);
        if (error == Errno.OK && !parent!.Inode.Value!.IsDirectory.Value)
        {
            await dentries.Dput(parent);
            return (Errno.ENOTDIR, null);
        }

        return (error, parent);
    }

    // lookup_open, or filename_create and vfs_mkdir: in both a name that exists is an answer before any permission is asked.
    private async KTask<(Errno Error, Dentry? Dentry, bool Created)> CreateIn(
        Dentry parent, int name, bool isDirectory, bool exclusive, int user)
    {
        var directory = parent.Inode.Value!;
        if (isDirectory)
            await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        else
            await directory.Rwsem.AcquireWrite();
        var (error, dentry) = isDirectory
            ? await LookupLocked(parent, directory, name)
            : await LookupParallel(parent, directory, name);
        var created = false;
        if (error == Errno.OK && dentry!.Inode.Value != null)
        {
            error = exclusive ? Errno.EEXIST : Errno.OK;
        }
        else if (error == Errno.OK)
        {
            error = Permission(directory, user, MayChange);
            if (error == Errno.OK && isDirectory)
                error = await inodes.FileSystem.MakeDirectory(directory, dentry!, user);
            else if (error == Errno.OK)
                error = await inodes.FileSystem.Create(directory, dentry!, user);
            created = error == Errno.OK;
        }

        if (error != Errno.OK && dentry != null)
        {
            await dentries.Dput(dentry);
            dentry = null;
        }

        await directory.Rwsem.ReleaseWrite();
        return (error, dentry, created);
    }
}
