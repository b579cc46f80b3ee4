using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Inodes of files that are being created. Until they are hashed nobody finds them by number, but walks of s_inodes and, if
// they are encrypted, of their key's list do.
public sealed partial class InodeCache
{
    /// <summary>A new inode without a number: one reference, no state, not in the hash.</summary>
    [KernelSource("fs/inode.c", "new_inode")]
    public async KTask<Inode> New(SuperBlock superBlock)
    {
        var inode = Allocate();
        await superBlock.InodeListLock.Acquire();
        superBlock.Inodes.AddFirst(inode);
        await superBlock.InodeListLock.Release();
        return inode;
    }

    /// <summary>Hashes an inode whose number nobody else has or looks for.</summary>
    [KernelSource("fs/inode.c", "__insert_inode_hash")]
    public async KTask InsertHash(Inode inode)
    {
        await HashLock.Acquire();
        await inode.Lock.Acquire();
        Hash.AddFirst(inode);
        await inode.Lock.Release();
        await HashLock.Release();
    }

    /// <summary>
    /// Hashes an inode that has just got its number, as one that is being created: look-ups by number answer that it is not
    /// there. EBUSY if the number is in use. Inodes that are dying are neither found nor waited for.
    /// </summary>
    [KernelSource("fs/inode.c", "insert_inode_locked")]
    public async KTask<Errno> InsertLocked(Inode inode)
    {
        while (true)
        {
            await HashLock.Acquire();
            var old = Hash.Find(inode.HashKey);
            while (old != null)
            {
                await old.Lock.Acquire();
                if ((old.State.Value & InodeState.Dying) == 0)
                    break;
                await old.Lock.Release();
                old = Hash.FindAfter(old);
            }

            if (old == null)
            {
                await inode.Lock.Acquire();
                await inode.State.Set(inode.State.Value | InodeState.New | InodeState.Creating);
                Hash.AddFirst(inode);
                await inode.Lock.Release();
                await HashLock.Release();
                return Errno.OK;
            }

            var creating = (old.State.Value & InodeState.Creating) != 0;
            var isNew = (old.State.Value & InodeState.New) != 0;
            if (!creating)
                await Grab(old);
            await old.Lock.Release();
            await HashLock.Release();
            if (creating)
                return Errno.EBUSY;
            await WaitOnNew(old, isNew);
            var hashed = await old.HashLink.IsHashedRacy();
            await Iput(old);
            if (hashed)
                return Errno.EBUSY;
        }
    }
}
