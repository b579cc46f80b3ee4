using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// Walks of s_inodes that evict what nobody uses.
public sealed partial class InodeCache
{
    /// <summary>Evicts all inodes without a reference, dirty or not. The super block is not active any more.</summary>
    [KernelSource("fs/inode.c", "evict_inodes")]
    public async KTask EvictAll(SuperBlock superBlock)
    {
        Host.MightSleep("evict_inodes");
        var list = lists.Allocate();
        bool again;
        do
        {
            again = false;
            await superBlock.InodeListLock.Acquire();
            for (var inode = superBlock.Inodes.First; inode != null && !again; inode = superBlock.Inodes.After(inode))
            {
                Host.Counters.InodesVisited++;
                if (await inode.Count.Read() > 0)
                    continue;

                // The race is here: a look-up may take a reference, and put it, before i_lock is held.
                await inode.Lock.Acquire();
                if ((rechecksCount && await inode.Count.Read() > 0) || (inode.State.Value & (InodeState.New | InodeState.Dying)) != 0)
                {
                    await inode.Lock.Release();
                    continue;
                }

                await Condemn(inode, list);
                again = await Host.Choose(2) == 1;                 // need_resched
            }

            await superBlock.InodeListLock.Release();
            await Dispose(list);
        }
        while (again);
        lists.Free(list);
    }

    /// <summary>Evicts what is unused of a device that is gone.</summary>
    /// <param name="superBlock">Its file system.</param>
    /// <param name="killDirty">Whether dirty inodes go too; they always do since v6.12.</param>
    /// <returns>Whether some stay.</returns>
    [KernelSource("fs/inode.c", "invalidate_inodes")]
    internal async KTask<bool> InvalidateAll(SuperBlock superBlock, bool killDirty)
    {
        Host.MightSleep("invalidate_inodes");
        killDirty |= Change.InvalidateKillsDirty.IsIn(release);
        var list = lists.Allocate();
        var busy = false;
        bool again;
        do
        {
            again = false;
            await superBlock.InodeListLock.Acquire();
            for (var inode = superBlock.Inodes.First; inode != null && !again; inode = superBlock.Inodes.After(inode))
            {
                Host.Counters.InodesVisited++;
                await inode.Lock.Acquire();
                var state = inode.State.Value;
                var dying = (state & (InodeState.New | InodeState.Dying)) != 0;
                var stays = !dying && ((!killDirty && (state & InodeState.DirtyAll) != 0) || await inode.Count.Read() > 0);
                busy |= stays;
                if (dying || stays)
                {
                    await inode.Lock.Release();
                    continue;
                }

                await Condemn(inode, list);
                again = await Host.Choose(2) == 1;
            }

            await superBlock.InodeListLock.Release();
            await Dispose(list);
        }
        while (again);
        lists.Free(list);
        return busy;
    }

    /// <summary>Makes an unused inode a dying one on a private list; i_lock is held on entry and not on exit.</summary>
    private async KTask Condemn(Inode inode, DisposeList list)
    {
        await inode.State.Set(inode.State.Value | InodeState.Freeing);
        await RemoveFromLru(inode);
        await inode.Lock.Release();
        list.Inodes.AddFirst(inode);                               // without i_lock: I_FREEING keeps everybody else off i_lru
    }
}
