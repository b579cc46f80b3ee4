using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>What a process can do. Paths are numbers of names from the root; texts are numbers too (<see cref="Disk"/>).</summary>
public sealed class SystemCalls
{
    private readonly PathLookup paths;
    private readonly DentryCache dentries;
    private readonly PageCache pages;
    private readonly IFileSystem fileSystem;
    private readonly MasterKeyring keyring;
    private readonly Slab<OpenFile> files;

    internal SystemCalls(
        KernelHost host, PathLookup paths, DentryCache dentries, PageCache pages, IFileSystem fileSystem, MasterKeyring keyring)
    {
        this.paths = paths;
        this.dentries = dentries;
        this.pages = pages;
        this.fileSystem = fileSystem;
        this.keyring = keyring;
        files = new Slab<OpenFile>(host, h => new OpenFile(h));
    }

    /// <summary>All files of this execution, closed ones included.</summary>
    public ReadOnlySpan<OpenFile> Files => files.Objects;

    /// <summary>open without O_CREAT.</summary>
    [KernelSource("fs/open.c", "do_sys_openat2", Omits = "descriptors: the caller keeps the file itself")]
    public async KTask<(Errno Error, OpenFile? File)> Open(int[] path)
    {
        var (error, dentry) = await paths.Walk(path);
        if (error != Errno.OK)
            return (error, null);
        error = await fileSystem.OpenFile(dentry!.Inode.Value!);
        if (error != Errno.OK)
        {
            await dentries.Dput(dentry);
            return (error, null);
        }

        var file = files.Allocate();
        file.Dentry.Value = dentry;
        return (Errno.OK, file);
    }

    /// <summary>write: replaces the file's text.</summary>
    [KernelSource("fs/read_write.c", "vfs_write")]
    public async KTask<Errno> Write(OpenFile file, int text)
    {
        await pages.Write(file.Dentry.Value!.Inode.Value!, text);
        return Errno.OK;
    }

    /// <summary>read: the file's text.</summary>
    [KernelSource("fs/read_write.c", "vfs_read")]
    public KTask<int> Read(OpenFile file) => pages.Read(file.Dentry.Value!.Inode.Value!);

    /// <summary>close: drops the file's reference on its dentry, which stays cached.</summary>
    [KernelSource("fs/file_table.c", "__fput")]
    public async KTask<Errno> Close(OpenFile file)
    {
        var dentry = file.Dentry.Value!;
        files.Free(file);
        await dentries.Dput(dentry);
        return Errno.OK;
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
}

/// <summary>struct file: pins a dentry, and through it the inode.</summary>
public sealed class OpenFile(KernelHost host) : KernelObject(host)
{
    /// <summary>f_path.dentry.</summary>
    [KernelName("f_path.dentry")]
    public Plain<Dentry?> Dentry;

    public override string Name => $"file:{Dentry.Peek?.Name}";
}
