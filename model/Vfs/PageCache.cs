using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>mm/filemap.c: reading and writing a file through its pages. One folio holds the whole file.</summary>
public sealed class PageCache(KernelHost host, SuperBlock superBlock, InodeCache inodes, Writeback writeback)
{
    /// <summary>Writes a text into a file and acknowledges it. Not on the disk yet.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="text">What is written.</param>
    /// <param name="offset">Where, or a negative number: at the end, as it is once i_rwsem is held.</param>
    [KernelSource("fs/ext4/file.c", "ext4_buffered_write_iter", Omits = "block allocation; the journal")]
    public async KTask Write(Inode inode, int text, int offset)
    {
        host.MightSleep("write");
        await inode.Rwsem.AcquireWrite();
        if (text == 0)
        {
            await inode.Rwsem.ReleaseWrite();                      // nothing to write: not even the times change
            return;
        }

        await writeback.MarkDirty(inode, superBlock.IsLazyTime.Racy ? InodeState.DirtyTime : InodeState.DirtySync);      // file_update_time
        await Lock(inode);

        // ext4_write_begin: the rest of the block comes from the disk, which needs the key.
        var old = inode.Folio.Value.Has(FolioFlags.Uptodate) ? inode.Folio.Value.Data : await inodes.FileSystem.ReadFolio(inode);
        var disk = superBlock.Disk;
        var data = disk.Overlay(old, offset < 0 ? disk.TextOf(old).Length : offset, text);
        await inode.Folio.Set(new Folio(inode.Folio.Value.Flags, data));
        await inode.Folio.Set(inode.Folio.Value.With(FolioFlags.Uptodate | FolioFlags.Dirty));     // the tag, then the inode's bit
        await writeback.MarkDirty(inode, InodeState.DirtyPages);
        await inode.FolioLock.Release();
        inode.OnDisk.Acknowledged.Value = data;
        await inode.Rwsem.ReleaseWrite();
    }

    /// <summary>Makes a file shorter, or longer by zeros. The size goes to the journal; what is left of the last block becomes dirty.</summary>
    /// <param name="inode">The file, whose i_rwsem is held, and which has its key if it needs one.</param>
    /// <param name="size">Its new size, in bytes.</param>
    [KernelSource("fs/ext4/inode.c", "ext4_truncate", Omits = "blocks; the orphan list: a truncation is never interrupted")]
    public async KTask Truncate(Inode inode, int size)
    {
        host.MightSleep("truncate");
        var disk = superBlock.Disk;
        await Lock(inode);
        if (inode.Folio.Value.Has(FolioFlags.Uptodate))
            await Writeback.WaitForIo(inode);                      // truncate_inode_pages: what is on its way has the old size
        var onDisk = await inode.OnDisk.Data.LoadAcquire();
        var old = inode.Folio.Value.Has(FolioFlags.Uptodate) ? inode.Folio.Value.Data : onDisk;
        var data = disk.Resize(old, size);
        var shortens = size > 0 && size < disk.TextOf(old).Length;
        if (shortens && !inode.Folio.Value.Has(FolioFlags.Uptodate))
            await inodes.FileSystem.ReadFolio(inode);              // ext4_block_truncate_page
        if (shortens)
            await inode.Folio.Set(new Folio(inode.Folio.Value.Flags, data).With(FolioFlags.Uptodate | FolioFlags.Dirty));
        else if (size == 0 && inode.Folio.Value.Flags != FolioFlags.None)
            await InodeCache.RemovePages(inode);
        else if (inode.Folio.Value.Has(FolioFlags.Uptodate))
            await inode.Folio.Set(new Folio(inode.Folio.Value.Flags, data));
        await inode.OnDisk.Data.StoreRelease(disk.Resize(onDisk, size));
        if (shortens)
            await writeback.MarkDirty(inode, InodeState.DirtyPages);
        await inode.FolioLock.Release();
        inode.OnDisk.Acknowledged.Value = data;
    }

    /// <summary>Stores a text at the beginning of a page that is mapped and shared. The file does not become longer.</summary>
    /// <returns>False if the file has no page there.</returns>
    [KernelSource("fs/ext4/inode.c", "ext4_page_mkwrite", Omits = "what is stored behind the end of the file, which nobody sees")]
    public async KTask<bool> Store(Inode inode, int text)
    {
        await Read(inode);                                         // the fault
        await writeback.MarkDirty(inode, InodeState.DirtySync);    // file_update_time
        await Lock(inode);
        var old = inode.Folio.Value.Has(FolioFlags.Uptodate) ? inode.Folio.Value.Data : await inodes.FileSystem.ReadFolio(inode);
        var disk = superBlock.Disk;
        var size = disk.TextOf(old).Length;
        if (size > 0)
        {
            var data = disk.Resize(disk.Overlay(old, 0, text), size);
            await inode.Folio.Set(new Folio(inode.Folio.Value.Flags, data));
            await inode.Folio.Set(inode.Folio.Value.With(FolioFlags.Uptodate | FolioFlags.Dirty));
            await writeback.MarkDirty(inode, InodeState.DirtyPages);
            inode.OnDisk.Acknowledged.Value = data;
        }

        await inode.FolioLock.Release();
        return size > 0;
    }

    /// <summary>Reads a file: out of its pages, or from the disk if there are none.</summary>
    [KernelSource("mm/filemap.c", "filemap_read", Omits = "readahead; a reader who is killed while he waits")]
    public async KTask<int> Read(Inode inode)
    {
        host.MightSleep("read");
        var seen = await inode.Folio.LoadAcquire();
        while (!seen.Has(FolioFlags.Uptodate))
        {
            seen = await Start(inode);
            if (!seen.Has(FolioFlags.Uptodate))
            {
                await WaitForRead(inode);
                seen = await inode.Folio.LoadAcquire();            // gone again, if somebody took it out of the cache meanwhile
            }
        }

        // The reader has a reference to the folio: it reads its bytes, even if it is in the cache no more.
        var now = await inode.Folio.ReadOnce();
        return now.Has(FolioFlags.Uptodate) ? now.Data : seen.Data;
    }

    /// <summary>Begins to read a file that is not in the cache, and does not wait. How it is when the folio is let go.</summary>
    [KernelSource("mm/readahead.c", "force_page_cache_ra")]
    public async KTask<Folio> Start(Inode inode)
    {
        await Lock(inode);
        if (!inode.Folio.Value.Has(FolioFlags.Uptodate))
        {
            host.Counters.FoliosRead++;
            await inodes.FileSystem.ReadAhead(inode);
        }

        var seen = inode.Folio.Value;
        await inode.FolioLock.Release();
        return seen;
    }

    /// <summary>
    /// Locks the folio, once it is not being read any more. The lock is one bit in the kernel, which a reading I/O takes over from who
    /// submitted it; here it is a mutex and a flag that says so.
    /// </summary>
    [KernelSource("mm/filemap.c", "__folio_lock")]
    internal static async KTask Lock(Inode inode)
    {
        await inode.FolioLock.Acquire();
        while (await IsBeingRead(inode))
        {
            await inode.FolioLock.Release();
            await WaitForRead(inode);
            await inode.FolioLock.Acquire();
        }
    }

    /// <summary>folio_trylock.</summary>
    internal static async KTask<bool> TryLock(Inode inode)
    {
        if (!await inode.FolioLock.TryAcquire())
            return false;
        if (!await IsBeingRead(inode))
            return true;
        await inode.FolioLock.Release();
        return false;
    }

    /// <summary>
    /// The folio is there, and unlocked. In a work, without a reference on the inode: who evicts it waits for the lock, so this is the
    /// last that is done with it.
    /// </summary>
    [KernelSource("mm/filemap.c", "folio_end_read")]
    internal static async KTask EndRead(Inode inode, int data)
    {
        var superBlock = inode.SuperBlock;

        // The race is here: from now on evict does not wait any more.
        await inode.Folio.StoreRelease(new Folio(FolioFlags.Uptodate, data));
        await superBlock.FolioQueue.WakeAll();
    }

    private static async KTask<bool> IsBeingRead(Inode inode)
        => inode.SuperBlock.Device.EndsLater && (await inode.Folio.LoadAcquire()).Has(FolioFlags.Reading);

    [KernelSource("mm/filemap.c", "folio_wait_bit_common")]
    private static async KTask WaitForRead(Inode inode)
    {
        var superBlock = inode.SuperBlock;
        while (await IsBeingRead(inode))
        {
            await superBlock.FolioQueue.Prepare();
            if (!await IsBeingRead(inode))
            {
                superBlock.FolioQueue.Finish();
                return;
            }

            await superBlock.FolioQueue.Schedule();
        }
    }
}
