using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// What is said about a whole file: a lock that only those obey who ask for it, and that its pages will not be wanted soon.
public sealed partial class SystemCalls
{
    private readonly FileLocks locks;

    /// <summary>flock with LOCK_EX and LOCK_NB: the file's lock is the descriptor's until it is closed. EAGAIN if it is another one's.</summary>
    [KernelSource("fs/locks.c", "flock_lock_inode", Omits = "shared locks, LOCK_UN, and waiting")]
    public async KTask<Errno> Lock(OpenFile file)
    {
        if (Has(file, OpenFlags.Path))
            return Errno.EBADF;
        var inode = file.Dentry.Value!.Inode.Value!;
        await locks.Lock.Acquire();
        var owner = inode.OnDisk.FileLock.Value;
        if (owner == null)
        {
            inode.OnDisk.FileLock.Value = file;
            file.HasLock.Value = true;
        }

        await locks.Lock.Release();
        return owner == null || ReferenceEquals(owner, file) ? Errno.OK : Errno.EAGAIN;
    }

    /// <summary>posix_fadvise with POSIX_FADV_DONTNEED for all of a file: dirty pages are written, and clean ones go.</summary>
    [KernelSource("mm/fadvise.c", "generic_fadvise", Omits = "pages that other CPUs are about to list")]
    public async KTask<Errno> DropPages(OpenFile file)
    {
        if (Has(file, OpenFlags.Path))
            return Errno.EBADF;
        var inode = file.Dentry.Value!.Inode.Value!;
        await writeback.WritePages(inode, waits: false);
        await inodes.InvalidatePages(inode);
        return Errno.OK;
    }

    /// <summary>readahead, of all of a file.</summary>
    [KernelSource("mm/readahead.c", "ksys_readahead", Omits = "what is not read because the device is busy")]
    public async KTask<Errno> ReadAhead(OpenFile file)
    {
        if (!Has(file, OpenFlags.Read))
            return Errno.EBADF;
        var inode = file.Dentry.Value!.Inode.Value!;
        if (inode.Type.Value != FileType.File)
            return Errno.EINVAL;
        if (!(await inode.Folio.LoadAcquire()).IsThere)
            await pages.Start(inode);
        return Errno.OK;
    }

    [KernelSource("fs/locks.c", "locks_remove_flock")]
    private async KTask Unlock(OpenFile file)
    {
        await locks.Lock.Acquire();
        file.Dentry.Value!.Inode.Value!.OnDisk.FileLock.Value = null;
        await locks.Lock.Release();
    }

    // One lock stands for those of all files: nothing is done under it but to look and to change the owner.
    private sealed class FileLocks(KernelHost host) : KernelObject(host)
    {
        [KernelName("flc_lock")]
        public SpinLock Lock = new(VfsLocks.FileLocks);

        public override string Name => "locks";
    }
}
