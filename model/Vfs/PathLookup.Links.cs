using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Symlinks on the way. A walk by reference has one on each symlink in whose target it is, until the last name of that was found.
public sealed partial class PathLookup
{
    // MAXSYMLINKS: all that one walk may follow.
    private const int FollowedMax = 40;

    /// <summary>What a symlink leads to, as readlink gives it.</summary>
    /// <returns>A number of <see cref="Disk.TextOf"/>, or the error.</returns>
    [KernelSource("fs/namei.c", "vfs_readlink", Omits = "the buffer of the process, which is always large enough")]
    public async KTask<(Errno Error, int Text)> ReadLink(Inode inode)
    {
        var (error, target, isOwn) = await TargetOf(inode);
        if (error != Errno.OK)
            return (error, 0);
        var text = target!.Text.Value;
        if (isOwn)
            inodes.FileSystem.PutLink(target);
        return (Errno.OK, text);
    }

    // i_link, or what the file system says. Who reads i_link reads what it points to: that orders, here as an acquire.
    private async KTask<(Errno Error, LinkTarget? Target, bool IsOwn)> TargetOf(Inode inode)
        => await inode.Link.LoadAcquire() is { } cached ? (Errno.OK, cached, false) : await inodes.FileSystem.GetLink(inode);

    /// <summary>Into the target of a symlink, whose reference is taken over. The walk is past its name.</summary>
    [KernelSource("fs/namei.c", "pick_link", Omits = "atime; protected_symlinks; LOOKUP_NO_SYMLINKS; the part under RCU, which is WalkRcu")]
    private async KTask<(Errno Error, NameData Walk)> PickLink(NameData walk, Dentry link)
    {
        if (walk.Followed >= FollowedMax)
        {
            await dentries.Dput(link);
            return (await Terminate(walk, Errno.ELOOP), default);
        }

        walk = Push(walk, link, default);
        var (error, target, isOwn) = await TargetOf(link.Inode.Value!);
        if (error != Errno.OK)
            return (await Terminate(walk, error), default);
        return (Errno.OK, await Into(walk, target!, isOwn));
    }

    // nd->stack gets one more: what comes after the symlink is left for later.
    private NameData Push(NameData walk, Dentry link, ChangeStamp sequence)
    {
        var followed = links.Allocate();
        followed.Link.Value = link;
        followed.Sequence.Value = sequence;
        followed.Target.Value = null;
        followed.Names.Value = walk.Names;
        followed.Next.Value = walk.Next;
        followed.EndsInSlash.Value = walk.EndsInSlash;
        followed.Outer.Value = walk.Link;
        return walk with { Link = followed, Followed = walk.Followed + 1 };
    }

    // The target of the symlink on top of the stack, from where it begins.
    private async KTask<NameData> Into(NameData walk, LinkTarget target, bool isOwn)
    {
        if (isOwn)
            walk.Link!.Target.Value = target;
        var path = superBlock.Disk.LinkPathOf(target.Text.Value);
        if (path.IsAbsolute)
        {
            await dentries.Dput(walk.At);                          // nd_jump_root
            await DentryCache.Dget(superBlock.Root.Value!);
            walk = walk with { At = superBlock.Root.Value! };
        }

        var trailing = walk.Link!.IsTrailing;
        walk = walk with { Names = path.Names, Next = 0, EndsInSlash = path.EndsInSlash && trailing };
        return path.Names.Length > 0 ? walk : await PastTarget(walk);
    }

    // The next name was found, or is a dot. If it was the last one of a symlink's target the path that the symlink is in goes on.
    private async KTask<NameData> PastName(NameData walk)
    {
        walk = walk with { Next = walk.Next + 1 };
        return walk.Next == walk.Names.Length && walk.Link != null ? await PastTarget(walk) : walk;
    }

    private async KTask<NameData> PastTarget(NameData walk)
    {
        var link = walk.Link!;
        walk = walk with
        {
            Names = link.Names.Value!,
            Next = link.Next.Value,
            EndsInSlash = link.EndsInSlash.Value,
            Link = link.Outer.Value,
        };
        await PutLink(link);
        return walk;
    }

    /// <summary>Drops a symlink that was followed. Returns the one in whose target it was.</summary>
    [KernelSource("fs/namei.c", "put_link")]
    private async KTask<FollowedLink?> PutLink(FollowedLink link)
    {
        var dentry = link.Link.Value!;
        var outer = Pop(link);
        await dentries.Dput(dentry);
        return outer;
    }

    // do_delayed_call, and the entry itself, which is the walk's own.
    private FollowedLink? Pop(FollowedLink link)
    {
        if (link.Target.Value is { } target)
            inodes.FileSystem.PutLink(target);
        var outer = link.Outer.Value;
        links.Free(link);
        return outer;
    }
}
