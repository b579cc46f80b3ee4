using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// From numbers of descriptors to files. Only one thread of a process needs no reference for that: nobody else can close.
public sealed partial class SystemCalls
{
    private readonly FileTable table;

    /// <summary>The file behind a descriptor, kept as long as the call lasts; null if it is not open. <see cref="Put(FileSlot, OpenFile)"/> ends it.</summary>
    [KernelSource("fs/file.c", "fdget")]
    public async KTask<OpenFile?> Get(FileSlot slot)
    {
        if (!slot.IsShared)
            return slot.File.Value;
        return await FileUnderRcu(slot);
    }

    [KernelSource("fs/file.c", "__fget_files_rcu", Omits = "the mode that is asked for; memory of files that is used again at once, since v6.7: here the grace period is waited for")]
    private async KTask<OpenFile?> FileUnderRcu(FileSlot slot)
    {
        var rcu = superBlock.Host.Rcu;
        await rcu.ReadLock();
        while (true)
        {
            var file = await slot.File.LoadAcquire();
            if (file == null)
            {
                await rcu.ReadUnlock();
                return null;
            }

            // The race is here: it may be closed now, by its last user. Then the slot is empty already, or has another file.
            if (!await file.Count.GetUnlessZero())
                continue;
            var isSame = await slot.File.LoadAcquire() == file;
            await rcu.ReadUnlock();
            if (isSame)
                return file;
            await Put(file);                                       // fput may be the last: the kernel leaves it to the end of the call
            await rcu.ReadLock();
        }
    }

    /// <summary>The call is over. If the descriptor was closed meanwhile this may be the last user, who closes the file.</summary>
    [KernelSource("include/linux/file.h", "fdput")]
    public async KTask Put(FileSlot slot, OpenFile file)
    {
        if (slot.IsShared)
            await Put(file);
    }

    /// <summary>A file that was opened gets its number: from now on other threads find it.</summary>
    [KernelSource("fs/file.c", "fd_install")]
    public async KTask Install(FileSlot slot, OpenFile file)
    {
        if (slot.IsShared)
            await slot.File.StoreRelease(file);
        else
            slot.File.Value = file;
    }

    /// <summary>close: the number is free at once, the file closed when nobody uses it any more. EBADF if another thread was first.</summary>
    [KernelSource("fs/open.c", "close", Omits = "->flush")]
    public async KTask<Errno> Close(FileSlot slot)
    {
        var file = slot.IsShared ? await TakeOut(slot) : slot.File.Value;
        if (file == null)
            return Errno.EBADF;
        if (!slot.IsShared)
            slot.File.Value = null;
        return await Close(file);
    }

    [KernelSource("fs/file.c", "file_close_fd")]
    private async KTask<OpenFile?> TakeOut(FileSlot slot)
    {
        await table.Lock.Acquire();
        var file = await slot.File.LoadAcquire();                  // fd_install takes no lock
        if (file != null)
            await slot.File.WriteOnce(null);
        await table.Lock.Release();
        return file;
    }

    // files_struct: the threads of a scenario share one.
    private sealed class FileTable(KernelHost host) : KernelObject(host)
    {
        [KernelName("file_lock")]
        public SpinLock Lock = new(VfsLocks.FileTable);

        public override string Name => "files";
    }
}
