using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Walking without references or locks: what is found is true only if its d_seq says so afterwards. Whoever needs more than memory
// can tell takes references on where he is and goes on by reference; where that is too late the whole walk starts again that way.
public sealed partial class PathLookup
{
    /// <summary>Walks without references as far as it goes.</summary>
    /// <returns>As <see cref="Walk(int[])"/>; or ECHILD, if the walk has to be made again by reference.</returns>
    [KernelSource("fs/namei.c", "path_lookupat", Omits = "d_seq, which is compared by what it counts; mounts; symlinks; permission to search")]
    private async KTask<(Errno Error, Dentry? Dentry)> WalkRcu(int[] path, int count)
    {
        var (at, above, name) = (superBlock.Root.Value!, default(Dentry), 0);
        var inode = at.Inode.Racy!;
        await superBlock.Host.Rcu.ReadLock();
        for (var i = 0; i < count; i++)
        {
            var child = inode.IsDirectory.Racy ? await dentries.LookupRcu(at, path[i]) : null;
            if (child == null)
            {
                return await Unlazy(at, above, name, inode)
                    ? await WalkOn(at, path, i, count, known: null, isMissed: true)
                    : (Errno.ECHILD, null);
            }

            var childInode = child.Inode.Racy;
            if (!IsUnchanged(at, above, name, inode))
            {
                await superBlock.Host.Rcu.ReadUnlock();
                return (Errno.ECHILD, null);
            }

            if (DentryCache.Has(await child.Flags.ReadOnce(), DentryFlags.NoKeyName))
            {
                // fscrypt_d_revalidate would have to set up the directory's key, and says ECHILD.
                return await UnlazyNext(at, child, path[i], childInode)
                    ? await WalkOn(at, path, i, count, known: child, isMissed: false)
                    : (Errno.ECHILD, null);
            }

            if (!IsUnchanged(child, at, path[i], childInode) || childInode == null)
            {
                var isNegative = childInode == null && IsUnchanged(child, at, path[i], childInode);
                await superBlock.Host.Rcu.ReadUnlock();
                return (isNegative ? Errno.ENOENT : Errno.ECHILD, null);
            }

            (above, name, at, inode) = (at, path[i], child, childInode);
        }

        return await Unlazy(at, above, name, inode) ? (Errno.OK, at) : (Errno.ECHILD, null);
    }

    /// <summary>Takes a reference on where the walk is, and ends the read section. False if it is too late for that.</summary>
    [KernelSource("fs/namei.c", "try_to_unlazy")]
    private async KTask<bool> Unlazy(Dentry at, Dentry? above, int name, Inode inode)
    {
        // The race is here: killed, moved or made negative since it was found.
        var isAlive = await at.Ref.GetNotDead();
        var isUnchanged = isAlive && IsUnchanged(at, above, name, inode);
        await superBlock.Host.Rcu.ReadUnlock();
        if (isAlive && !isUnchanged)
            await dentries.Dput(at);
        return isUnchanged;
    }

    /// <summary>The same with where the walk is and where it goes. The child's d_seq stands for both.</summary>
    [KernelSource("fs/namei.c", "try_to_unlazy_next")]
    private async KTask<bool> UnlazyNext(Dentry at, Dentry child, int name, Inode? inode)
    {
        var isAlive = await at.Ref.GetNotDead();
        var isChildAlive = isAlive && await child.Ref.GetNotDead();
        var isUnchanged = isChildAlive && IsUnchanged(child, at, name, inode);
        await superBlock.Host.Rcu.ReadUnlock();
        if (isUnchanged)
            return true;
        if (isChildAlive)
            await dentries.Dput(child);
        if (isAlive)
            await dentries.Dput(at);
        return false;
    }

    // read_seqcount_retry of d_seq. It counts moves, changes of the inode and unhashing, and these are looked at themselves.
    private static bool IsUnchanged(Dentry dentry, Dentry? parent, int name, Inode? inode)
        => parent == null || (DentryCache.IsAt(dentry, parent, name) && ReferenceEquals(dentry.Inode.Racy, inode));
}
