using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Finding an inode by number, and waiting for one that is being made or being freed.
public sealed partial class InodeCache
{
    /// <summary>
    /// The inode with a number: from the cache, or a new one whose I_NEW the caller owns and must clear with
    /// <see cref="UnlockNew"/>. The caller gets a reference.
    /// </summary>
    [KernelSource("fs/inode.c", "iget_locked")]
    public async KTask<(Inode? Inode, bool IsNew)> Iget(SuperBlock superBlock, int number)
    {
        Inode? fresh = null;
        while (true)
        {
            // A first look without inode_hash_lock.
            var (found, stale) = await Find(number, hashLocked: false);
            if (stale)
                return (null, false);
            if (found == null)
            {
                fresh ??= Allocate();
                await HashLock.Acquire();
                (found, stale) = await Find(number, hashLocked: true);
                if (found == null && !stale)
                {
                    fresh.Number.Value = number;
                    await fresh.Lock.Acquire();
                    await fresh.State.Set(InodeState.New);
                    Hash.AddFirst(fresh);
                    await fresh.Lock.Release();
                    await HashLock.Release();
                    await superBlock.InodeListLock.Acquire();      // after the hash unlock since about 6.15
                    superBlock.Inodes.AddFirst(fresh);
                    await superBlock.InodeListLock.Release();
                    return (fresh, true);
                }

                await HashLock.Release();
                slab.Free(fresh);
                fresh = null;
                if (found == null)
                    return (null, false);
            }

            await WaitOnNew(found);
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

    /// <summary>The newest live inode with a number and a reference to it; stale if it is one that is being created.</summary>
    [KernelSource("fs/inode.c", "find_inode_fast")]
    private async KTask<(Inode? Found, bool Stale)> Find(int number, bool hashLocked)
    {
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
            await Host.Rcu.ReadUnlock();
            return (stale ? null : inode, stale);
        }

        await Host.Rcu.ReadUnlock();
        return (null, false);
    }

    /// <summary>
    /// Sleeps at most once for a dying inode, whose i_lock the caller holds and loses. Nothing is read again: the caller
    /// rescans the chain. The inode's memory may be gone when the sleeper runs again.
    /// </summary>
    [KernelSource("fs/inode.c", "__wait_on_freeing_inode")]
    private async KTask WaitOnFreeing(Inode inode, bool hashLocked)
    {
        // Unhashed: evict has done its wake-up or is about to; to sleep now would be to sleep for ever.
        if (!inode.HashLink.IsHashed)
        {
            Invariant.Holds(!hashLocked, "an inode found under inode_hash_lock is hashed");
            await inode.Lock.Release();
            return;
        }

        await inode.NewQueue.Prepare();
        await inode.Lock.Release();
        await Host.Rcu.ReadUnlock();
        if (hashLocked)
            await HashLock.Release();
        await inode.NewQueue.Schedule();
        if (hashLocked)
            await HashLock.Acquire();
        await Host.Rcu.ReadLock();
    }

    /// <summary>Waits until I_NEW is clear, looking without i_lock (up to 6.18).</summary>
    [KernelSource("include/linux/writeback.h", "wait_on_inode")]
    private static async KTask WaitOnNew(Inode inode)
    {
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
}
