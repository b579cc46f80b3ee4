using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Moving names. Across directories s_vfs_rename_mutex keeps the tree as it is, so that ancestors can be told and locked first.
public sealed partial class PathLookup
{
    /// <summary>Moves a name, over another one if there is one and the kind allows it, or exchanges two.</summary>
    [KernelSource("fs/namei.c", "do_renameat2", Omits = "mnt_want_write; RENAME_WHITEOUT")]
    public async KTask<Errno> Rename(PathName fromPath, PathName toPath, RenameKind kind, int user)
    {
        var (error, from, fromName, fromSlash) = await WalkToParent(fromPath);
        if (error != Errno.OK)
            return error;
        (error, var to, var toName, var toSlash) = await WalkToParent(toPath);
        if (error == Errno.OK)
        {
            if (!PathName.IsName(fromName))
            {
                error = Errno.EBUSY;
            }
            else if (!PathName.IsName(toName))
            {
                error = kind == RenameKind.NoReplace ? Errno.EEXIST : Errno.EBUSY;
            }
            else
            {
                var trap = await LockParents(from!, to!);
                error = await RenameIn((from!, fromName, fromSlash), (to!, toName, toSlash), trap, kind, user);
                await UnlockParents(from!, to!);
            }

            await dentries.Dput(to!);
        }

        await dentries.Dput(from!);
        return error;
    }

    /// <summary>Locks both directories, the upper one first. Returns the child of the upper one towards the lower one, if any.</summary>
    [KernelSource("fs/namei.c", "lock_rename")]
    private async KTask<Dentry?> LockParents(Dentry from, Dentry to)
    {
        if (ReferenceEquals(from, to))
        {
            await from.Inode.Value!.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
            return null;
        }

        await superBlock.RenameMutex.Acquire();
        var (first, second) = DentryCache.IsBelow(to, from) ? (from, to) : (to, from);
        await first.Inode.Value!.Rwsem.AcquireWrite(VfsLocks.ParentRwsem);
        await second.Inode.Value!.Rwsem.AcquireWrite(VfsLocks.SecondParentRwsem);
        if (!DentryCache.IsBelow(second, first))
            return null;
        var trap = second;
        while (!ReferenceEquals(trap.Parent.Value, first))
            trap = trap.Parent.Value!;
        return trap;
    }

    [KernelSource("fs/namei.c", "unlock_rename")]
    private async KTask UnlockParents(Dentry from, Dentry to)
    {
        await from.Inode.Value!.Rwsem.ReleaseWrite();
        if (ReferenceEquals(from, to))
            return;
        await to.Inode.Value!.Rwsem.ReleaseWrite();
        await superBlock.RenameMutex.Release();
    }

    private async KTask<Errno> RenameIn(
        (Dentry Parent, int Name, bool Slash) from, (Dentry Parent, int Name, bool Slash) to, Dentry? trap, RenameKind kind, int user)
    {
        var (fromDirectory, toDirectory) = (from.Parent.Inode.Value!, to.Parent.Inode.Value!);
        var (error, old) = await LookupPresent(from.Parent, fromDirectory, from.Name);
        if (error != Errno.OK)
            return error;
        (error, var target) = await LookupLocked(to.Parent, toDirectory, to.Name);
        if (error == Errno.OK)
        {
            var exchange = kind == RenameKind.Exchange;
            var (source, replaced) = (old!.Inode.Value!, target!.Inode.Value);
            if (kind == RenameKind.NoReplace && replaced != null)
                error = Errno.EEXIST;
            else if (exchange && replaced == null)
                error = Errno.ENOENT;
            else if (exchange && to.Slash && !replaced!.IsDirectory)
                error = Errno.ENOTDIR;
            else if (!source.IsDirectory && (from.Slash || (to.Slash && !exchange)))
                error = Errno.ENOTDIR;                             // only a directory has a slash behind its name
            else if (ReferenceEquals(old, trap))
                error = Errno.EINVAL;                              // below itself
            else if (ReferenceEquals(target, trap))
                error = exchange ? Errno.EINVAL : Errno.ENOTEMPTY;
            else
                error = await RenameLocked(fromDirectory, old, toDirectory, target, exchange, user);
            await dentries.Dput(target);                           // unhashed now: what it stood for is evicted here
        }

        await dentries.Dput(old!);
        return error;
    }

    [KernelSource("fs/namei.c", "vfs_rename", Omits = "mount points; delegations")]
    private async KTask<Errno> RenameLocked(
        Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to, bool exchange, int user)
    {
        var (source, target) = (from.Inode.Value!, to.Inode.Value);
        if (ReferenceEquals(source, target))
        {
            if (!exchange && !superBlock.Disk.FileNameOf(to.FileName.Value).StartsWith('@'))
                source.OnDisk.SetLabel(to.FileName.Value);         // results call it by the name it was given last
            return Errno.OK;                                       // two names of one file: nothing is done
        }

        var isDirectory = source.IsDirectory;
        var targetIsDirectory = exchange ? target!.IsDirectory : isDirectory;
        var moves = !ReferenceEquals(fromDirectory, toDirectory);
        var error = MayDelete(fromDirectory, from, user, isDirectory);
        if (error == Errno.OK)
            error = target == null ? Permission(toDirectory, user, MayChange) : MayDelete(toDirectory, to, user, targetIsDirectory);
        if (error == Errno.OK && isDirectory && moves)
            error = Permission(source, user, MayWrite);
        if (error == Errno.OK && exchange && targetIsDirectory && moves)
            error = Permission(target!, user, MayWrite);
        if (error != Errno.OK)
            return error;

        await DentryCache.Dget(to);
        await LockMoved(source, target, moves, exchange);
        if (exchange)
        {
            error = await inodes.FileSystem.Exchange(fromDirectory, from, toDirectory, to);
            if (error == Errno.OK)
                await dentries.Exchange(from, to);
        }
        else
        {
            error = await inodes.FileSystem.Rename(fromDirectory, from, toDirectory, to);
        }

        if (error == Errno.OK && !exchange)
        {
            if (target != null && isDirectory)
                await dentries.ShrinkParent(to);
            await dentries.Move(from, to);
        }

        if (Locks(source, moves))
            await source.Rwsem.ReleaseWrite();
        if (target != null && Locks(target, moves || !exchange))
            await target.Rwsem.ReleaseWrite();
        await dentries.Dput(to);
        return error;
    }

    // A directory is locked if its parent changes or if it is replaced; files always, after any directory, and in the order of
    // their addresses, here of their numbers.
    [KernelSource("fs/inode.c", "lock_two_nondirectories", Omits = "before 6.5 a directory that is moved is not locked")]
    private static async KTask LockMoved(Inode source, Inode? target, bool moves, bool exchange)
    {
        if (source.IsDirectory)
        {
            if (Locks(source, moves))
                await source.Rwsem.AcquireWrite(VfsLocks.ChildRwsem);
            if (target != null && Locks(target, moves || !exchange))
                await target.Rwsem.AcquireWrite();
            return;
        }

        if (target is { IsDirectory: true })
        {
            if (Locks(target, moves || !exchange))
                await target.Rwsem.AcquireWrite(VfsLocks.ChildRwsem);
            await source.Rwsem.AcquireWrite();
            return;
        }

        var (first, second) = target != null && target.Number.Value < source.Number.Value ? (target, source) : (source, target);
        await first.Rwsem.AcquireWrite();
        if (second != null)
            await second.Rwsem.AcquireWrite(VfsLocks.SecondFileRwsem);
    }

    private static bool Locks(Inode inode, bool changes) => !inode.IsDirectory || changes;
}
