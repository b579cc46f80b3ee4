using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// From a path to a file.
public sealed partial class SystemCalls
{
    /// <summary>open.</summary>
    [KernelSource("fs/open.c", "do_sys_openat2", Omits = "descriptors: the caller keeps the file itself")]
    public async KTask<(Errno Error, OpenFile? File)> Open(PathName path, OpenFlags flags = OpenFlags.ReadWrite, int user = 0)
    {
        if (!await mounts.Get())
            return (Errno.ENOENT, null);
        var (error, file) = await OpenMounted(path, flags, user);
        if (error != Errno.OK)
            await mounts.Put();                                    // otherwise the file keeps the mount
        return (error, file);
    }

    [KernelSource("fs/namei.c", "path_openat")]
    private async KTask<(Errno Error, OpenFile? File)> OpenMounted(PathName path, OpenFlags flags, int user)
    {
        const OpenFlags PlaceOnly = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;
        const OpenFlags NewDirectory = OpenFlags.Create | OpenFlags.Directory;
        if ((flags & OpenFlags.Path) != 0)
            flags &= PlaceOnly;                                    // build_open_flags: the others are ignored
        if ((flags & NewDirectory) == NewDirectory && writeback.Has(Change.NoNewDirectoriesByOpen))
            return (Errno.EINVAL, null);
        if ((flags & OpenFlags.Temporary) != 0)
            return await OpenTemporary(path, flags, user);
        Errno error;
        Dentry? dentry;
        var (created, follow) = (false, (flags & OpenFlags.NoFollow) == 0);
        if ((flags & OpenFlags.Create) != 0)
            (error, dentry, created) = await paths.Create(path, (flags & OpenFlags.Exclusive) != 0, follow, user);
        else
            (error, dentry) = await paths.Walk(path, follow);
        if (error != Errno.OK)
            return (error, null);

        if ((flags & OpenFlags.Directory) != 0 && !dentry!.Inode.Value!.IsDirectory)
            return await PutAfter(Errno.ENOTDIR, dentry);
        if ((flags & OpenFlags.Path) != 0)
            return (Errno.OK, FileOf(dentry!, OpenFlags.Path));
        if (!created)
            error = MayOpen(dentry!.Inode.Value!, flags, user);    // who makes a file may open it
        return error == Errno.OK ? await OpenDentry(dentry!, flags, created) : await PutAfter(error, dentry!);
    }

    /// <summary>open with O_TMPFILE: a file that has no name until <see cref="Link(OpenFile, PathName, int)"/> gives it one.</summary>
    [KernelSource("fs/namei.c", "do_tmpfile")]
    private async KTask<(Errno Error, OpenFile? File)> OpenTemporary(PathName path, OpenFlags flags, int user)
    {
        if ((flags & OpenFlags.Write) == 0)
            return (Errno.EINVAL, null);
        var (error, dentry) = await paths.Temporary(path, user);
        if (error != Errno.OK)
            return (error, null);
        var file = await FileFor(dentry!, flags);                  // the directory's mode was asked, the file's own is not
        await PathLookup.MakeLinkable(dentry!.Inode.Value!);
        return (Errno.OK, file);
    }

    [KernelSource("fs/namei.c", "may_open", Omits = "append-only files")]
    private static Errno MayOpen(Inode inode, OpenFlags flags, int user)
    {
        if (inode.Type.Value == FileType.Symlink)
            return Errno.ELOOP;
        if ((flags & (OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate)) != 0 && inode.IsDirectory)
            return Errno.EISDIR;
        var mask = ((flags & OpenFlags.Read) != 0 ? PathLookup.MayRead : 0) | ((flags & (OpenFlags.Write | OpenFlags.Truncate)) != 0 ? PathLookup.MayWrite : 0);
        return PathLookup.Permission(inode, user, mask);
    }

    /// <summary>Asks the file system, and makes the file that takes over the reference on the dentry.</summary>
    [KernelSource("fs/open.c", "do_dentry_open")]
    private async KTask<(Errno Error, OpenFile? File)> OpenDentry(Dentry dentry, OpenFlags flags, bool created)
    {
        var error = await fileSystem.OpenFile(dentry);
        if (error != Errno.OK)
            return await PutAfter(error, dentry);
        if ((flags & OpenFlags.Truncate) != 0 && !created && dentry.Inode.Value!.Type.Value == FileType.File)
            error = await Truncate(dentry.Inode.Value!, 0);        // handle_truncate
        if (error != Errno.OK)
            return await PutAfter(error, dentry);
        return (Errno.OK, await FileFor(dentry, flags));
    }

    private async KTask<OpenFile> FileFor(Dentry dentry, OpenFlags flags)
    {
        var file = FileOf(dentry, flags);
        if (superBlock.WriteFault.IsPossible)
        {
            file.WriteErrors.Value = ErrorSequence.Sample(await dentry.Inode.Value!.OnDisk.WriteErrors.Read());
            file.SuperErrors.Value = ErrorSequence.Sample(await superBlock.WriteErrors.Read());
        }

        return file;
    }

    private OpenFile FileOf(Dentry dentry, OpenFlags flags)
    {
        var file = files.Allocate();
        file.Dentry.Value = dentry;
        file.Flags.Value = flags;
        file.Count.Initialize(1);
        file.HasLock.Value = false;
        return file;
    }

    private async KTask<(Errno Error, OpenFile? File)> PutAfter(Errno error, Dentry dentry)
    {
        await dentries.Dput(dentry);
        return (error, null);
    }
}

/// <summary>The flags of open, as far as they matter here.</summary>
[Flags]
public enum OpenFlags
{
    /// <summary>To be read: O_RDONLY, or half of O_RDWR.</summary>
    Read = 1 << 0,

    /// <summary>To be written: O_WRONLY, or half of O_RDWR.</summary>
    Write = 1 << 1,

    /// <summary>O_RDWR.</summary>
    ReadWrite = Read | Write,

    /// <summary>O_APPEND: every write goes to the end.</summary>
    Append = 1 << 2,

    /// <summary>O_CREAT: made if it is not there.</summary>
    Create = 1 << 3,

    /// <summary>O_EXCL: must be made.</summary>
    Exclusive = 1 << 4,

    /// <summary>O_TRUNC: loses what is in it.</summary>
    Truncate = 1 << 5,

    /// <summary>O_DIRECTORY: must be a directory.</summary>
    Directory = 1 << 6,

    /// <summary>O_PATH: a place in the tree, that nothing can be read from.</summary>
    Path = 1 << 7,

    /// <summary>O_NOFOLLOW: not what a symlink leads to.</summary>
    NoFollow = 1 << 8,

    /// <summary>O_TMPFILE: a new file in a directory, without a name.</summary>
    Temporary = 1 << 9,
}
