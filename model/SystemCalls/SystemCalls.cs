using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>What a process can do. Paths are numbers of names from the root; texts are numbers too (<see cref="Disk"/>).</summary>
public sealed partial class SystemCalls
{
    private readonly SuperBlock superBlock;
    private readonly PathLookup paths;
    private readonly DentryCache dentries;
    private readonly PageCache pages;
    private readonly Writeback writeback;
    private readonly Mounts mounts;
    private readonly IFileSystem fileSystem;
    private readonly MasterKeyring keyring;
    private readonly Policies policies;
    private readonly Users users;
    private readonly Slab<Mapping> mappings;
    private readonly Slab<OpenFile> files;

    internal SystemCalls(
        KernelHost host, SuperBlock superBlock, PathLookup paths, DentryCache dentries, PageCache pages, Writeback writeback,
        Mounts mounts, IFileSystem fileSystem, MasterKeyring keyring, Policies policies, Users users)
    {
        this.superBlock = superBlock;
        this.paths = paths;
        this.dentries = dentries;
        this.pages = pages;
        this.writeback = writeback;
        this.mounts = mounts;
        this.fileSystem = fileSystem;
        this.keyring = keyring;
        this.policies = policies;
        this.users = users;
        mappings = new Slab<Mapping>(host, h => new Mapping(h));
        files = new Slab<OpenFile>(host, h => new OpenFile(h));
    }

    /// <summary>All files of this execution, closed ones included.</summary>
    public ReadOnlySpan<OpenFile> Files => files.Objects;

    /// <summary>open.</summary>
    [KernelSource("fs/open.c", "do_sys_openat2", Omits = "descriptors: the caller keeps the file itself")]
    public async KTask<(Errno Error, OpenFile? File)> Open(int[] path, OpenFlags flags = OpenFlags.ReadWrite, int user = 0)
    {
        if (!await mounts.Get())
            return (Errno.ENOENT, null);
        var (error, file) = await OpenMounted(path, flags, user);
        if (error != Errno.OK)
            await mounts.Put();                                    // otherwise the file keeps the mount
        return (error, file);
    }

    private async KTask<(Errno Error, OpenFile? File)> OpenMounted(int[] path, OpenFlags flags, int user)
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

        if ((flags & OpenFlags.Directory) != 0 && !dentry!.Inode.Value!.IsDirectory.Value)
            return await PutAfter(Errno.ENOTDIR, dentry);
        if ((flags & OpenFlags.Path) != 0)
            return (Errno.OK, FileOf(dentry!, OpenFlags.Path));
        if (!created)
            error = MayOpen(dentry!.Inode.Value!, flags, user);    // who makes a file may open it
        return error == Errno.OK ? await OpenDentry(dentry!, flags, created) : await PutAfter(error, dentry!);
    }

    /// <summary>open with O_CREAT, O_EXCL and O_WRONLY: makes an empty file.</summary>
    public KTask<(Errno Error, OpenFile? File)> Create(int[] path, int user)
        => Open(path, OpenFlags.Write | OpenFlags.Create | OpenFlags.Exclusive, user);

    /// <summary>mkdir.</summary>
    public async KTask<Errno> Mkdir(int[] path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.MakeDirectory(path, user)) : Errno.ENOENT;

    /// <summary>unlink.</summary>
    public async KTask<Errno> Unlink(int[] path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.Unlink(path, user)) : Errno.ENOENT;

    /// <summary>rmdir.</summary>
    public async KTask<Errno> Rmdir(int[] path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.RemoveDirectory(path, user)) : Errno.ENOENT;

    /// <summary>link: the file at <paramref name="old"/> is at <paramref name="path"/> too.</summary>
    public async KTask<Errno> Link(int[] old, int[] path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.Link(old, path, user)) : Errno.ENOENT;

    /// <summary>rename; renameat2 with RENAME_NOREPLACE or RENAME_EXCHANGE.</summary>
    public async KTask<Errno> Rename(int[] from, int[] to, RenameKind kind, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.Rename(from, to, kind, user)) : Errno.ENOENT;

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

    /// <summary>close: gives the descriptor up, and the file if nothing maps it.</summary>
    public async KTask<Errno> Close(OpenFile file)
    {
        await Put(file);
        return Errno.OK;
    }

    /// <summary>Whether files may have more than one user: then they are counted, which is a step; otherwise they are not.</summary>
    public bool CountsFiles { get; set; }

    [KernelSource("fs/file_table.c", "fput", Omits = "the task work that runs it later, when the task returns to user space")]
    private async KTask Put(OpenFile file)
    {
        if (!CountsFiles || await file.Count.PutAndTest())
            await Release(file);
    }

    /// <summary>Drops the file's reference on its dentry, which stays cached.</summary>
    [KernelSource("fs/file_table.c", "__fput")]
    private async KTask Release(OpenFile file)
    {
        var dentry = file.Dentry.Value!;
        files.Free(file);
        await dentries.Dput(dentry);
        await mounts.Put();
    }

    /// <summary>fsync: writes what is dirty of a file, and says whether writing it failed since the descriptor last asked.</summary>
    [KernelSource("fs/sync.c", "vfs_fsync_range")]
    public async KTask<Errno> Fsync(OpenFile file)
    {
        if (Has(file, OpenFlags.Path))
            return Errno.EBADF;
        var inode = file.Dentry.Value!.Inode.Value!;
        await writeback.SyncFile(inode);
        if (!superBlock.WriteFault.IsPossible)
            return Errno.OK;
        var (failed, sequence) = ErrorSequence.Advance(await inode.OnDisk.WriteErrors.ReadOnce(), file.WriteErrors.Value);
        if (!failed)
            return Errno.OK;
        await inode.OnDisk.WriteErrors.WriteOnce(sequence);
        file.WriteErrors.Value = sequence;
        return Errno.EIO;
    }

    /// <summary>syncfs: writes all that is dirty. From v5.10 on it says whether writing anything failed since it last was asked.</summary>
    [KernelSource("fs/sync.c", "syncfs")]
    public async KTask<Errno> Syncfs(OpenFile file)
    {
        if (Has(file, OpenFlags.Path))
            return Errno.EBADF;
        await superBlock.Umount.AcquireRead();
        var error = await writeback.SyncFileSystem(superBlock);
        await superBlock.Umount.ReleaseRead();
        if (!superBlock.WriteFault.IsPossible || !writeback.Has(Change.SyncfsReportsWriteErrors))
            return error;
        var (failed, sequence) = ErrorSequence.Advance(await superBlock.WriteErrors.ReadOnce(), file.SuperErrors.Value);
        if (!failed)
            return error;
        await superBlock.WriteErrors.WriteOnce(sequence);
        file.SuperErrors.Value = sequence;
        return error != Errno.OK ? error : Errno.EIO;
    }

    /// <summary>mount, by root.</summary>
    public async KTask<Errno> Mount(int user, bool lazyTime = false) => user != 0 ? Errno.EPERM : await mounts.Mount(lazyTime);

    /// <summary>umount, by root.</summary>
    public async KTask<Errno> Umount(int user) => user != 0 ? Errno.EPERM : await mounts.Umount();

    /// <summary>sync.</summary>
    public KTask Sync() => writeback.SyncAll(superBlock);

    /// <summary>A number written to /proc/sys/vm/drop_caches, which only root may open for that.</summary>
    public async KTask<Errno> DropCaches(int what, int user)
    {
        if (user != 0)
            return Errno.EACCES;
        await superBlock.Reclaim.DropCaches(what);
        return Errno.OK;
    }

    /// <summary>FS_IOC_SET_ENCRYPTION_POLICY on a directory, with the usual policy of version 2 of a key.</summary>
    public KTask<Errno> SetPolicy(int[] path, int key, int user) => SetPolicy(path, EncryptionPolicy.Usual(2, key), user);

    /// <summary>FS_IOC_SET_ENCRYPTION_POLICY on a directory that is opened for it, and closed again.</summary>
    public async KTask<Errno> SetPolicy(int[] path, EncryptionPolicy policy, int user)
        => await mounts.Get() ? await mounts.PutAfter(await SetPolicyMounted(path, policy, user)) : Errno.ENOENT;

    private async KTask<Errno> SetPolicyMounted(int[] path, EncryptionPolicy policy, int user)
    {
        var (error, dentry) = await paths.Walk(path);
        if (error != Errno.OK)
            return error;
        error = MayOpen(dentry!.Inode.Value!, OpenFlags.Read, user);
        if (error == Errno.OK)
            error = await fileSystem.OpenFile(dentry);
        if (error == Errno.OK)
            error = await policies.Set(dentry.Inode.Value!, policy, user);
        await dentries.Dput(dentry);
        return error;
    }

    /// <summary>FS_IOC_GET_ENCRYPTION_POLICY_EX with room for so many bytes.</summary>
    public KTask<(Errno Error, EncryptionPolicy Policy)> GetPolicy(OpenFile file, int size) => policies.Get(file.Dentry.Value!.Inode.Value!, size);

    /// <summary>FS_IOC_GET_ENCRYPTION_POLICY.</summary>
    public KTask<(Errno Error, EncryptionPolicy Policy)> GetPolicyOld(OpenFile file) => policies.GetOld(file.Dentry.Value!.Inode.Value!);

    /// <summary>FS_IOC_GET_ENCRYPTION_NONCE.</summary>
    public KTask<Errno> GetNonce(OpenFile file) => policies.GetNonce(file.Dentry.Value!.Inode.Value!);

    /// <summary>A number written to /proc/sys/kernel/keys/maxkeys or maxbytes, which only root may open for that.</summary>
    [KernelSource("security/keys/sysctl.c", "key_sysctls", Omits = "root's own limits")]
    public async KTask<Errno> SetKeyQuota(bool ofKeys, int limit, int user)
    {
        if (user != 0)
            return Errno.EACCES;
        await superBlock.Host.Point();
        keyring.Quota.Limit(ofKeys, limit);
        return Errno.OK;
    }

    // The ioctls on keys are issued on the root directory, which only the mount pins here; ENOENT: there is none to be opened.

    /// <summary>FS_IOC_ADD_ENCRYPTION_KEY with a key of version 2 and its own bytes.</summary>
    public async KTask<Errno> AddKey(int key, int user)
        => await mounts.Get() ? await mounts.PutAfter(await keyring.Add(key, key, user)) : Errno.ENOENT;

    /// <summary>FS_IOC_ADD_ENCRYPTION_KEY.</summary>
    public async KTask<Errno> AddKey(KeyArgument argument, int user)
        => await mounts.Get() ? await mounts.PutAfter(await keyring.Add(argument, user)) : Errno.ENOENT;

    /// <summary>FS_IOC_REMOVE_ENCRYPTION_KEY of a key of version 2.</summary>
    public async KTask<(Errno Error, RemovalFlags Flags)> RemoveKey(int key, int user)
    {
        if (!await mounts.Get())
            return (Errno.ENOENT, RemovalFlags.None);
        var answer = await keyring.Remove(key, user);
        await mounts.Put();
        return answer;
    }

    /// <summary>FS_IOC_REMOVE_ENCRYPTION_KEY, or its form for all users.</summary>
    public async KTask<(Errno Error, RemovalFlags Flags)> RemoveKey(KeyArgument argument, int user, bool allUsers)
    {
        if (!await mounts.Get())
            return (Errno.ENOENT, RemovalFlags.None);
        var answer = allUsers ? await keyring.RemoveAllUsers(argument, user) : await keyring.Remove(argument, user);
        await mounts.Put();
        return answer;
    }

    /// <summary>FS_IOC_GET_ENCRYPTION_KEY_STATUS of a key of version 2.</summary>
    public KTask<KeyStatusAnswer> KeyStatus(int key, int user) => keyring.Status(key, user);

    /// <summary>FS_IOC_GET_ENCRYPTION_KEY_STATUS.</summary>
    public async KTask<(Errno Error, KeyStatusAnswer Answer)> KeyStatus(KeyArgument argument, int user)
    {
        if (!await mounts.Get())
            return (Errno.ENOENT, default);
        var answer = await keyring.Status(argument, user);
        await mounts.Put();
        return answer;
    }

    [KernelSource("fs/namei.c", "may_open", Omits = "types other than files and directories; append-only files")]
    private static Errno MayOpen(Inode inode, OpenFlags flags, int user)
    {
        if ((flags & (OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate)) != 0 && inode.IsDirectory.Value)
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
        if ((flags & OpenFlags.Truncate) != 0 && !created && !dentry.Inode.Value!.IsDirectory.Value)
            error = await Truncate(dentry.Inode.Value!, 0);        // handle_truncate
        if (error != Errno.OK)
            return await PutAfter(error, dentry);
        var file = FileOf(dentry, flags);
        if (superBlock.WriteFault.IsPossible)
        {
            file.WriteErrors.Value = ErrorSequence.Sample(await dentry.Inode.Value!.OnDisk.WriteErrors.ReadOnce());
            file.SuperErrors.Value = ErrorSequence.Sample(await superBlock.WriteErrors.ReadOnce());
        }

        return (Errno.OK, file);
    }

    private OpenFile FileOf(Dentry dentry, OpenFlags flags)
    {
        var file = files.Allocate();
        file.Dentry.Value = dentry;
        file.Flags.Value = flags;
        file.Count.Initialize(1);
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
}

/// <summary>struct file: pins a dentry, and through it the inode.</summary>
public sealed class OpenFile(KernelHost host) : KernelObject(host)
{
    /// <summary>f_path.dentry.</summary>
    [KernelName("f_path.dentry")]
    public Plain<Dentry?> Dentry;

    /// <summary>f_count: the descriptor, and mappings.</summary>
    [KernelName("f_count")]
    public Atomic Count;

    /// <summary>f_mode and f_flags.</summary>
    [KernelName("f_mode")]
    public Plain<OpenFlags> Flags;

    /// <summary>f_wb_err: which failed writes of the file its owner has been told of.</summary>
    [KernelName("f_wb_err")]
    public Plain<int> WriteErrors;

    /// <summary>f_sb_err: the same of the file system.</summary>
    [KernelName("f_sb_err")]
    public Plain<int> SuperErrors;

    public override string Name => $"file:{Dentry.Peek?.Name}";
}
