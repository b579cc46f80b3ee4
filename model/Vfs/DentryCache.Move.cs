using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// What unlink, link and rename do to dentries.
public sealed partial class DentryCache
{
    /// <summary>
    /// Guards what hangs where: moves hold it, and look-ups that missed while something moved look again under it. A
    /// seqlock in the kernel; its count is <see cref="Renames"/>.
    /// </summary>
    [KernelName("rename_lock")]
    public SpinLock RenameLock = new(VfsLocks.Rename);

    /// <summary>The sequence count of rename_lock.</summary>
    [KernelName("rename_lock.seqcount")]
    public SeqCount Renames;

    /// <summary>The hashed dentry of a name, with a reference; or null if it was nowhere while nothing moved.</summary>
    [KernelSource("fs/dcache.c", "d_lookup")]
    public async KTask<Dentry?> Lookup(Dentry parent, int name)
    {
        var before = Renames.Now;
        var dentry = await LookupOnce(parent, name);
        if (dentry != null || (!before.IsOdd && !Renames.Retry(before)))
            return dentry;

        // The race is here: a move unhashes the dentry for a moment. An odd count says that one is under way.
        await RenameLock.Acquire();
        dentry = await LookupOnce(parent, name);
        await RenameLock.Release();
        return dentry;
    }

    /// <summary>
    /// The file of a name is gone: the dentry becomes negative if nobody else uses it, and the inode is put. Otherwise it
    /// can only not be found any more, and stays what it is for those who have it.
    /// </summary>
    [KernelSource("fs/dcache.c", "d_delete")]
    public async KTask Delete(Dentry dentry)
    {
        Host.MightSleep("d_delete");
        var inode = dentry.Inode.Value!;
        await inode.Lock.Acquire();
        await dentry.Ref.Acquire();
        if (dentry.Ref.Count == 1)
        {
            dentry.Sequence.BeginWrite();
            await dentry.Flags.Set(dentry.Flags.Value & ~DentryFlags.EntryType);
            dentry.Inode.Value = null;
            inode.Aliases.Remove(dentry);
            dentry.Sequence.EndWrite();
            await dentry.Ref.Release();
            await inode.Lock.Release();
            await inodes.Iput(inode);                              // may evict
            return;
        }

        await Unhash(dentry);
        await dentry.Ref.Release();
        await inode.Lock.Release();
    }

    /// <summary>Attaches an inode, whose reference the dentry takes over, to a hashed negative dentry.</summary>
    [KernelSource("fs/dcache.c", "d_instantiate")]
    public static async KTask Instantiate(Dentry dentry, Inode inode)
    {
        await inode.Lock.Acquire();
        await dentry.Ref.Acquire();
        await Attach(dentry, inode);
        await dentry.Ref.Release();
        await inode.Lock.Release();
    }

    /// <summary>A dentry of O_TMPFILE gets the name that its path is shown with. It is not hashed, and never will be.</summary>
    [KernelSource("fs/dcache.c", "d_mark_tmpfile")]
    public static async KTask NameTemporary(Dentry dentry, int name)
    {
        await dentry.Parent.Value!.Ref.Acquire();
        await dentry.Ref.Acquire(VfsLocks.DentryChild);
        dentry.FileName.Value = name;
        await dentry.Ref.Release();
        await dentry.Parent.Value!.Ref.Release();
    }

    /// <summary>
    /// Puts a dentry in the place of another, which is unhashed. Both are in use, and the i_rwsem of both parents is held.
    /// </summary>
    [KernelSource("fs/dcache.c", "d_move")]
    public KTask Move(Dentry dentry, Dentry target) => MoveOutside(dentry, target, exchange: false);

    /// <summary>Puts each of two positive dentries in the place of the other. The i_rwsem of both parents is held.</summary>
    [KernelSource("fs/dcache.c", "d_exchange")]
    public KTask Exchange(Dentry dentry, Dentry target) => MoveOutside(dentry, target, exchange: true);

    private async KTask MoveOutside(Dentry dentry, Dentry target, bool exchange)
    {
        await RenameLock.Acquire();
        Renames.BeginWrite();
        await MoveLocked(dentry, target, exchange);
        Renames.EndWrite();
        await RenameLock.Release();
    }

    [KernelSource("fs/dcache.c", "__d_move", Omits = "roots")]
    private async KTask MoveLocked(Dentry dentry, Dentry target, bool exchange)
    {
        var (from, to) = (dentry.Parent.Value!, target.Parent.Value!);
        var (first, second) = IsBelow(to, from) ? (from, to) : (to, from);
        await first.Ref.Acquire();
        if (!ReferenceEquals(from, to))
            await second.Ref.Acquire(VfsLocks.DentryChild);
        await dentry.Ref.Acquire(VfsLocks.DentrySecond);
        await target.Ref.Acquire(VfsLocks.DentryThird);
        var isInLookup = Has(target.Flags.Value, DentryFlags.ParallelLookup);
        if (isInLookup)
            await StartLookupEnd(target);
        dentry.Sequence.BeginWrite();
        target.Sequence.BeginWrite();
        await RemoveFromHash(dentry);
        await RemoveFromHash(target);

        // From here to the rehashing a look-up by either name misses, and sees by the count that it has to look again.
        var oldName = dentry.FileName.Value;
        dentry.FileName.Value = target.FileName.Value;
        if (exchange)
        {
            to.Children.Remove(target);
            from.Children.AddFirst(target);
        }

        from.Children.Remove(dentry);
        to.Children.AddFirst(dentry);
        dentry.Parent.Value = to;
        if (exchange)
        {
            target.FileName.Value = oldName;
            target.Parent.Value = from;
            await HashLock.Acquire();
            Hash.AddFirst(target);
            await HashLock.Release();
        }
        else if (!ReferenceEquals(from, to))
        {
            to.Ref.Count++;
            from.Ref.Count--;
        }

        await HashLock.Acquire();
        Hash.AddFirst(dentry);
        await HashLock.Release();
        if (Has(dentry.Flags.Value, DentryFlags.NoKeyName))        // fscrypt_handle_d_move: the name is a plaintext one now
            await dentry.Flags.StoreRelease(dentry.Flags.Value & ~DentryFlags.NoKeyName);
        target.Sequence.EndWrite();
        dentry.Sequence.EndWrite();
        if (isInLookup)
            await FinishLookupEnd();

        superBlock.DentryChanges.Bump();                           // who walks there walks again
        await target.Ref.Release();
        await dentry.Ref.Release();
        if (!ReferenceEquals(from, to))
            await second.Ref.Release();
        await first.Ref.Release();
    }

    /// <summary>Whether a dentry is another one or below it, while nothing can be moved.</summary>
    [KernelSource("fs/dcache.c", "is_subdir")]
    public static bool IsBelow(Dentry dentry, Dentry ancestor)
    {
        for (var at = dentry; at != null; at = at.Parent.Value)
        {
            if (ReferenceEquals(at, ancestor))
                return true;
        }

        return false;
    }

    /// <summary>Whether a dentry in use has an inode: an answer that may be old if there is none.</summary>
    [KernelSource("include/linux/dcache.h", "d_flags_negative")]
    public static async KTask<bool> IsPositive(Dentry dentry) => Has(await dentry.Flags.LoadAcquire(), DentryFlags.Positive);

    // Under i_lock and d_lock. Whoever sees the flag sees the inode.
    [KernelSource("fs/dcache.c", "__d_set_inode_and_type")]
    private static async KTask Attach(Dentry dentry, Inode inode)
    {
        inode.Aliases.AddFirst(dentry);
        dentry.Sequence.BeginWrite();
        dentry.Inode.Value = inode;
        await dentry.Flags.StoreRelease(dentry.Flags.Value | DentryFlags.Positive | (inode.Type.Value == FileType.Symlink ? DentryFlags.Symlink : 0));
        dentry.Sequence.EndWrite();
    }
}
