using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// What a look-up found on the disk becomes a name. A directory has one dentry: if it is cached under another name, that one moves.
public sealed partial class DentryCache
{
    /// <summary>Attaches an inode, whose reference is taken over, or none, to a dentry and hashes it, or moves another one there.</summary>
    /// <returns>
    /// The dentry of a directory that was cached elsewhere, with a reference, which is now in the place of the given one; otherwise
    /// null. ELOOP if that would be below itself, ESTALE if somebody holds a lock that moving it needs.
    /// </returns>
    [KernelSource("fs/dcache.c", "d_splice_alias", Omits = "aliases without a parent, which only export makes")]
    public async KTask<(Errno Error, Dentry? Alias)> SpliceAlias(Inode? inode, Dentry dentry)
    {
        if (inode is not { IsDirectory: true } || await FindAnyAlias(inode) is not { } alias)
        {
            await Add(dentry, inode, hash: true);
            return (Errno.OK, null);
        }

        await RenameLock.Acquire();
        Renames.BeginWrite();
        var oldParent = alias.Parent.Value;
        var error = Errno.OK;
        if (oldParent == null || IsBelow(dentry, alias))
        {
            (error, oldParent) = (Errno.ELOOP, null);
        }
        else
        {
            await Dget(oldParent);
            error = await Unalias(dentry, alias);
        }

        Renames.EndWrite();
        await RenameLock.Release();
        if (error != Errno.OK)
            await Dput(alias);
        if (oldParent != null)
            await Dput(oldParent);
        await inodes.Iput(inode);
        return (error, error == Errno.OK ? alias : null);
    }

    /// <summary>
    /// Moves the alias of a directory to where it was looked up, under rename_lock. Another directory than the one that is locked
    /// already has to be locked for that, against the order: who finds it locked gives up.
    /// </summary>
    [KernelSource("fs/dcache.c", "__d_unalias")]
    private async KTask<Errno> Unalias(Dentry dentry, Dentry alias)
    {
        var parent = alias.Parent.Value!;
        if (ReferenceEquals(parent, dentry.Parent.Value))
        {
            await MoveLocked(alias, dentry, exchange: false);
            return Errno.OK;
        }

        if (!await superBlock.RenameMutex.TryAcquire())
            return Errno.ESTALE;
        var directory = parent.Inode.Value!;
        var isLocked = await directory.Rwsem.TryAcquireRead();
        if (isLocked)
        {
            await MoveLocked(alias, dentry, exchange: false);
            await directory.Rwsem.ReleaseRead();
        }

        await superBlock.RenameMutex.Release();
        return isLocked ? Errno.OK : Errno.ESTALE;
    }
}
