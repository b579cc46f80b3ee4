using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

// The other ways to an inode: look-ups that make none, look-ups by a callback, and references taken through a pointer.
public sealed partial class InodeCache
{
    private const string Callbacks = "the callbacks: test compares the number, and set stores it";

    /// <summary>The cached inode with a number, with a reference and I_NEW clear; null if there is none or it is being created.</summary>
    [KernelSource("fs/inode.c", "ilookup")]
    internal async KTask<Inode?> Ilookup(int number)
    {
        while (true)
        {
            var (found, _, isNew) = await FindUnlocked(number);
            if (found == null)
                return null;
            await WaitOnNew(found, isNew);
            if (await found.HashLink.IsHashedRacy())
                return found;
            await Iput(found);
        }
    }

    /// <summary>The same without the wait: the inode may be I_NEW. Always under inode_hash_lock.</summary>
    [KernelSource("fs/inode.c", "ilookup5_nowait", Omits = Callbacks)]
    internal async KTask<(Inode? Inode, bool IsNew)> Ilookup5NoWait(int number)
    {
        var (found, _, isNew) = await FindLocked(number);
        return (found, isNew);
    }

    /// <summary>As <see cref="Ilookup"/>, under inode_hash_lock.</summary>
    [KernelSource("fs/inode.c", "ilookup5", Omits = Callbacks)]
    internal async KTask<Inode?> Ilookup5(int number)
    {
        while (true)
        {
            var (found, isNew) = await Ilookup5NoWait(number);
            if (found == null)
                return null;
            await WaitOnNew(found, isNew);
            if (await found.HashLink.IsHashedRacy())
                return found;
            await Iput(found);
        }
    }

    /// <summary>As <see cref="Iget"/>, with an inode made before the hash is locked.</summary>
    [KernelSource("fs/inode.c", "iget5_locked", Omits = Callbacks)]
    internal async KTask<(Inode? Inode, bool IsNew)> Iget5(SuperBlock superBlock, int number)
    {
        if (await Ilookup5(number) is { } cached)
            return (cached, false);
        var fresh = Allocate();
        var inode = await Insert5(superBlock, fresh, number);
        if (inode != fresh)
            slab.Free(fresh);
        return (inode, inode == fresh);
    }

    /// <summary>
    /// Gives a prepared inode a number and hashes it as I_NEW, or finds the one that has it already. Null if that one is being
    /// created.
    /// </summary>
    [KernelSource("fs/inode.c", "inode_insert5", Omits = Callbacks)]
    internal async KTask<Inode?> Insert5(SuperBlock superBlock, Inode inode, int number)
    {
        while (true)
        {
            await HashLock.Acquire();
            var (found, stale, isNew) = await Find(number, hashLocked: true);
            if (found == null && !stale)
            {
                inode.Number.Value = number;
                await Insert(superBlock, inode);                   // drops inode_hash_lock
                return inode;
            }

            await HashLock.Release();
            if (found == null)
                return null;
            await WaitOnNew(found, isNew);
            if (await found.HashLink.IsHashedRacy())
                return found;
            await Iput(found);
        }
    }

    /// <summary>A reference to an inode that nothing else pins, or null if it is dying. I_NEW is not looked at.</summary>
    [KernelSource("fs/inode.c", "igrab")]
    internal async KTask<Inode?> Igrab(Inode inode)
    {
        await inode.Lock.Acquire();
        var dying = (inode.State.Value & InodeState.Dying) != 0;
        if (!dying)
            await Grab(inode);
        await inode.Lock.Release();
        return dying ? null : inode;
    }

    /// <summary>One more reference for somebody who has one. No lock.</summary>
    [KernelSource("fs/inode.c", "ihold")]
    internal async KTask Ihold(Inode inode)
    {
        if (await inode.Count.AddReturn(1) < 2)
            Host.Report(new Finding("reference-count", $"{Host.Current.Name} holds {inode.Name} without a reference to it") { Object = inode });
    }

    /// <summary>Gives up an inode that is I_NEW. I_CREATING stays, so that look-ups do not find it until it is gone.</summary>
    [KernelSource("fs/inode.c", "discard_new_inode")]
    internal async KTask DiscardNew(Inode inode)
    {
        await inode.Lock.Acquire();
        await inode.State.Set(inode.State.Value & ~InodeState.New);
        await inode.NewQueue.WakeAll();
        await inode.Lock.Release();
        await Iput(inode);
    }

    /// <summary>Nobody finds the inode any more; those who have it get errors from it.</summary>
    [KernelSource("fs/bad_inode.c", "make_bad_inode", Omits = "the operations that fail")]
    internal async KTask MakeBad(Inode inode)
    {
        if (await inode.HashLink.IsHashedRacy())
            await RemoveFromHash(inode);
        inode.Type.Value = FileType.File;
    }

    /// <summary>Reading a new inode failed: whoever waits for it finds it unhashed, and the last put evicts it.</summary>
    [KernelSource("fs/bad_inode.c", "iget_failed")]
    internal async KTask IgetFailed(Inode inode)
    {
        await MakeBad(inode);
        await UnlockNew(inode);
        await Iput(inode);
    }
}
