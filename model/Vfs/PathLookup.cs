using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/namei.c: from a path to a dentry.</summary>
public sealed partial class PathLookup
{
    private readonly SuperBlock superBlock;
    private readonly InodeCache inodes;
    private readonly DentryCache dentries;
    private readonly KernelRelease release;
    private readonly bool leavesRcu;
    private readonly Slab<FollowedLink> links;

    internal PathLookup(SuperBlock superBlock, InodeCache inodes, DentryCache dentries, KernelRelease release, FixSet fixes)
    {
        this.superBlock = superBlock;
        this.inodes = inodes;
        this.dentries = dentries;
        this.release = release;
        leavesRcu = fixes.Has(Fixes.RevalidateLeavesRcu);
        links = new Slab<FollowedLink>(superBlock.Host, h => new FollowedLink(h), static _ => false);
    }

    // struct nameidata: where a walk is, and what is before it.
    private readonly record struct NameData(
        Dentry At, int[] Names, int Next, bool EndsInSlash, LookupFlags Flags, int User, FollowedLink? Link = null, int Followed = 0)
    {
        // The name that is next; none if the path is the place where it begins.
        public int Name => Next < Names.Length ? Names[Next] : 0;

        // Whether the next name ends the whole path, and not only the target of a symlink in the middle of it.
        public bool IsAtLast => Next >= Names.Length - 1 && (Link == null || Link.IsTrailing);
    }

    [Flags]
    private enum LookupFlags
    {
        None = 0,

        // LOOKUP_FOLLOW: a symlink that ends the path is followed too.
        Follow = 1 << 0,

        // LOOKUP_DIRECTORY: the end has to be a directory.
        Directory = 1 << 1,

        // LOOKUP_PARENT: the walk ends before the last name.
        Parent = 1 << 2,
    }

    /// <summary>Walks a path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="follow">Whether a symlink that ends it is followed.</param>
    /// <param name="directory">Whether it has to lead to a directory.</param>
    /// <returns>A positive dentry with a reference, or the error.</returns>
    public async KTask<(Errno Error, Dentry? Dentry)> Walk(PathName path, bool follow = true, bool directory = false)
    {
        var flags = (follow ? LookupFlags.Follow : 0) | (directory ? LookupFlags.Directory : 0);
        var (error, walk) = await Walk(path, flags);
        return error == Errno.OK ? await Complete(walk) : (error, null);
    }

    // filename_lookup: RCU first; ECHILD starts all of it again by reference.
    [KernelSource("fs/namei.c", "path_lookupat", Omits = "mounts")]
    private async KTask<(Errno Error, NameData Walk)> Walk(PathName path, LookupFlags flags)
    {
        superBlock.Host.Counters.PathsWalked++;
        var (error, walk) = await WalkRcu(path, flags);
        if (error != Errno.ECHILD)
            return (error, walk);
        superBlock.Host.Counters.WalksRepeated++;
        return await WalkOn(new NameData(await Start(path), path.Names, 0, path.EndsInSlash, flags, path.User), known: null, isMissed: false);
    }

    /// <summary>Where a path begins, with a reference.</summary>
    [KernelSource("fs/namei.c", "path_init", Omits = "the reference on nd->root, which the mount pins")]
    private async KTask<Dentry> Start(PathName path)
    {
        if (path.Below != null && await path.Below.Get() is { } below)
            return below;
        var dentry = path.From ?? superBlock.Root.Value!;
        await DentryCache.Dget(dentry);
        return dentry;
    }

    // The end of a walk that was not to stop before: whether it may be what it is.
    private async KTask<(Errno Error, Dentry? Dentry)> Complete(NameData walk)
    {
        if ((walk.Flags & LookupFlags.Directory) == 0 || walk.At.Inode.Value!.IsDirectory)
            return (Errno.OK, walk.At);
        await dentries.Dput(walk.At);
        return (Errno.ENOTDIR, null);
    }

    /// <summary>Walks on by reference.</summary>
    /// <param name="walk">Where the walk is, with a reference, and one on each symlink: they are dropped if it fails.</param>
    /// <param name="known">The cached dentry of the next name, with a reference, if it was found already.</param>
    /// <param name="isMissed">Whether it is known that none is cached.</param>
    [KernelSource("fs/namei.c", "link_path_walk")]
    private async KTask<(Errno Error, NameData Walk)> WalkOn(NameData walk, Dentry? known, bool isMissed)
    {
        while (walk.Next < walk.Names.Length)
        {
            if (walk.At.Inode.Value!.IsDirectory is false)
                return (await Terminate(walk, Errno.ENOTDIR), default);
            if (!MaySearch(walk.At.Inode.Value!, walk.User))
                return (await Terminate(walk, Errno.EACCES), default);
            if (walk.IsAtLast && (walk.Flags & LookupFlags.Parent) != 0)
                break;
            if (!PathName.IsName(walk.Name))
            {
                walk = await HandleDots(walk);
                continue;
            }

            var (error, child) = (Errno.OK, default(Dentry));
            if (known != null)
                (error, child) = await Validated(known);
            else if (!isMissed)
                (error, child) = await LookupFast(walk.At, walk.Name);
            (known, isMissed) = (null, false);
            if (error == Errno.OK && child == null)
                (error, child) = await LookupSlow(walk.At, walk.Name);
            if (error != Errno.OK)
                return (await Terminate(walk, error), default);
            (error, walk) = await StepInto(walk, child!);
            if (error != Errno.OK)
                return (error, default);
        }

        return (Errno.OK, walk);
    }

    /// <summary>Whether a user may search a directory. It may be gone from the disk under RCU: then its place is noticed.</summary>
    [KernelSource("fs/namei.c", "may_lookup")]
    private bool MaySearch(Inode directory, int user)
        => user == 0 || superBlock.Disk.Inodes[directory.Number.Racy] is not { } disk || Permission(disk, user, MayExecute) == Errno.OK;

    [KernelSource("fs/namei.c", "handle_dots", Omits = "mounts: what is above the root is the root")]
    private async KTask<NameData> HandleDots(NameData walk)
    {
        var isUp = walk.Name == PathName.DotDot;
        walk = await PastName(walk);
        if (!isUp || walk.At.Parent.Racy == null)
            return walk;
        var parent = await dentries.DgetParent(walk.At);
        await dentries.Dput(walk.At);
        return walk with { At = parent };
    }

    /// <summary>Goes to what was found under the next name, whose reference is taken over, or into the target if it is a symlink.</summary>
    [KernelSource("fs/namei.c", "step_into", Omits = "mounts")]
    private async KTask<(Errno Error, NameData Walk)> StepInto(NameData walk, Dentry child)
    {
        var isLast = walk.IsAtLast;
        if (isLast && walk.EndsInSlash)
            walk = walk with { Flags = walk.Flags | LookupFlags.Follow | LookupFlags.Directory };
        walk = await PastName(walk);
        var entry = await child.Flags.LoadAcquire();
        if (!DentryCache.Has(entry, DentryFlags.Positive))
        {
            await dentries.Dput(child);
            return (await Terminate(walk, Errno.ENOENT), default);
        }

        if (DentryCache.Has(entry, DentryFlags.Symlink) && !(isLast && (walk.Flags & LookupFlags.Follow) == 0))
            return await PickLink(walk, child);
        await dentries.Dput(walk.At);
        return (Errno.OK, walk with { At = child });
    }

    // Drops what a walk holds that goes no further.
    [KernelSource("fs/namei.c", "terminate_walk", Omits = "the part under RCU, which is Abandon")]
    private async KTask<Errno> Terminate(NameData walk, Errno error)
    {
        await dentries.Dput(walk.At);
        for (var link = walk.Link; link != null; link = await PutLink(link))
        {
        }

        return error;
    }

    /// <summary>The cached dentry of a name, if it is still valid.</summary>
    [KernelSource("fs/namei.c", "lookup_fast", Omits = "RCU walk, which is WalkRcu")]
    private async KTask<(Errno Error, Dentry? Dentry)> LookupFast(Dentry parent, int name)
    {
        var dentry = await dentries.Lookup(parent, name);
        if (dentry == null)
            return (Errno.OK, null);
        return await Validated(dentry);
    }

    /// <summary>Asks the file system, under the directory's i_rwsem, which other look-ups in it share.</summary>
    [KernelSource("fs/namei.c", "lookup_slow", Omits = "killable waiting")]
    private async KTask<(Errno Error, Dentry? Dentry)> LookupSlow(Dentry parent, int name)
    {
        var directory = parent.Inode.Value!;
        await directory.Rwsem.AcquireRead();
        var (error, dentry) = await LookupParallel(parent, directory, name);
        await directory.Rwsem.ReleaseRead();
        return (error, dentry);
    }

    /// <summary>
    /// A name's dentry, negative if there is no such entry, as another look-up of it may just be finding it. The directory's
    /// i_rwsem is held, shared or not.
    /// </summary>
    [KernelSource("fs/namei.c", "__lookup_slow", Omits = "d_lookup before it in lookup_open, which d_alloc_parallel repeats")]
    private async KTask<(Errno Error, Dentry? Dentry)> LookupParallel(Dentry parent, Inode directory, int name)
    {
        if (directory.IsDead)
            return (Errno.ENOENT, null);
        while (true)
        {
            if (await superBlock.DentryFault.Happens())
                return (Errno.ENOMEM, null);
            var (dentry, isNew) = await dentries.AllocateParallel(parent, name);
            if (!isNew)
            {
                var (invalid, cached) = await Validated(dentry);
                if (invalid == Errno.OK && cached == null)
                    continue;
                return (invalid, cached);
            }

            var (error, alias) = await inodes.FileSystem.Lookup(directory, dentry);
            await dentries.LookupDone(dentry);
            if (error == Errno.OK && alias == null)
                return (error, dentry);
            await dentries.Dput(dentry);
            return (error, alias);
        }
    }

    /// <summary>A name's dentry, negative if there is no such entry. The directory's i_rwsem is held exclusively.</summary>
    [KernelSource("fs/namei.c", "lookup_one_qstr_excl")]
    private async KTask<(Errno Error, Dentry? Dentry)> LookupLocked(Dentry parent, Inode directory, int name)
    {
        var dentry = await dentries.Lookup(parent, name);
        var error = Errno.OK;
        if (dentry != null)
            (error, dentry) = await Validated(dentry);
        if (error == Errno.OK && dentry == null)
        {
            if (directory.IsDead)
                return (Errno.ENOENT, null);
            if (await superBlock.DentryFault.Happens())
                return (Errno.ENOMEM, null);
            dentry = await dentries.Allocate(parent, name);
            (error, var alias) = await inodes.FileSystem.Lookup(directory, dentry);
            if (error != Errno.OK || alias != null)
            {
                await dentries.Dput(dentry);
                dentry = alias;
            }
        }

        return (error, dentry);
    }

    [KernelSource("fs/namei.c", "d_revalidate")]
    private async KTask<(Errno Error, Dentry? Dentry)> Validated(Dentry dentry)
    {
        if (!DentryCache.Has(await dentry.Flags.ReadOnce(), DentryFlags.NoKeyName))
            return (Errno.OK, dentry);
        var (error, valid) = await inodes.FileSystem.Revalidate(dentry);
        if (error == Errno.OK && valid)
            return (Errno.OK, dentry);
        if (error == Errno.OK)
            await dentries.Invalidate(dentry);
        await dentries.Dput(dentry);
        return (error, null);
    }
}
