using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// Dropping a reference, and what happens to an inode that has none left.
public sealed partial class InodeCache
{
    /// <summary>Drops a reference. The last one asks the file system: cache the inode, or evict it.</summary>
    [KernelSource("fs/inode.c", "iput")]
    public async KTask Iput(Inode inode)
    {
        Host.MightSleep("iput");
        var keepsLast = Change.IputKeepsLastReference.IsIn(release);
        while (true)
        {
            if (await inode.Count.DecrementUnlessOne())            // lockless: not the last reference
                return;
            if (keepsLast)
            {
                var state = await inode.State.ReadOnce();
                if (Host.Check("I_DIRTY_TIME, without the lock", OwesTime(inode, state)))
                {
                    await Writeback.MarkDirtySync(inode);
                    continue;
                }
            }

            // The race is here: until i_lock is taken others may come by the hash and go again.
            await inode.Lock.Acquire();
            if (keepsLast && Host.Check("I_DIRTY_TIME, again", OwesTime(inode, inode.State.Value)))
            {
                await inode.Lock.Release();
                continue;
            }

            var isLast = await inode.Count.DecrementAndTest();
            if (Host.Check("i_count, again", !isLast))
            {
                await inode.Lock.Release();
                return;
            }

            if (keepsLast || Host.Check("I_DIRTY_TIME at zero", !OwesTime(inode, inode.State.Value), otherwise: true))
            {
                await IputFinal(inode);                            // drops i_lock
                return;
            }

            await inode.Count.Increment();                         // up to v6.17: to zero, and back under the same i_lock
            await inode.Lock.Release();
            await Writeback.MarkDirtySync(inode);
        }
    }

    [KernelSource("fs/inode.c", "iput_final")]
    private async KTask IputFinal(Inode inode)
    {
        RefuseNew(inode);
        var asked = await FileSystem.DropInode(inode);
        var drop = Host.Check("->drop_inode", asked);
        if (!drop
            && Host.Check("I_DONTCACHE", (inode.State.Value & InodeState.DontCache) == 0, otherwise: true)
            && Host.Check("SB_ACTIVE", inode.SuperBlock.Active.Value, otherwise: true))
        {
            await AddToLru(inode, rotate: true);
            await inode.Lock.Release();
            return;
        }

        if (!drop)
        {
            // It goes although the file system would keep it: written first. ->drop_inode is not asked again.
            await inode.State.Set(inode.State.Value | InodeState.WillFree);
            await inode.Lock.Release();
            await Writeback.WriteNow(inode);
            await inode.Lock.Acquire();
            RefuseNew(inode);
        }

        // From here on: one owner, no new reference. Dirty data of a dropped inode is thrown away. One store: nobody sees both off.
        await inode.State.Set((inode.State.Value & ~InodeState.WillFree) | InodeState.Freeing);
        if (Host.Check("on the LRU", inode.SuperBlock.InodeLru.IsLinkedSomewhere(inode)))     // a walk may rotate it just now: it stays linked
            await RemoveFromLru(inode);
        await inode.Lock.Release();
        await Evict(inode);
    }

    /// <summary>True for an inode that nobody can find again: no link, or not in the hash.</summary>
    [KernelSource("include/linux/fs.h", "inode_generic_drop")]
    internal static bool GenericDrop(Inode inode)
        => inode.Host.Check("i_nlink", inode.Nlink.Value == 0)
            || inode.Host.Check("unhashed", !inode.HashLink.IsHashed);

    // i_nlink is read as the kernel reads it: without what excludes an unlink, which leaves a reference for a later put.
    private static bool OwesTime(Inode inode, InodeState state) => (state & InodeState.DirtyTime) != 0 && inode.Nlink.Racy != 0;

    private void RefuseNew(Inode inode)
    {
        if ((inode.State.Value & InodeState.New) != 0)
            Host.Report(new Finding("inode-state", $"the last reference of {inode.Name} goes while it is I_NEW") { Object = inode });
    }
}
