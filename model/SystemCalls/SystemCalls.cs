using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>What a process can do. Paths are numbers of names from the root; texts are numbers too (<see cref="Disk"/>).</summary>
public sealed class SystemCalls
{
    private readonly SuperBlock superBlock;
    private readonly PathLookup paths;
    private readonly DentryCache dentries;
    private readonly PageCache pages;
    private readonly Writeback writeback;
    private readonly IFileSystem fileSystem;
    private readonly MasterKeyring keyring;
    private readonly Policies policies;
    private readonly Slab<OpenFile> files;

    internal SystemCalls(
        KernelHost host, SuperBlock superBlock, PathLookup paths, DentryCache dentries, PageCache pages, Writeback writeback,
        IFileSystem fileSystem, MasterKeyring keyring)
    {
        this.superBlock = superBlock;
        this.paths = paths;
        this.dentries = dentries;
        this.pages = pages;
        this.writeback = writeback;
        this.fileSystem = fileSystem;
        this.keyring = keyring;
        policies = new Policies(host, fileSystem, keyring);
        files = new Slab<OpenFile>(host, h => new OpenFile(h));
    }

    /// <summary>All files of this execution, closed ones included.</summary>
    public ReadOnlySpan<OpenFile> Files => files.Objects;

    /// <summary>open.</summary>
    [KernelSource("fs/open.c", "do_sys_openat2", Omits = "descriptors: the caller keeps the file itself")]
    public async KTask<(Errno Error, OpenFile? File)> Open(int[] path, OpenFlags flags = OpenFlags.ReadWrite, int user = 0)
    {
        Errno error;
        Dentry? dentry;
        var created = false;
        if ((flags & OpenFlags.Create) != 0)
            (error, dentry, created) = await paths.Create(path, (flags & OpenFlags.Exclusive) != 0, user);
        else
            (error, dentry) = await paths.Walk(path);
        if (error != Errno.OK)
            return (error, null);

        if (!created)
            error = MayOpen(dentry!.Inode.Value!, flags, user);    // who makes a file may open it
        return error == Errno.OK ? await OpenDentry(dentry!, flags) : await PutAfter(error, dentry!);
    }

    /// <summary>open with O_CREAT, O_EXCL and O_WRONLY: makes an empty file.</summary>
    public KTask<(Errno Error, OpenFile? File)> Create(int[] path, int user)
        => Open(path, OpenFlags.Write | OpenFlags.Create | OpenFlags.Exclusive, user);

    /// <summary>mkdir.</summary>
    public KTask<Errno> Mkdir(int[] path, int user) => paths.MakeDirectory(path, user);

    /// <summary>unlink.</summary>
    public KTask<Errno> Unlink(int[] path, int user) => paths.Unlink(path, user);

    /// <summary>rmdir.</summary>
    public KTask<Errno> Rmdir(int[] path, int user) => paths.RemoveDirectory(path, user);

    /// <summary>link: the file at <paramref name="old"/> is at <paramref name="path"/> too.</summary>
    public KTask<Errno> Link(int[] old, int[] path, int user) => paths.Link(old, path, user);

    /// <summary>rename; renameat2 with RENAME_NOREPLACE if it may not replace anything.</summary>
    public KTask<Errno> Rename(int[] from, int[] to, bool replace, int user) => paths.Rename(from, to, replace, user);

    /// <summary>pwrite: writes a text into the file, at its beginning or at an offset; with O_APPEND always at its end.</summary>
    [KernelSource("fs/read_write.c", "vfs_write")]
    public async KTask<Errno> Write(OpenFile file, int text, int offset = 0)
    {
        if ((file.Flags.Value & OpenFlags.Write) == 0)
            return Errno.EBADF;
        var append = (file.Flags.Value & OpenFlags.Append) != 0;
        await pages.Write(file.Dentry.Value!.Inode.Value!, text, append ? -1 : offset);
        return Errno.OK;
    }

    /// <summary>pread: the file's text, or a part of it.</summary>
    [KernelSource("fs/read_write.c", "vfs_read")]
    public async KTask<(Errno Error, int Text)> Read(OpenFile file, int offset = 0, int length = int.MaxValue)
    {
        if ((file.Flags.Value & OpenFlags.Read) == 0)
            return (Errno.EBADF, 0);
        var inode = file.Dentry.Value!.Inode.Value!;
        if (inode.IsDirectory.Value)
            return (Errno.EISDIR, 0);
        return (Errno.OK, superBlock.Disk.Slice(await pages.Read(inode), offset, length));
    }

    /// <summary>close: drops the file's reference on its dentry, which stays cached.</summary>
    [KernelSource("fs/file_table.c", "__fput")]
    public async KTask<Errno> Close(OpenFile file)
    {
        var dentry = file.Dentry.Value!;
        files.Free(file);
        await dentries.Dput(dentry);
        return Errno.OK;
    }

    /// <summary>sync.</summary>
    public KTask Sync() => writeback.SyncAll(superBlock);

    /// <summary>FS_IOC_SET_ENCRYPTION_POLICY on a directory, with a policy of version 2.</summary>
    public async KTask<Errno> SetPolicy(int[] path, int key, int user)
    {
        var (error, dentry) = await paths.Walk(path);
        if (error != Errno.OK)
            return error;
        error = MayOpen(dentry!.Inode.Value!, OpenFlags.Read, user);
        if (error == Errno.OK)
            error = await fileSystem.OpenFile(dentry.Inode.Value!);
        if (error == Errno.OK)
            error = await policies.Set(dentry.Inode.Value!, key, user);
        await dentries.Dput(dentry);
        return error;
    }

    /// <summary>FS_IOC_ADD_ENCRYPTION_KEY.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_add_key")]
    public KTask<Errno> AddKey(int key, int user) => keyring.Add(key, user);

    /// <summary>FS_IOC_REMOVE_ENCRYPTION_KEY.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_remove_key")]
    public KTask<(Errno Error, RemovalFlags Flags)> RemoveKey(int key, int user) => keyring.Remove(key, user);

    /// <summary>FS_IOC_GET_ENCRYPTION_KEY_STATUS.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_get_key_status")]
    public KTask<KeyStatusAnswer> KeyStatus(int key, int user) => keyring.Status(key, user);

    [KernelSource("fs/namei.c", "may_open", Omits = "types other than files and directories; append-only files")]
    private static Errno MayOpen(Inode inode, OpenFlags flags, int user)
    {
        if ((flags & (OpenFlags.Write | OpenFlags.Create)) != 0 && inode.IsDirectory.Value)
            return Errno.EISDIR;
        var mask = ((flags & OpenFlags.Read) != 0 ? PathLookup.MayRead : 0) | ((flags & OpenFlags.Write) != 0 ? PathLookup.MayWrite : 0);
        return PathLookup.Permission(inode, user, mask);
    }

    /// <summary>Asks the file system, and makes the file that takes over the reference on the dentry.</summary>
    [KernelSource("fs/open.c", "do_dentry_open")]
    private async KTask<(Errno Error, OpenFile? File)> OpenDentry(Dentry dentry, OpenFlags flags)
    {
        var error = await fileSystem.OpenFile(dentry.Inode.Value!);
        if (error != Errno.OK)
            return await PutAfter(error, dentry);
        var file = files.Allocate();
        file.Dentry.Value = dentry;
        file.Flags.Value = flags;
        return (Errno.OK, file);
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
}

/// <summary>struct file: pins a dentry, and through it the inode.</summary>
public sealed class OpenFile(KernelHost host) : KernelObject(host)
{
    /// <summary>f_path.dentry.</summary>
    [KernelName("f_path.dentry")]
    public Plain<Dentry?> Dentry;

    /// <summary>f_mode and f_flags.</summary>
    [KernelName("f_mode")]
    public Plain<OpenFlags> Flags;

    public override string Name => $"file:{Dentry.Peek?.Name}";
}
