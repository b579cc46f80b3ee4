using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/namei.c: from a path to a dentry.</summary>
public sealed partial class PathLookup(SuperBlock superBlock, InodeCache inodes, DentryCache dentries, KernelRelease release)
{
    /// <summary>Walks a path from the root.</summary>
    /// <param name="path">Numbers of names, from <see cref="Disk.FileName"/>.</param>
    /// <returns>A positive dentry with a reference, or the error.</returns>
    public KTask<(Errno Error, Dentry? Dentry)> Walk(int[] path) => Walk(path, path.Length);

    [KernelSource("fs/namei.c", "path_openat", Omits = "symlinks; permission to search: every directory lets everybody")]
    private async KTask<(Errno Error, Dentry? Dentry)> Walk(int[] path, int count)
    {
        var (error, dentry) = await WalkRcu(path, count);
        if (error != Errno.ECHILD)
            return (error, dentry);
        dentry = superBlock.Root.Value!;
        await DentryCache.Dget(dentry);
        return await WalkOn(dentry, path, 0, count, known: null, isMissed: false);
    }

    /// <summary>Walks on by reference.</summary>
    /// <param name="dentry">Where the walk is, with a reference, which is dropped.</param>
    /// <param name="path">The path.</param>
    /// <param name="start">Which name is next.</param>
    /// <param name="count">How many names there are.</param>
    /// <param name="known">The cached dentry of the next name, with a reference, if it was found already.</param>
    /// <param name="isMissed">Whether it is known that none is cached.</param>
    [KernelSource("fs/namei.c", "link_path_walk", Omits = "symlinks; permission to search: every directory lets everybody")]
    private async KTask<(Errno Error, Dentry? Dentry)> WalkOn(
        Dentry dentry, int[] path, int start, int count, Dentry? known, bool isMissed)
    {
        for (var i = start; i < count; i++)
        {
            if (dentry.Inode.Value!.IsDirectory.Value is false)
            {
                await dentries.Dput(dentry);
                return (Errno.ENOTDIR, null);
            }

            var (error, child) = (Errno.OK, default(Dentry));
            if (known != null)
                (error, child) = await Validated(known);
            else if (!isMissed)
                (error, child) = await LookupFast(dentry, path[i]);
            (known, isMissed) = (null, false);
            if (error == Errno.OK && child == null)
                (error, child) = await LookupSlow(dentry, path[i]);
            await dentries.Dput(dentry);
            if (error != Errno.OK)
                return (error, null);
            dentry = child!;
            if (!await DentryCache.IsPositive(dentry))
            {
                await dentries.Dput(dentry);
                return (Errno.ENOENT, null);
            }
        }

        return (Errno.OK, dentry);
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
