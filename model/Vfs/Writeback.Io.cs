using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Pages on their way to the disk: submitted by whoever writes, ended by an interrupt, waited for by whoever needs to.
public sealed partial class Writeback
{
    /// <summary>
    /// Submits the dirty folio, and does not wait for the end of it. One that is still on its way from the last time is waited for,
    /// or left dirty, as <paramref name="waits"/> says.
    /// </summary>
    [KernelSource("mm/page-writeback.c", "do_writepages")]
    internal async KTask WritePages(Inode inode, bool waits)
    {
        if (!(await inode.Folio.ReadRacy()).Has(FolioFlags.Dirty))
            return;
        await PageCache.Lock(inode);
        if (inode.Folio.Value.Has(FolioFlags.Dirty) && await MaySubmit(inode, waits))
        {
            await inode.Folio.Set(inode.Folio.Value.Without(FolioFlags.Dirty));
            await StartIo(inode);
            await inodes.FileSystem.WriteFolio(inode, inode.Folio.Value.Data);
        }

        await inode.FolioLock.Release();
    }

    private async KTask<bool> MaySubmit(Inode inode, bool waits)
    {
        if (waits)
            await WaitForIo(inode);
        return waits || await IsIoOver(inode);                     // with the folio locked nobody begins it
    }

    /// <summary>The folio is clean and what was in it is not on the disk: fsync and syncfs tell, who asks them.</summary>
    [KernelSource("include/linux/pagemap.h", "mapping_set_error")]
    internal static async KTask NoteError(Inode inode)
    {
        await ErrorSequence.Set(inode.OnDisk);
        await ErrorSequence.Set(inode.SuperBlock);
    }

    [KernelSource("mm/page-writeback.c", "__folio_start_writeback")]
    private static async KTask StartIo(Inode inode)
    {
        inode.Host.Counters.FoliosWritten++;
        await inode.PagesLock.Acquire();
        await inode.SuperBlock.UnderWritebackLock.Acquire();       // sb_mark_inode_writeback
        inode.SuperBlock.UnderWriteback.AddLast(inode);
        await inode.SuperBlock.UnderWritebackLock.Release();
        await inode.PagesLock.Release();
    }

    /// <summary>
    /// The folio is no longer under writeback. In an interrupt, without a reference on the inode: whoever takes pages out of the
    /// cache has to take the lock of i_pages too, and so comes after the last line that touches it here.
    /// </summary>
    [KernelSource("mm/page-writeback.c", "__folio_end_writeback")]
    internal static async KTask EndIo(Inode inode)
    {
        var superBlock = inode.SuperBlock;
        await inode.PagesLock.Acquire();
        await superBlock.UnderWritebackLock.Acquire();             // sb_clear_inode_writeback
        (superBlock.NotWaitedFor.Contains(inode) ? ref superBlock.NotWaitedFor : ref superBlock.UnderWriteback).Remove(inode);
        await superBlock.UnderWritebackLock.Release();

        // The race is here: evict does not wait any more, and would free the inode but for the lock.
        await inode.PagesLock.Release();
        await superBlock.FolioQueue.WakeAll();                 // folio_wake_bit
    }

    /// <summary>Sleeps until the folio is not under writeback. Whoever waits has a reference on the inode, or is the one who evicts it.</summary>
    [KernelSource("mm/page-writeback.c", "folio_wait_writeback")]
    internal static async KTask WaitForIo(Inode inode)
    {
        var superBlock = inode.SuperBlock;
        while (!await IsIoOver(inode))
        {
            await superBlock.FolioQueue.Prepare();
            if (await IsIoOver(inode))
            {
                superBlock.FolioQueue.Finish();
                return;
            }

            await superBlock.FolioQueue.Schedule();
        }
    }

    /// <summary>!folio_test_writeback, without a lock: it may end at once.</summary>
    internal static Step<bool> IsIoOver(Inode inode) => inode.SuperBlock.UnderWriteback.IsUnlinkedRacy(inode);
}
