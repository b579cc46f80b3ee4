using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// From a path to something new: the directory's i_rwsem is held from the look-up of the last name to the end of the creation.
public sealed partial class PathLookup
{
    /// <summary>Finds or makes a file: open with O_CREAT, up to may_open. With O_EXCL it must be made.</summary>
    /// <param name="path">The path.</param>
    /// <param name="exclusive">O_EXCL.</param>
    /// <param name="follow">Not O_NOFOLLOW: what a symlink that ends the path leads to is opened, or made.</param>
    /// <param name="user">Who.</param>
    /// <returns>Its dentry with a reference and whether it is new, or the error.</returns>
    [KernelSource("fs/namei.c", "open_last_lookups", Omits = "mnt_want_write: the mount is writable, and never frozen")]
    public async KTask<(Errno Error, Dentry? Dentry, bool Created)> Create(PathName path, bool exclusive, bool follow, int user)
    {
        var (error, walk) = await Walk(path, LookupFlags.Parent | (follow && !exclusive ? LookupFlags.Follow : 0));
        while (error == Errno.OK)
        {
            if (!PathName.IsName(walk.Name))
                return (await Terminate(walk, exclusive ? Errno.EEXIST : Errno.EISDIR), null, false);
            if (walk.EndsInSlash)
                return (await Terminate(walk, Errno.EISDIR), null, false);
            (error, var dentry, var created) = await FindOrCreate(walk, exclusive, user);
            if (error != Errno.OK)
                return (await Terminate(walk, error), null, false);
            if (created)
            {
                await Terminate(walk, Errno.OK);
                return (Errno.OK, dentry, true);
            }

            (error, walk) = await StepInto(walk, dentry!);
            if (error == Errno.OK && walk.Link == null)
                return (error, walk.At, false);
            if (error == Errno.OK)
                (error, walk) = await WalkOn(walk, known: null, isMissed: false);
        }

        return (error, null, false);
    }

    /// <summary>A file without a name: open with O_TMPFILE, up to its opening.</summary>
    /// <param name="path">The directory whose policy it gets, and whose file system.</param>
    /// <param name="user">Whose it will be.</param>
    /// <returns>A dentry that cannot be found, with a reference, or the error.</returns>
    [KernelSource("fs/namei.c", "vfs_tmpfile", Omits = "mnt_want_write; O_EXCL, which keeps a name from it for ever")]
    public async KTask<(Errno Error, Dentry? Dentry)> Temporary(PathName path, int user)
    {
        var (error, parent) = await Walk(path, directory: true);
        if (error != Errno.OK)
            return (error, null);
        var directory = parent!.Inode.Value!;
        error = Permission(directory, user, MayChange);
        Dentry? dentry = null;
        if (error == Errno.OK && await superBlock.DentryFault.Happens())
            error = Errno.ENOMEM;
        if (error == Errno.OK)
        {
            dentry = await dentries.Allocate(parent, 0);           // the directory's i_rwsem is not held
            error = await inodes.FileSystem.MakeTemporary(directory, dentry, user);
        }

        if (error != Errno.OK && dentry != null)
            await dentries.Dput(dentry);
        await dentries.Dput(parent);
        return error == Errno.OK ? (error, dentry) : (error, null);
    }

    /// <summary>A file of O_TMPFILE was opened: from now on it may get a name.</summary>
    [KernelSource("fs/namei.c", "vfs_tmpfile", Omits = "all but the end of it: I_LINKABLE")]
    public static async KTask MakeLinkable(Inode inode)
    {
        await inode.Lock.Acquire();
        await inode.State.Set(inode.State.Value | InodeState.Linkable);
        await inode.Lock.Release();
    }

    /// <summary>Makes a directory.</summary>
    [KernelSource("fs/namei.c", "do_mkdirat", Omits = "mnt_want_write: the mount is writable, and never frozen")]
    public KTask<Errno> MakeDirectory(PathName path, int user) => Make(path, FileType.Directory, target: 0, user);

    /// <summary>Makes a symlink.</summary>
    /// <param name="target">What it leads to, a number of <see cref="Disk.TextOf"/>.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="user">Who.</param>
    [KernelSource("fs/namei.c", "do_symlinkat", Omits = "mnt_want_write")]
    public KTask<Errno> MakeSymlink(int target, PathName path, int user)
        => superBlock.Disk.TextOf(target).Length switch
        {
            0 => new KTask<Errno>(Errno.ENOENT),
            >= PathMax => new KTask<Errno>(Errno.ENAMETOOLONG),
            _ => Make(path, FileType.Symlink, target, user),
        };

    /// <summary>Makes a device that has no driver: number 0 of 0, which everybody may make.</summary>
    [KernelSource("fs/namei.c", "do_mknodat", Omits = "pipes, sockets, other devices, for which capabilities are asked; mnt_want_write")]
    public KTask<Errno> MakeSpecial(PathName path, int user) => Make(path, FileType.Special, target: 0, user);

    /// <summary>Whether a user may do something with an inode: the bits of its owner, or of all others.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="user">The user; 0 is root, who may do everything.</param>
    /// <param name="mask">MAY_READ, MAY_WRITE, MAY_EXEC.</param>
    [KernelSource("fs/namei.c", "inode_permission", Omits = "groups, access control lists, capabilities apart from root")]
    public static Errno Permission(Inode inode, int user, int mask) => Permission(inode.OnDisk, user, mask);

    /// <summary>The same of an inode that is on the disk, cached or not.</summary>
    internal static Errno Permission(DiskInode disk, int user, int mask)
    {
        var granted = user == disk.Owner ? disk.Mode >> 6 : disk.Mode;
        return user == 0 || (granted & mask) == mask ? Errno.OK : Errno.EACCES;
    }

    /// <summary>MAY_WRITE.</summary>
    public const int MayWrite = 2;

    /// <summary>MAY_READ.</summary>
    public const int MayRead = 4;

    /// <summary>MAY_EXEC, which for a directory is to search it.</summary>
    public const int MayExecute = 1;

    private const int MayChange = MayWrite | MayExecute;

    // PATH_MAX, the byte at the end included.
    private const int PathMax = 4_096;

    /// <summary>Walks to the directory of the last name.</summary>
    /// <returns>The directory with a reference, the name, or what it is instead, and whether a slash follows it.</returns>
    [KernelSource("fs/namei.c", "filename_parentat")]
    private async KTask<(Errno Error, Dentry? Parent, int Name, bool EndsInSlash)> WalkToParent(PathName path)
    {
        var (error, walk) = await Walk(path, LookupFlags.Parent);
        return error == Errno.OK ? (error, walk.At, walk.Name, walk.EndsInSlash) : (error, null, 0, false);
    }

    // Finds the file of the last name, or makes it.
    private async KTask<(Errno Error, Dentry? Dentry, bool Created)> FindOrCreate(NameData walk, bool exclusive, int user)
    {
        if (!exclusive && Change.CreatingOpensLookFirst.IsIn(release))
        {
            // lookup_fast_for_open: a negative dentry will not do, since it may become positive until i_rwsem is held.
            var (error, cached) = await LookupFast(walk.At, walk.Name);
            if (error != Errno.OK || (cached != null && await DentryCache.IsPositive(cached)))
                return (error, cached, false);
            if (cached != null)
                await dentries.Dput(cached);
        }

        return await CreateIn(walk.At, walk.Name, FileType.File, target: 0, exclusive, user);
    }

    /// <summary>Makes something else than a file.</summary>
    [KernelSource("fs/namei.c", "filename_create")]
    private async KTask<Errno> Make(PathName path, FileType type, int target, int user)
    {
        var (error, parent, name, slash) = await WalkToParent(path);
        if (error != Errno.OK)
            return error;
        Dentry? dentry = null;
        if (!PathName.IsName(name))
            error = Errno.EEXIST;
        else if (slash && type != FileType.Directory)
            error = await Refuse(parent!, name);
        else
            (error, dentry, _) = await CreateIn(parent!, name, type, target, exclusive: true, user);
        if (dentry != null)
            await dentries.Dput(dentry);
        await dentries.Dput(parent!);
        return error;
    }

    // Only a directory is made of a name with a slash behind it; for the rest it is looked up, and that is all.
    private async KTask<Errno> Refuse(Dentry parent, int name)
    {
        var directory = parent.Inode.Value!;
        await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        var (error, dentry) = await LookupLocked(parent, directory, name);
        if (error == Errno.OK)
        {
            error = dentry!.Inode.Value != null ? Errno.EEXIST : Errno.ENOENT;
            await dentries.Dput(dentry);
        }

        await directory.Rwsem.ReleaseWrite();
        return error;
    }

    // lookup_open, or filename_create and vfs_mkdir, vfs_symlink, vfs_mknod: in all a name that exists is an answer before any
    // permission is asked.
    private async KTask<(Errno Error, Dentry? Dentry, bool Created)> CreateIn(
        Dentry parent, int name, FileType type, int target, bool exclusive, int user)
    {
        var directory = parent.Inode.Value!;
        if (type != FileType.File)
            await directory.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        else
            await directory.Rwsem.AcquireWrite();
        var (error, dentry) = type != FileType.File
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
            if (error == Errno.OK)
                error = await Make(directory, dentry!, type, target, user);
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

    private KTask<Errno> Make(Inode directory, Dentry dentry, FileType type, int target, int user) => type switch
    {
        FileType.Directory => inodes.FileSystem.MakeDirectory(directory, dentry, user),
        FileType.Symlink => inodes.FileSystem.MakeSymlink(directory, dentry, target, user),
        FileType.Special => inodes.FileSystem.MakeSpecial(directory, dentry, user),
        _ => inodes.FileSystem.Create(directory, dentry, user),
    };
}
