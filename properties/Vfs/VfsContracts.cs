using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>What a function of the VFS does for one caller on a <see cref="CachedTree"/>: what it returns and leaves behind.</summary>
/// <param name="Function">Type and method.</param>
/// <param name="Call">Calls it, and looks at what it did.</param>
internal sealed record VfsContract(string Function, Func<CachedTree, KTask> Call)
{
    /// <summary>What has to be done before, where sleeping is allowed whatever the function is.</summary>
    public Func<CachedTree, KTask> Before { get; init; } = _ => KTask.Done;

    /// <summary>Whether it may sleep, and says so whatever path it takes.</summary>
    public bool Sleeps { get; init; } = true;

    public override string ToString() => Function;
}

/// <summary>The table of contracts: dentries, names, writeback, reclaim, mounts, pages. That of inodes is InodeContractTests.</summary>
internal static partial class VfsContracts
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<VfsContract> All { get; } = [.. Caches, .. ReadsAndWrites];

    private static IReadOnlyList<VfsContract> Caches =>
    [
        new("DentryCache.Dget", async t =>
        {
            await DentryCache.Dget(t.F);
            Assert.Equal(2, t.F.Ref.Peek);
            await t.F.Ref.Acquire();
            t.F.Ref.Count--;
            await t.F.Ref.Release();
        }) { Sleeps = false },
        new("DentryCache.Allocate", async t =>
        {
            var made = await t.Kernel.Dentries.Allocate(t.D, t.Kernel.Disk.FileName("new"));
            Assert.Equal((1, false, t.D, 3), (made.Ref.Peek, made.HashLink.Peek, made.Parent.Peek, t.D.Ref.Peek));
            await t.Kernel.Dentries.Dput(made);
            Assert.Equal((false, 2), (made.IsAlive, t.D.Ref.Peek));
        }),
        new("DentryCache.SpliceAlias", async t =>
        {
            var dentry = await t.Kernel.Dentries.Allocate(t.D, t.Kernel.Disk.FileName("h"));
            await t.Kernel.Inodes.Igrab(t.H);
            await t.Kernel.Dentries.SpliceAlias(t.H, dentry);
            Assert.Equal((true, t.H, 1), (dentry.HashLink.Peek, dentry.Inode.Peek, t.H.Count.Peek));
            await t.Kernel.Dentries.Dput(dentry);
            Assert.True(dentry.LruLink.Peek);
        }),
        new("DentryCache.Instantiate", async t =>
        {
            var dentry = await t.Kernel.Dentries.Allocate(t.D, t.Kernel.Disk.FileName("other"));
            await t.Kernel.Dentries.SpliceAlias(null, dentry);
            Assert.False(await DentryCache.IsPositive(dentry));
            await t.Kernel.Inodes.Igrab(t.H);
            await DentryCache.Instantiate(dentry, t.H);
            Assert.True(await DentryCache.IsPositive(dentry));
            await t.Kernel.Dentries.Dput(dentry);
        }),
        new("DentryCache.FindAnyAlias", async t =>
        {
            Assert.Null(await DentryCache.FindAnyAlias(t.H));
            Assert.Same(t.F, await DentryCache.FindAnyAlias(t.Of(t.F)));
            Assert.Equal((2, false), (t.F.Ref.Peek, t.Of(t.F).Lock.IsHeld));
            await t.Kernel.Dentries.Dput(t.F);
        }),
        new("DentryCache.Lookup", async t =>
        {
            Assert.Null(await t.Kernel.Dentries.Lookup(t.D, t.Kernel.Disk.FileName("nothing")));
            Assert.Same(t.F, await t.Kernel.Dentries.Lookup(t.D, t.F.FileName.Peek));
            Assert.Equal(2, t.F.Ref.Peek);
            await t.Kernel.Dentries.Dput(t.F);
        }),
        new("DentryCache.MarkDontCache", async t =>
        {
            var (g, inode) = (t.G, t.Of(t.G));
            await DentryCache.MarkDontCache(inode);
            Assert.Equal((true, true), ((g.Flags.Peek & DentryFlags.DontCache) != 0, (inode.State.Peek & InodeState.DontCache) != 0));
            Assert.Equal((true, 0, false), (g.HashLink.Peek, g.Ref.Peek, inode.Lock.IsHeld));
        }) { Sleeps = false },
        new("DentryCache.Dput", async t =>
        {
            var f = t.F;
            await t.Kernel.Dentries.Dput(f);
            Assert.Equal((0, true, true, 1), (f.Ref.Peek, f.HashLink.Peek, t.SuperBlock.DentryLru.PeekContains(f), t.Of(f).Count.Peek));
            await DentryCache.Dget(f);
            await t.Kernel.Dentries.Dput(f);
            Assert.True((f.Flags.Peek & DentryFlags.Referenced) != 0);
        }),
        new("DentryCache.Invalidate", async t =>
        {
            var d = t.D;
            await DentryCache.Dget(d);
            await t.Kernel.Dentries.Invalidate(d);
            Assert.Equal((false, 1), (d.HashLink.Peek, d.Children.PeekCount));        // f is open, g is gone
            await t.Kernel.Dentries.Dput(d);
        }),
        new("DentryCache.Delete", async t =>
        {
            var (g, inode) = (t.G, t.Of(t.G));
            await DentryCache.Dget(g);
            await t.Kernel.Dentries.Delete(g);
            Assert.Equal((true, null, 0), (g.HashLink.Peek, g.Inode.Peek, inode.Count.Peek));
            await t.Kernel.Dentries.Dput(g);
            await DentryCache.Dget(t.F);
            await t.Kernel.Dentries.Delete(t.F);                       // two users
            Assert.Equal((false, true), (t.F.HashLink.Peek, t.F.Inode.Peek != null));
            await t.Kernel.Dentries.Dput(t.F);
        }),
        new("DentryCache.Move", async t =>
        {
            var (f, name) = (t.F, t.Kernel.Disk.FileName("moved"));
            var target = await t.Kernel.Dentries.Allocate(t.Root, name);
            await t.Kernel.Dentries.SpliceAlias(null, target);
            await t.Kernel.Dentries.Move(f, target);
            Assert.Equal((t.Root, name, true, false), (f.Parent.Peek, f.FileName.Peek, f.HashLink.Peek, target.HashLink.Peek));
            Assert.True(DentryCache.IsBelow(f, t.Root) && !DentryCache.IsBelow(f, t.D));
            await t.Kernel.Dentries.Dput(target);
        }),
        new("DentryCache.PruneAliases", async t =>
        {
            var (g, inode) = (t.G, t.Of(t.G));
            await t.Kernel.Inodes.Igrab(inode);
            await t.Kernel.Dentries.PruneAliases(inode);
            await t.Kernel.Dentries.PruneAliases(t.Of(t.F));           // in use: stays
            Assert.Equal((false, 1, 1), (g.IsAlive, inode.Count.Peek, t.F.Ref.Peek));
            await t.Kernel.Inodes.Iput(inode);
        }),
        new("DentryCache.ShrinkParent", async t =>
        {
            await t.Kernel.Dentries.ShrinkParent(t.Root);
            Assert.Equal((0, 1, 1), (t.SuperBlock.DentryLru.PeekCount, t.D.Ref.Peek, t.F.Ref.Peek));
        }),
        new("DentryCache.PruneLru", async t =>
        {
            Assert.Equal(1, await t.Kernel.Dentries.PruneLru(5));
            Assert.Equal(0, await t.Kernel.Dentries.PruneLru(5));
        }),
        new("DentryCache.ShrinkAll", async t =>
        {
            await t.Touch("d", "g");                                   // used twice: no second chance here
            await t.Kernel.Dentries.ShrinkAll();
            Assert.Equal((0, 1), (t.SuperBlock.DentryLru.PeekCount, t.D.Children.PeekCount));
        }),

        new("PathLookup.Walk", async t =>
        {
            var (error, file) = await t.Kernel.Calls.Open(t.Path("d", "h"));
            Assert.Equal((Errno.OK, t.H), (error, file!.Dentry.Peek!.Inode.Peek));
            await t.Kernel.Calls.Close(file);
            Assert.Equal(Errno.ENOENT, (await t.Kernel.Calls.Open(t.Path("d", "no"))).Error);
            Assert.Equal(Errno.ENOENT, (await t.Kernel.Calls.Open(t.Path("d", "no"))).Error);      // a negative dentry
            Assert.Equal(Errno.ENOTDIR, (await t.Kernel.Calls.Open(t.Path("d", "f", "x"))).Error);
        }),
        new("PathLookup.Create", async t =>
        {
            Assert.Equal(Errno.EEXIST, (await t.Kernel.Calls.Create(t.Path("d", "f"), 0)).Error);
            var (error, file) = await t.Kernel.Calls.Create(t.Path("d", "new"), 0);
            Assert.Equal((Errno.OK, InodeState.None), (error, t.Of(file!.Dentry.Peek!).State.Peek));
            await t.Kernel.Calls.Close(file);
            (error, file) = await t.Kernel.Calls.Open(t.Path("d", "new"), OpenFlags.ReadWrite | OpenFlags.Create);
            await t.Kernel.Calls.Close(file!);
            Assert.Equal(Errno.EACCES, (await t.Kernel.Calls.Create(t.Path("d", "x"), 1)).Error);
        }),
        new("PathLookup.MakeDirectory", async t =>
        {
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Mkdir(t.Path("d", "e"), 0));
            Assert.Equal(Errno.EEXIST, await t.Kernel.Calls.Mkdir(t.Path("d"), 0));
            Assert.Equal(Errno.ENOENT, await t.Kernel.Calls.Mkdir(t.Path("no", "e"), 0));
        }),
        new("PathLookup.MakeSymlink", async t =>
        {
            int[] s = t.Path("d", "s"), e = t.Path("d", "e");
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Mkdir(e, 0));
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Symlink(t.Kernel.Disk.Text("e"), s, 0));
            Assert.Equal(Errno.EEXIST, await t.Kernel.Calls.Symlink(t.Kernel.Disk.Text("e"), s, 0));
            Assert.Equal("e", t.Kernel.Disk.TextOf((await t.Kernel.Calls.ReadLink(s)).Text));
            Assert.Equal(Errno.EINVAL, (await t.Kernel.Calls.ReadLink(t.Path("d", "f"))).Error);
            await t.Kernel.Reclaim.DropCaches(3);
            Assert.Equal("e", t.Kernel.Disk.TextOf((await t.Kernel.Calls.ReadLink(s)).Text));
            var (error, file) = await t.Kernel.Calls.Open(new PathName([.. s, PathName.DotDot, t.F.FileName.Peek]));      // e is not cached
            Assert.Equal((Errno.OK, t.F), (error, file!.Dentry.Peek));
            await t.Kernel.Calls.Close(file);
            (error, file) = await t.Kernel.Calls.Open(new PathName(s, EndsInSlash: true), OpenFlags.Read | OpenFlags.Create);
            Assert.Equal((Errno.EISDIR, null), (error, file));
            Assert.Equal(Errno.EISDIR, (await t.Kernel.Calls.Open(s, OpenFlags.Read | OpenFlags.Create)).Error);
        }),
        new("PathLookup.MakeSpecial", async t =>
        {
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Mknod(t.Path("d", "p"), 0));
            Assert.Equal(Errno.ENXIO, (await t.Kernel.Calls.Open(t.Path("d", "p"))).Error);
        }),
        new("PathLookup.Temporary", async t =>
        {
            var (error, file) = await t.Kernel.Calls.Open(t.Path("d"), OpenFlags.ReadWrite | OpenFlags.Temporary);
            var (dentry, inode) = (file!.Dentry.Peek!, t.Of(file.Dentry.Peek!));
            Assert.Equal((Errno.OK, false, t.D, 0), (error, dentry.HashLink.Peek, dentry.Parent.Peek, inode.Nlink.Peek));
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Link(file, t.Path("d", "t"), 0));
            Assert.Equal((1, 2, InodeState.None), (inode.Nlink.Peek, inode.Aliases.PeekCount, inode.State.Peek & InodeState.Linkable));
            await t.Kernel.Calls.Close(file);
            Assert.Equal((false, true), (dentry.IsAlive, inode.IsAlive));
        }),
        new("WorkingDirectory.Set", async t =>
        {
            var process = t.Kernel.Calls.WorkingDirectories[0];
            Assert.Equal(Errno.OK, await t.Kernel.Calls.ChangeDirectory(process, t.Path("d"), 0));
            Assert.Equal((t.D, Errno.OK), (process.Dentry.Peek, await t.Kernel.Calls.ChangeDirectory(process, new PathName([PathName.DotDot], Below: process), 0)));
            Assert.Same(t.Root, process.Dentry.Peek);
            await t.Kernel.Calls.LeaveDirectory(process);
            Assert.Null(process.Dentry.Peek);
        }) { Before = Process },
        new("PathLookup.Unlink", async t =>
        {
            var f = t.F;
            Assert.Equal((Errno.OK, Errno.ENOENT), (await t.Kernel.Calls.Unlink(t.Path("d", "f"), 0), await t.Kernel.Calls.Unlink(t.Path("d", "f"), 0)));
            Assert.Equal((false, 0, true), (f.HashLink.Peek, t.Of(f).Nlink.Peek, t.Of(f).IsAlive));
            await t.Kernel.Calls.Close(t.File);
            Assert.False(f.IsAlive);
            Assert.Equal(Errno.EISDIR, await t.Kernel.Calls.Unlink(t.Path("d"), 0));
        }),
        new("PathLookup.RemoveDirectory", async t =>
        {
            Assert.Equal(Errno.ENOTEMPTY, await t.Kernel.Calls.Rmdir(t.Path("d"), 0));
            Assert.Equal(Errno.ENOTDIR, await t.Kernel.Calls.Rmdir(t.Path("d", "g"), 0));
            await t.Kernel.Calls.Mkdir(t.Path("d", "e"), 0);
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Rmdir(t.Path("d", "e"), 0));
        }),
        new("PathLookup.Link", async t =>
        {
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Link(t.Path("d", "f"), t.Path("d", "f2"), 0));
            Assert.Equal((2, 2, 2), (t.Of(t.F).Nlink.Peek, t.Of(t.F).Aliases.PeekCount, t.Of(t.F).Count.Peek));
            Assert.Equal(Errno.EPERM, await t.Kernel.Calls.Link(t.Path("d"), t.Path("e"), 0));
        }),
        new("PathLookup.Rename", async t =>
        {
            var (f, victim) = (t.F, t.Of(t.G));
            Assert.Equal(Errno.EEXIST, await t.Kernel.Calls.Rename(t.Path("d", "f"), t.Path("d", "g"), RenameKind.NoReplace, 0));
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Rename(t.Path("d", "f"), t.Path("d", "g"), RenameKind.Replace, 0));
            Assert.Equal((t.Kernel.Disk.FileName("g"), false), (f.FileName.Peek, victim.IsAlive));
            await t.Kernel.Calls.Mkdir(t.Path("d", "e"), 0);
            await t.Kernel.Calls.Rename(t.Path("d", "g"), t.Path("d", "e", "g"), RenameKind.Replace, 0);
            Assert.Equal("dentry:e", f.Parent.Peek!.Name);
            Assert.Equal(Errno.ENOENT, await t.Kernel.Calls.Rename(t.Path("d", "no"), t.Path("d", "e"), RenameKind.Exchange, 0));
            await t.Kernel.Calls.Mkdir(t.Path("d", "x"), 0);
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Rename(t.Path("d", "e"), t.Path("d", "x"), RenameKind.Exchange, 0));
            Assert.Equal((t.Kernel.Disk.FileName("x"), "dentry:x"), (f.Parent.Peek!.FileName.Peek, f.Parent.Peek!.Name));
        }),

        new("Reclaim.DropCaches", async t =>
        {
            await t.Kernel.Reclaim.DropCaches(3);
            Assert.Equal((false, true), (t.H.IsAlive, t.F.IsAlive));
        }),
        new("Reclaim.DropCacheIoctl", async t =>
        {
            var (open, written) = (t.Of(t.G), t.Of(t.F));
            var (_, file) = await t.Kernel.Calls.Open(t.Path("d", "g"));
            await t.Kernel.Calls.Close(t.File);
            await t.Kernel.Reclaim.DropCacheIoctl();
            Assert.Equal((true, false), (open.IsAlive, t.H.IsAlive));
            Assert.Equal(!t.Kernel.Inodes.Has(Change.InvalidateKillsDirty), written.IsAlive);      // not synced before: its data is lost
            await t.Kernel.Calls.Close(file!);
        }) { Before = Dirty },
        new("Reclaim.Allocate", async t =>
        {
            await t.Kernel.Reclaim.Allocate();
            Assert.Equal(1, t.Kernel.Reclaim.Budget.Peek);             // the first choice is: not now
        }) { Before = Reclaiming },
        new("Mounts.Get", async t =>
        {
            var before = t.Kernel.Mounts.Users.Peek;
            Assert.True(await t.Kernel.Mounts.Get());
            Assert.Equal(before + 1, t.Kernel.Mounts.Users.Peek);
            await t.Kernel.Mounts.Put();
            Assert.Equal((before, false), (t.Kernel.Mounts.Users.Peek, t.Kernel.Mounts.Lock.IsHeld));
        }) { Sleeps = false },
        new("Mounts.Mount", async t => Assert.Equal(Errno.EBUSY, await t.Kernel.Mounts.Mount())),
        new("Mounts.Umount", async t =>
        {
            Assert.Equal(Errno.EBUSY, await t.Kernel.Mounts.Umount());
            await t.Kernel.Calls.Close(t.File);
            Assert.Equal((Errno.OK, Errno.EINVAL), (await t.Kernel.Mounts.Umount(), await t.Kernel.Mounts.Umount()));
            Assert.Equal((0, 0, 0), (t.SuperBlock.Inodes.PeekCount, t.SuperBlock.DentryLru.PeekCount, t.SuperBlock.InodeLru.PeekCount));
            Assert.Equal(Errno.OK, await t.Kernel.Mounts.Mount());
        }) { Before = t => { t.Kernel.Mounts.Users.Value = 1; return KTask.Done; } },
        new("PageCache.Write", async t =>
        {
            await Dirty(t);
            var inode = t.Of(t.F);
            Assert.Equal((FolioFlags.Uptodate | FolioFlags.Dirty, InodeState.DirtySync | InodeState.DirtyPages), (inode.Folio.Peek.Flags, inode.State.Peek));
            Assert.Equal("f-data", t.Kernel.Disk.TextOf(inode.OnDisk.Data.Peek));
        }),
        new("PageCache.Truncate", async t =>
        {
            var inode = t.Of(t.F);
            await t.Kernel.Calls.Truncate(t.Path("d", "f"), 3, 0);
            Assert.Equal(("f-d", FolioFlags.Uptodate | FolioFlags.Dirty), (t.Kernel.Disk.TextOf(inode.Folio.Peek.Data), inode.Folio.Peek.Flags));
            Assert.Equal(InodeState.DirtyPages, inode.State.Peek & InodeState.DirtyPages);
            await t.Kernel.Calls.Truncate(t.Path("d", "f"), 0, 0);
            Assert.Equal((FolioFlags.None, 0), (inode.Folio.Peek.Flags, inode.OnDisk.Data.Peek));
        }),
        new("PageCache.Store", async t =>
        {
            var (_, mapping) = await t.Kernel.Calls.Map(t.File, isWritable: true, isPrivate: false);
            Assert.Equal(Errno.OK, await t.Kernel.Calls.Store(mapping!, t.Kernel.Disk.Text("F-DATA-and-more")));
            Assert.Equal("F-DATA", t.Kernel.Disk.TextOf(t.Of(t.F).Folio.Peek.Data));
            Assert.Equal(FolioFlags.Uptodate | FolioFlags.Dirty, t.Of(t.F).Folio.Peek.Flags);
        }),
        new("PageCache.Read", async t =>
        {
            Assert.Equal("f-data", t.Kernel.Disk.TextOf((await t.Kernel.Calls.Read(t.File)).Text));
            Assert.Equal(FolioFlags.Uptodate, t.Of(t.F).Folio.Peek.Flags);
        }),
    ];

    private static (InodeState State, int Dirty, string Data) Written(CachedTree tree)
        => (tree.Of(tree.F).State.Peek, tree.Kernel.Writeback.DirtyInodes.Peek, tree.Kernel.Disk.TextOf(tree.Of(tree.F).OnDisk.Data.Peek));

    private static async KTask Dirty(CachedTree tree) => await tree.Kernel.Calls.Write(tree.File, tree.Kernel.Disk.Text("fresh!"));

    private static KTask LazyTime(CachedTree tree)
    {
        tree.SuperBlock.IsLazyTime.Value = true;
        return KTask.Done;
    }

    private static KTask Process(CachedTree tree)
    {
        tree.Kernel.Calls.AddProcess();
        return KTask.Done;
    }

    private static KTask Reclaiming(CachedTree tree)
    {
        tree.Kernel.Reclaim.InAllocations = true;
        tree.Kernel.Reclaim.Budget.Initialize(1);
        return KTask.Done;
    }
}
