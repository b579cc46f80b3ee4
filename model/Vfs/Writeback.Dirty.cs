using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// How an inode becomes dirty.
public sealed partial class Writeback
{
    /// <summary>Marks an inode dirty and queues it for the flusher. The caller has a reference, or is the flusher.</summary>
    [KernelSource("fs/fs-writeback.c", "__mark_inode_dirty", Omits = "->dirty_inode is one point: the journal has no state here")]
    public async KTask MarkDirty(Inode inode, InodeState flags)
    {
        if (Change.DirtyTimeGap.IsIn(release))
        {
            if ((flags & InodeState.DirtyInode) != 0)
            {
                await TakeDirtyTime(inode);

                // The race is here: from now on no bit says that the times are dirty, until the last lines set one.
                await CallDirtyInode();
            }
        }
        else if ((flags & (InodeState.DirtyInode | InodeState.DirtyTime)) != 0)
        {
            await CallDirtyInode();
        }

        var state = await inode.State.ReadOnce();                  // after a full barrier; pairs with the one in WriteOne
        if (HasAll(state, flags))
            return;

        await inode.Lock.Acquire();
        var before = inode.State.Value;
        if (Host.Check("dirty already", HasAll(before, flags)))
        {
            await inode.Lock.Release();
            return;
        }

        var after = before | flags;
        if (!Change.DirtyTimeGap.IsIn(release) && (flags & InodeState.DirtyInode) != 0)
            after &= ~InodeState.DirtyTime;                        // the times are written with the rest
        await inode.State.Set(after);
        if (Host.Check("queued already", (before & InodeState.Dirty) != 0))
        {
            await inode.Lock.Release();
            return;
        }

        await inode.Lock.Release();                                // the list lock is outside i_lock
        await ListLock.Acquire();
        await inode.Lock.Acquire();
        var now = inode.State.Value;
        if (Host.Check("I_SYNC_QUEUED, I_FREEING", (now & (InodeState.SyncQueued | InodeState.Freeing)) == 0, otherwise: true)
            && Host.Check("hashed", inode.HashLink.IsHashed, otherwise: true))
            await MoveTo(inode, (now & InodeState.Dirty) != 0 ? WritebackList.Dirty : WritebackList.DirtyTime);
        await inode.Lock.Release();
        await ListLock.Release();
    }

    /// <summary>
    /// Marks an inode dirty for its times, which were only in memory: I_DIRTY_TIME becomes I_DIRTY_SYNC. The caller has a
    /// reference.
    /// </summary>
    [KernelSource("include/linux/fs.h", "mark_inode_dirty_sync")]
    internal KTask MarkDirtySync(Inode inode) => MarkDirty(inode, InodeState.DirtySync);

    /// <summary>Whether nothing is left to be set. Up to 5.10, dirty times are nothing to an inode that is dirty anyway.</summary>
    private bool HasAll(InodeState state, InodeState flags)
        => (state & flags) == flags
            || (!Change.DirtyTimeGap.IsIn(release) && (flags & InodeState.DirtyTime) != 0 && (state & InodeState.DirtyInode) != 0);

    private async KTask CallDirtyInode()
    {
        Host.MightSleep("->dirty_inode");
        await Host.Point();
    }

    // The times go to the disk with what the inode is marked for now.
    private static async KTask TakeDirtyTime(Inode inode)
    {
        if (!inode.SuperBlock.IsLazyTime.Racy || (await inode.State.ReadRacy() & InodeState.DirtyTime) == 0)
            return;
        await inode.Lock.Acquire();
        if ((inode.State.Value & InodeState.DirtyTime) != 0)
            await inode.State.Set(inode.State.Value & ~InodeState.DirtyTime);
        await inode.Lock.Release();
    }
}
