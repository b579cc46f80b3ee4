using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Dropping a reference, and what happens to an inode that has none left.
public sealed partial class InodeCache
{
    /// <summary>Drops a reference. The last one asks the file system: cache the inode, or evict it.</summary>
    [KernelSource("fs/inode.c", "iput", Omits = "I_DIRTY_TIME: lazytime is not modelled, the bit is never set")]
    public async KTask Iput(Inode inode)
    {
        Host.MightSleep("iput");
        if (await inode.Count.DecrementUnlessOne())                // lockless: not the last reference
            return;

        // The race is here: until i_lock is taken others may come by the hash and go again.
        await inode.Lock.Acquire();
        if (await inode.Count.DecrementAndTest())
            await IputFinal(inode);                                // drops i_lock
        else
            await inode.Lock.Release();
    }

    [KernelSource("fs/inode.c", "iput_final", Omits = "the write of an inode of a super block that is going away: there is no umount yet")]
    private async KTask IputFinal(Inode inode)
    {
        if ((inode.State.Value & InodeState.New) != 0)
            Host.Report(new Finding("inode-state", $"the last reference of {inode.Name} goes while it is I_NEW") { Object = inode });
        var drop = await FileSystem.DropInode(inode);
        if (!drop && (inode.State.Value & InodeState.DontCache) == 0)
        {
            await AddToLru(inode, rotate: true);
            await inode.Lock.Release();
            return;
        }

        // From here on: one owner, no new reference. Dirty data of a dropped inode is thrown away.
        await inode.State.Set((inode.State.Value & ~InodeState.WillFree) | InodeState.Freeing);
        if (inode.LruLink.IsLinked)
            await RemoveFromLru(inode);
        await inode.Lock.Release();
        await Evict(inode);
    }

    /// <summary>True for an inode that nobody can find again: no link, or not in the hash.</summary>
    [KernelSource("fs/inode.c", "inode_generic_drop")]
    internal static bool GenericDrop(Inode inode) => inode.Nlink.Value == 0 || !inode.HashLink.IsHashed;
}
