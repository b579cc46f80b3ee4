using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>mm/filemap.c: reading and writing a file through its pages. One folio holds the whole file.</summary>
public sealed class PageCache(KernelHost host, InodeCache inodes, Writeback writeback)
{
    /// <summary>Writes a text to a file and acknowledges it. Not on the disk yet.</summary>
    [KernelSource("fs/ext4/file.c", "ext4_buffered_write_iter", Omits = "block allocation; the journal")]
    public async KTask Write(Inode inode, int data)
    {
        host.MightSleep("write");
        await inode.Rwsem.AcquireWrite();
        await writeback.MarkDirty(inode, InodeState.DirtySync);    // file_update_time
        await inode.FolioLock.Acquire();
        await inode.Folio.Set(new Folio(inode.Folio.Value.Flags, data));
        await inode.Folio.Set(inode.Folio.Value.With(FolioFlags.Uptodate | FolioFlags.Dirty));     // the tag, then the inode's bit
        await writeback.MarkDirty(inode, InodeState.DirtyPages);
        await inode.FolioLock.Release();
        inode.OnDisk.Acknowledged.Value = data;
        await inode.Rwsem.ReleaseWrite();
    }

    /// <summary>Reads a file: out of its pages, or from the disk if there are none.</summary>
    [KernelSource("mm/filemap.c", "filemap_read", Omits = "readahead; reads that end after their reader closed")]
    public async KTask<int> Read(Inode inode)
    {
        host.MightSleep("read");
        if (!(await inode.Folio.LoadAcquire()).Has(FolioFlags.Uptodate))
        {
            await inode.FolioLock.Acquire();
            if (!inode.Folio.Value.Has(FolioFlags.Uptodate))
            {
                var data = await inodes.FileSystem.ReadFolio(inode);
                await inode.Folio.Set(new Folio(FolioFlags.Uptodate, data));
            }

            await inode.FolioLock.Release();
        }

        return (await inode.Folio.ReadOnce()).Data;
    }
}
