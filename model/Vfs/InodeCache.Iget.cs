using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// Finding an inode by number, and waiting for one that is being made or being freed.
public sealed partial class InodeCache
{
    /// <summary>
    /// The inode with a number: from the cache, or a new one whose I_NEW the caller owns and must clear with
    /// <see cref="UnlockNew"/>. The caller gets a reference. Null if there is no memory, or the inode is being created.
    /// </summary>
    [KernelSource("fs/inode.c", "iget_locked")]
    public async KTask<(Inode? Inode, bool IsNew)> Iget(SuperBlock superBlock, int number)
    {
        while (true)
        {
            var (found, stale, isNew) = await FindUnlocked(number);
            if (stale)
                return (null, false);
            if (found == null)
            {
                if (await superBlock.InodeFault.Happens())
                    return (null, false);
                var fresh = Allocate();
                await HashLock.Acquire();
                (found, stale, isNew) = await Find(number, hashLocked: true);
                if (found == null && !stale)
                {
                    fresh.Number.Value = number;
                    await Insert(superBlock, fresh);               // drops inode_hash_lock
                    return (fresh, true);
                }

                await HashLock.Release();
                slab.Free(fresh);
                if (found == null)
                    return (null, false);
            }

            await WaitOnNew(found, isNew);
            if (await found.HashLink.IsHashedRacy())
                return (found, false);
            await Iput(found);                                     // made bad, or evicted and unhashed meanwhile
        }
    }

    /// <summary>The contents are valid: clears I_NEW and wakes those who wait for that.</summary>
    [KernelSource("fs/inode.c", "unlock_new_inode")]
    public async KTask UnlockNew(Inode inode)
    {
        await inode.Lock.Acquire();
        await inode.State.Set(inode.State.Value & ~(InodeState.New | InodeState.Creating));
        await inode.NewQueue.WakeAll();                            // after a full barrier: whoever sleeps is woken or sees it clear
        await inode.Lock.Release();
    }

    /// <summary>Hashes an inode as I_NEW and lists it. inode_hash_lock is held on entry and not on exit.</summary>
    [KernelSource("fs/inode.c", "inode_sb_list_add")]
    private async KTask Insert(SuperBlock superBlock, Inode inode)
    {
        await inode.Lock.Acquire();
        await inode.State.Set(inode.State.Value | InodeState.New);
        Hash.AddFirst(inode);
        await inode.Lock.Release();

        // Where the lock goes first, a finder can meet the inode before any walk of s_inodes can.
        var unlocksFirst = Change.ListedAfterHashUnlock.IsIn(release);
        if (unlocksFirst)
            await HashLock.Release();
        if (!inode.SuperBlock.Inodes.IsLinkedSomewhere(inode))   // of new_inode: it is I_NEW, nobody else changes that
        {
            await superBlock.InodeListLock.Acquire();
            superBlock.Inodes.AddFirst(inode);
            await superBlock.InodeListLock.Release();
        }

        if (!unlocksFirst)
            await HashLock.Release();
    }

    /// <summary>A look of somebody without inode_hash_lock: under RCU alone, or with the lock around it before v6.12.</summary>
    private async KTask<(Inode? Found, bool Stale, bool IsNew)> FindUnlocked(int number)
    {
        if (Change.LocklessInodeLookup.IsIn(release))
            return await Find(number, hashLocked: false);
        return await FindLocked(number);
    }

    /// <summary>A look with inode_hash_lock taken around it.</summary>
    private async KTask<(Inode? Found, bool Stale, bool IsNew)> FindLocked(int number)
    {
        await HashLock.Acquire();
        var result = await Find(number, hashLocked: true);
        await HashLock.Release();
        return result;
    }

    /// <summary>
    /// The newest live inode with a number, with a reference to it; stale if it is one that is being created. Whether it is
    /// I_NEW is what it was when it was found.
    /// </summary>
    [KernelSource("fs/inode.c", "find_inode_fast")]
    private async KTask<(Inode? Found, bool Stale, bool IsNew)> Find(int number, bool hashLocked)
    {
        var lockless = Change.LocklessInodeLookup.IsIn(release);
        if (lockless)
            await Host.Rcu.ReadLock();
        while ((hashLocked ? Hash.Find((ulong)number) : await Hash.FindRcu((ulong)number)) is { } inode)
        {
            await inode.Lock.Acquire();
            var state = inode.State.Value;
            if ((state & InodeState.Dying) != 0)
            {
                await WaitOnFreeing(inode, hashLocked);            // and from the head of the chain again
                continue;
            }

            var stale = (state & InodeState.Creating) != 0;
            if (!stale)
                await Grab(inode);
            await inode.Lock.Release();
            if (lockless)
                await Host.Rcu.ReadUnlock();
            return (stale ? null : inode, stale, (state & InodeState.New) != 0);
        }

        if (lockless)
            await Host.Rcu.ReadUnlock();
        return (null, false, false);
    }

    /// <summary>
    /// Sleeps at most once for a dying inode, whose i_lock the caller holds and loses. Nothing is read again: the caller
    /// rescans the chain. The inode's memory may be gone when the sleeper runs again.
    /// </summary>
    [KernelSource("fs/inode.c", "__wait_on_freeing_inode")]
    private async KTask WaitOnFreeing(Inode inode, bool hashLocked)
    {
        // Unhashed: evict has done its wake-up or is about to; to sleep now would be to sleep for ever.
        var lockless = Change.LocklessInodeLookup.IsIn(release);
        if (!inode.HashLink.IsHashed)
        {
            Invariant.Holds(!hashLocked, "an inode found under inode_hash_lock is hashed");
            await inode.Lock.Release();
            return;
        }

        await inode.NewQueue.Prepare();
        await inode.Lock.Release();
        if (lockless)
            await Host.Rcu.ReadUnlock();
        if (hashLocked)
            await HashLock.Release();
        await inode.NewQueue.Schedule();
        if (hashLocked)
            await HashLock.Acquire();
        if (lockless)
            await Host.Rcu.ReadLock();
    }

    /// <summary>
    /// Waits until I_NEW is clear. Up to v6.18 it looks without i_lock; since v6.19 under it, and only if the inode was new
    /// when it was found.
    /// </summary>
    [KernelSource("include/linux/writeback.h", "wait_on_inode")]
    private async KTask WaitOnNew(Inode inode, bool wasNew)
    {
        if (Change.NewSampledUnderLock.IsIn(release))
        {
            if (wasNew)
                await WaitOnNewLocked(inode);
            return;
        }

        while ((await inode.State.ReadOnce() & InodeState.New) != 0)
        {
            await inode.NewQueue.Prepare();
            if ((await inode.State.ReadOnce() & InodeState.New) == 0)
            {
                inode.NewQueue.Finish();
                return;
            }

            await inode.NewQueue.Schedule();
        }
    }

    [KernelSource("fs/inode.c", "wait_on_new_inode")]
    private static async KTask WaitOnNewLocked(Inode inode)
    {
        await inode.Lock.Acquire();
        while ((inode.State.Value & InodeState.New) != 0)
        {
            await inode.NewQueue.Prepare();
            await inode.Lock.Release();
            await inode.NewQueue.Schedule();
            await inode.Lock.Acquire();
        }

        await inode.Lock.Release();
    }
}
