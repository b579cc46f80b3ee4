using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Walking without references or locks: what is found is true only if its d_seq says so afterwards. Whoever needs more than memory
// can tell takes references on where he is and goes on by reference; where that is too late the whole walk starts again that way.
public sealed partial class PathLookup
{
    // A dentry where the walk is, or goes: what it had, and d_seq then.
    private readonly record struct Seen(Dentry Dentry, Inode? Inode, ChangeStamp Sequence)
    {
        // read_seqcount_retry: it was moved, killed, unhashed, or its inode changed, perhaps there and back.
        public bool HasChanged => Dentry.Sequence.Retry(Sequence);
    }

    /// <summary>Walks without references as far as it goes.</summary>
    /// <returns>Where the walk ends, with references; or an error, ECHILD if the walk has to be made again by reference.</returns>
    [KernelSource("fs/namei.c", "path_lookupat", Omits = "mounts")]
    private async KTask<(Errno Error, NameData Walk)> WalkRcu(PathName path, LookupFlags flags)
    {
        await superBlock.Host.Rcu.ReadLock();
        var below = path.Below == null ? null : await path.Below.Dentry.LoadAcquire();
        var at = await See(below ?? path.From ?? superBlock.Root.Value!);
        var walk = new NameData(at.Dentry, path.Names, 0, path.EndsInSlash, flags, path.User);
        while (walk.Next < walk.Names.Length)
        {
            var (isLast, isDirectory) = (walk.IsAtLast, at.Inode!.Type.Racy == FileType.Directory);
            if (isDirectory && !MaySearch(at.Inode, walk.User))
                return (await Abandon(walk, at.HasChanged ? Errno.ECHILD : Errno.EACCES), default);
            if (isLast && isDirectory && (flags & LookupFlags.Parent) != 0)
                break;
            if (isDirectory && !PathName.IsName(walk.Name))
            {
                if (walk.Name == PathName.DotDot && at.Dentry.Parent.Racy is { } above)
                {
                    var parent = await See(above);
                    if (at.HasChanged || parent.HasChanged)
                        return (await Abandon(walk, Errno.ECHILD), default);
                    at = parent;
                }

                walk = PastNameRcu(walk) with { At = at.Dentry };
                continue;
            }

            var (child, sequence) = isDirectory ? await dentries.LookupRcu(at.Dentry, walk.Name) : default;
            if (child == null)
                return await Unlazy(at, walk.Link) ? await WalkOn(walk, known: null, isMissed: true) : (Errno.ECHILD, default);

            // What was found is the child of where the walk is if that did not change before the child's count was taken.
            if (at.HasChanged)
                return (await Abandon(walk, Errno.ECHILD), default);
            if (DentryCache.Has(await child.Flags.ReadOnce(), DentryFlags.NoKeyName)
                && (leavesRcu || !(await inodes.FileSystem.Revalidate(child)).Valid))
            {
                // fscrypt_d_revalidate would have to set up the directory's key, and says ECHILD.
                return await UnlazyNext(walk, child, sequence) ? await WalkOn(walk, known: child, isMissed: false) : (Errno.ECHILD, default);
            }

            var found = new Seen(child, child.Inode.Racy, sequence);
            if (found.HasChanged)
                return (await Abandon(walk, Errno.ECHILD), default);
            if (found.Inode == null)
                return (await Abandon(walk, Errno.ENOENT), default);
            if (isLast && walk.EndsInSlash)
                walk = walk with { Flags = walk.Flags | LookupFlags.Follow | LookupFlags.Directory };
            walk = PastNameRcu(walk);
            if (found.Inode.Type.Racy != FileType.Symlink || (isLast && (walk.Flags & LookupFlags.Follow) == 0))
            {
                at = found;
                walk = walk with { At = child };
                continue;
            }

            if (walk.Followed >= FollowedMax)
                return (await Abandon(walk, Errno.ELOOP), default);
            walk = Push(walk, child, sequence);
            if (await found.Inode.Link.LoadAcquire() is not { } target)
                return await Unlazy(at, walk.Link) ? await FollowOn(walk, found.Inode) : (Errno.ECHILD, default);
            var link = superBlock.Disk.LinkPathOf(target.Text.Value);
            if (link.IsAbsolute)
                at = await See(superBlock.Root.Value!);            // nd_jump_root
            var trailing = walk.Link!.IsTrailing;
            walk = walk with { At = at.Dentry, Names = link.Names, Next = 0, EndsInSlash = link.EndsInSlash && trailing };
            if (link.Names.Length == 0)
                walk = PastTargetRcu(walk);
        }

        if (!await Unlazy(at, walk.Link))
            return (Errno.ECHILD, default);
        return (Errno.OK, walk);
    }

    // The symlink's target is not in memory, and the file system may have to read it: it wants references.
    private async KTask<(Errno Error, NameData Walk)> FollowOn(NameData walk, Inode inode)
    {
        var (error, target, isOwn) = await inodes.FileSystem.GetLink(inode);
        if (error != Errno.OK)
            return (await Terminate(walk, error), default);
        return await WalkOn(await Into(walk, target!, isOwn), known: null, isMissed: false);
    }

    private NameData PastNameRcu(NameData walk)
    {
        walk = walk with { Next = walk.Next + 1 };
        return walk.Next == walk.Names.Length && walk.Link != null ? PastTargetRcu(walk) : walk;
    }

    private NameData PastTargetRcu(NameData walk)
    {
        var link = walk.Link!;
        var (names, next, slash) = (link.Names.Value!, link.Next.Value, link.EndsInSlash.Value);
        return walk with { Names = names, Next = next, EndsInSlash = slash, Link = Pop(link) };
    }

    // Ends a walk that has no references.
    private async KTask<Errno> Abandon(NameData walk, Errno error)
    {
        await superBlock.Host.Rcu.ReadUnlock();
        for (var link = walk.Link; link != null; link = Pop(link))
        {
        }

        return error;
    }

    /// <summary>Takes references on where the walk is, and ends the read section. False if it is too late for that.</summary>
    [KernelSource("fs/namei.c", "try_to_unlazy")]
    private async KTask<bool> Unlazy(Seen at, FollowedLink? links)
    {
        if (!await LegitimizeLinks(links))
            return false;

        // The race is here: killed, moved or made negative since it was found.
        var isAlive = await at.Dentry.Ref.GetNotDead();
        var isUnchanged = isAlive && !at.HasChanged;
        await superBlock.Host.Rcu.ReadUnlock();
        if (isAlive && !isUnchanged)
            await dentries.Dput(at.Dentry);
        if (!isUnchanged)
            await DropLinks(links, until: null);
        return isUnchanged;
    }

    /// <summary>The same with where the walk is and where it goes. The child's d_seq stands for both.</summary>
    [KernelSource("fs/namei.c", "try_to_unlazy_next")]
    private async KTask<bool> UnlazyNext(NameData walk, Dentry child, ChangeStamp sequence)
    {
        if (!await LegitimizeLinks(walk.Link))
            return false;
        var isAlive = await walk.At.Ref.GetNotDead();
        var isChildAlive = isAlive && await child.Ref.GetNotDead();
        var isUnchanged = isChildAlive && !child.Sequence.Retry(sequence);
        await superBlock.Host.Rcu.ReadUnlock();
        if (isUnchanged)
            return true;
        if (isChildAlive)
            await dentries.Dput(child);
        if (isAlive)
            await dentries.Dput(walk.At);
        await DropLinks(walk.Link, until: null);
        return false;
    }

    /// <summary>Takes references on the symlinks that are being followed. If one is gone the read section ends, and all are dropped.</summary>
    [KernelSource("fs/namei.c", "legitimize_links")]
    private async KTask<bool> LegitimizeLinks(FollowedLink? links)
    {
        for (var link = links; link != null; link = link.Outer.Value)
        {
            var dentry = link.Link.Value!;
            var isAlive = await dentry.Ref.GetNotDead();
            if (isAlive && !dentry.Sequence.Retry(link.Sequence.Value))
                continue;
            await superBlock.Host.Rcu.ReadUnlock();
            if (isAlive)
                await dentries.Dput(dentry);
            await DropLinks(links, until: link);
            return false;
        }

        return true;
    }

    // Of the symlinks on the stack those above one of them have a reference; all of them if that is none.
    [KernelSource("fs/namei.c", "drop_links")]
    private async KTask DropLinks(FollowedLink? links, FollowedLink? until)
    {
        var isReferenced = true;
        while (links != null)
        {
            isReferenced &= !ReferenceEquals(links, until);
            var dentry = links.Link.Value!;
            links = Pop(links);
            if (isReferenced)
                await dentries.Dput(dentry);
        }
    }

    // A dentry that the walk comes to other than by its name. While somebody changes it the kernel spins.
    private static async KTask<Seen> See(Dentry dentry)
    {
        var now = dentry.Sequence.Now;
        while (now.IsOdd)
        {
            await dentry.Sequence.ChangedSince(now);
            now = dentry.Sequence.Now;
        }

        return new Seen(dentry, dentry.Inode.Racy, now);
    }
}
