using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>What a process can do. Paths are numbers of names; texts are numbers too (<see cref="Disk"/>).</summary>
public sealed partial class SystemCalls
{
    private readonly SuperBlock superBlock;
    private readonly PathLookup paths;
    private readonly InodeCache inodes;
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
    private readonly List<WorkingDirectory> workingDirectories = [];

    internal SystemCalls(
        KernelHost host, SuperBlock superBlock, PathLookup paths, InodeCache inodes, DentryCache dentries, PageCache pages, Writeback writeback,
        Mounts mounts, IFileSystem fileSystem, MasterKeyring keyring, Policies policies, Users users)
    {
        this.superBlock = superBlock;
        this.paths = paths;
        this.inodes = inodes;
        this.dentries = dentries;
        this.pages = pages;
        this.writeback = writeback;
        this.mounts = mounts;
        this.fileSystem = fileSystem;
        this.keyring = keyring;
        this.policies = policies;
        this.users = users;
        locks = new FileLocks(host);
        table = new FileTable(host);
        mappings = new Slab<Mapping>(host, h => new Mapping(h));
        files = new Slab<OpenFile>(host, h => new OpenFile(h));
    }

    /// <summary>Where each process is that ever goes elsewhere.</summary>
    public IReadOnlyList<WorkingDirectory> WorkingDirectories => workingDirectories;

    /// <summary>All files of this execution, closed ones included.</summary>
    public ReadOnlySpan<OpenFile> Files => files.Objects;

    /// <summary>A process that will go elsewhere. Before threads run: they share it.</summary>
    public WorkingDirectory AddProcess()
    {
        workingDirectories.Add(new WorkingDirectory(superBlock.Host));
        return workingDirectories[^1];
    }

    /// <summary>open with O_CREAT, O_EXCL and O_WRONLY: makes an empty file.</summary>
    public KTask<(Errno Error, OpenFile? File)> Create(PathName path, int user)
        => Open(path, OpenFlags.Write | OpenFlags.Create | OpenFlags.Exclusive, user);

    /// <summary>mkdir.</summary>
    public async KTask<Errno> Mkdir(PathName path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.MakeDirectory(path, user)) : Errno.ENOENT;

    /// <summary>unlink.</summary>
    public async KTask<Errno> Unlink(PathName path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.Unlink(path, user)) : Errno.ENOENT;

    /// <summary>rmdir.</summary>
    public async KTask<Errno> Rmdir(PathName path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.RemoveDirectory(path, user)) : Errno.ENOENT;

    /// <summary>link: the file at <paramref name="old"/> is at <paramref name="path"/> too.</summary>
    public async KTask<Errno> Link(PathName old, PathName path, int user)
        => await mounts.Get() ? await mounts.PutAfter(await paths.Link(old, path, user)) : Errno.ENOENT;

    /// <summary>linkat of a descriptor, by its name in /proc: the file is at <paramref name="path"/> too, also if it had no name.</summary>
    [KernelSource("fs/namei.c", "do_linkat", Omits = "the walk through /proc, which ends at the descriptor's own dentry: nd_jump_link")]
    public async KTask<Errno> Link(OpenFile file, PathName path, int user)
    {
        if (!await mounts.Get())
            return Errno.ENOENT;
        var dentry = file.Dentry.Value!;
        await DentryCache.Dget(dentry);
        return await mounts.PutAfter(await paths.Link(dentry, path, user));
    }

    /// <summary>rename; renameat2 with RENAME_NOREPLACE or RENAME_EXCHANGE.</summary>
    public async KTask<Errno> Rename(PathName from, PathName to, RenameKind kind, int user)
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
        if (inode.IsDirectory)
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
        if (file.HasLock.Value)
            await Unlock(file);
        if (CountsFiles)
            files.FreeAfterGracePeriod(file);                      // fdget may be looking at its count
        else
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
        var sequence = await ErrorSequence.Advance(inode.OnDisk, file.WriteErrors.Value);
        if (sequence == file.WriteErrors.Value)
            return Errno.OK;
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
        var sequence = await ErrorSequence.Advance(superBlock, file.SuperErrors.Value);
        if (sequence == file.SuperErrors.Value)
            return error;
        file.SuperErrors.Value = sequence;
        return error != Errno.OK ? error : Errno.EIO;
    }

    /// <summary>
    /// Whether a user may open the root directory, as who calls an ioctl on keys does that names no other file. The mount pins it, so that
    /// opening it and closing it would be steps that change nothing.
    /// </summary>
    public Errno MayOpenRoot(int user) => PathLookup.Permission(superBlock.Disk.Inodes[Disk.RootNumber]!, user, PathLookup.MayRead);

    /// <summary>mount, by root.</summary>
    public async KTask<Errno> Mount(int user, MountOptions options = MountOptions.None) => user != 0 ? Errno.EPERM : await mounts.Mount(options);

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

    /// <summary>FS_IOC_DROP_CACHE of ChromeOS, on the root directory. ENOENT if nothing is mounted.</summary>
    public async KTask<Errno> DropCacheIoctl()
    {
        if (!await mounts.Get())
            return Errno.ENOENT;
        await superBlock.Reclaim.DropCacheIoctl();
        return await mounts.PutAfter(Errno.OK);
    }

    /// <summary>FS_IOC_SET_ENCRYPTION_POLICY on a directory, with the usual policy of version 2 of a key.</summary>
    public KTask<Errno> SetPolicy(PathName path, int key, int user) => SetPolicy(path, EncryptionPolicy.Usual(2, key), user);

    /// <summary>FS_IOC_SET_ENCRYPTION_POLICY on a directory that is opened for it, and closed again.</summary>
    public async KTask<Errno> SetPolicy(PathName path, EncryptionPolicy policy, int user)
        => await mounts.Get() ? await mounts.PutAfter(await SetPolicyMounted(path, policy, user)) : Errno.ENOENT;

    private async KTask<Errno> SetPolicyMounted(PathName path, EncryptionPolicy policy, int user)
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

}
