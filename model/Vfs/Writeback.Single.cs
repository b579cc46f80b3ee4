using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// What the last put of an inode asks of writeback: one inode, in the thread that asks.
public sealed partial class Writeback
{
    /// <summary>Writes one inode if it is dirty, and waits for what is under writeback. I_WILL_FREE pins it, or a reference.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="waitForData">Whether to wait, for others who write it too; otherwise I/O is submitted (WB_SYNC_NONE).</param>
    [KernelSource("fs/fs-writeback.c", "writeback_single_inode", Omits = "write errors")]
    public async KTask WriteNow(Inode inode, bool waitForData = true)
    {
        Host.MightSleep("write_inode_now");
        await inode.Lock.Acquire();
        if (!waitForData && (inode.State.Value & InodeState.Sync) != 0)
        {
            await inode.Lock.Release();
            return;
        }

        await WaitForSync(inode);
        var isClean = (inode.State.Value & InodeState.DirtyAll) == 0;
        if (isClean && (!waitForData || await IsIoOver(inode)))
        {
            await inode.Lock.Release();
            return;
        }

        await inode.State.Set(inode.State.Value | InodeState.Sync);
        await inode.Lock.Release();
        await WriteOne(inode, waitForData);
        if (waitForData)
            await WaitForIo(inode);                                // filemap_fdatawait

        await ListLock.Acquire();
        await inode.Lock.Acquire();
        var state = inode.State.Value;
        if ((state & InodeState.Freeing) == 0)                     // otherwise evict has taken it off the lists
        {
            if ((state & InodeState.DirtyAll) == 0)
                await Unlist(inode);
            else if (requeuesSingle && (state & InodeState.SyncQueued) == 0)
                await MoveTo(inode, (state & InodeState.Dirty) != 0 ? WritebackList.Dirty : WritebackList.DirtyTime);
        }

        await ListLock.Release();
        await CompleteSync(inode);
        await inode.Lock.Release();
    }
}
