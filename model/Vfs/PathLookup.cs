using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/namei.c: from a path to a dentry, by reference walk.</summary>
public sealed partial class PathLookup(SuperBlock superBlock, InodeCache inodes, DentryCache dentries, KernelRelease release)
{
    /// <summary>Walks a path from the root.</summary>
    /// <param name="path">Numbers of names, from <see cref="Disk.FileName"/>.</param>
    /// <returns>A positive dentry with a reference, or the error.</returns>
    public KTask<(Errno Error, Dentry? Dentry)> Walk(int[] path) => Walk(path, path.Length);

    [KernelSource("fs/namei.c", "path_openat", Omits = "RCU walk; symlinks; permission to search: every directory lets everybody")]
    private async KTask<(Errno Error, Dentry? Dentry)> Walk(int[] path, int count)
    {
        var dentry = superBlock.Root.Value!;
        await DentryCache.Dget(dentry);
        for (var i = 0; i < count; i++)
        {
            if (dentry.Inode.Value!.IsDirectory.Value is false)
            {
                await dentries.Dput(dentry);
                return (Errno.ENOTDIR, null);
            }

            var (error, child) = await LookupFast(dentry, path[i]);
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
    [KernelSource("fs/namei.c", "lookup_fast", Omits = "RCU walk")]
    private async KTask<(Errno Error, Dentry? Dentry)> LookupFast(Dentry parent, int name)
    {
        var dentry = await dentries.Lookup(parent, name);
        if (dentry == null)
            return (Errno.OK, null);
        return await Validated(dentry);
    }

    /// <summary>Asks the file system, under the directory's i_rwsem.</summary>
    [KernelSource("fs/namei.c", "lookup_slow",
        Omits = "d_alloc_parallel: i_rwsem is taken exclusively, so that no two look-ups in one directory run side by side")]
    private async KTask<(Errno Error, Dentry? Dentry)> LookupSlow(Dentry parent, int name)
    {
        var directory = parent.Inode.Value!;
        await directory.Rwsem.AcquireWrite();
        var (error, dentry) = (Errno.ENOENT, default(Dentry));
        if (!directory.IsDead)
            (error, dentry) = await LookupLocked(parent, directory, name);
        await directory.Rwsem.ReleaseWrite();
        return (error, dentry);
    }

    /// <summary>A name's dentry, negative if there is no such entry. The directory's i_rwsem is held.</summary>
    [KernelSource("fs/namei.c", "__lookup_slow", Omits = "d_alloc_parallel, as lookup_slow")]
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
            error = await inodes.FileSystem.Lookup(directory, dentry);
            if (error != Errno.OK)
            {
                await dentries.Dput(dentry);
                dentry = null;
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
