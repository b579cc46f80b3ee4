using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Properties.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Which inodes are on ext4's orphan list: those without a name that somebody still uses, and no others.</summary>
public static class OrphanTests
{
    [Fact]
    public static void A_file_is_one_from_its_last_unlink_to_its_last_close()
        => Run(async (t, orphans) =>
        {
            var f = t.Of(t.F).OnDisk;
            await t.Kernel.Calls.Link(t.Path("d", "f"), t.Path("d", "e"), 0);
            await t.Kernel.Calls.Unlink(t.Path("d", "f"), 0);
            Assert.Null(orphans.List.First);
            await t.Kernel.Calls.Unlink(t.Path("d", "e"), 0);
            Assert.Same(f, orphans.List.First);
            await t.Kernel.Calls.Close(t.File);
            Assert.Null(orphans.List.First);
        });

    [Fact]
    public static void What_a_rename_replaces_is_one()
        => Run(async (t, orphans) =>
        {
            var f = t.Of(t.F).OnDisk;
            await t.Kernel.Calls.Rename(t.Path("d", "g"), t.Path("d", "f"), RenameKind.Replace, 0);
            Assert.Same(f, orphans.List.First);
            await t.Kernel.Calls.Close(t.File);
            Assert.Null(orphans.List.First);
        });

    [Fact]
    public static void A_file_without_a_name_is_one_until_it_gets_one()
        => Run(async (t, orphans) =>
        {
            var (_, file) = await t.Kernel.Calls.Open(t.Path("d"), OpenFlags.ReadWrite | OpenFlags.Temporary);
            Assert.Same(t.Of(file!.Dentry.Peek!).OnDisk, orphans.List.First);
            await t.Kernel.Calls.Link(file, t.Path("d", "e"), 0);
            Assert.Null(orphans.List.First);
            await t.Kernel.Calls.Close(file);
        });

    [Fact]
    public static void One_that_is_left_is_found_at_umount()
    {
        var tree = new CachedTree();
        tree.Run(async () =>
        {
            ((Ext4)tree.Kernel.Inodes.FileSystem).Orphans.List.AddFirst(tree.H.OnDisk);
            await tree.Kernel.Calls.Close(tree.File);
            await tree.Kernel.Calls.Umount(0);
        });
        Assert.Equal("busy-at-umount", tree.Finding?.Rule);
    }

    private static void Run(Func<CachedTree, Orphans, KTask> body)
    {
        var tree = new CachedTree();
        tree.Run(() => body(tree, ((Ext4)tree.Kernel.Inodes.FileSystem).Orphans));
        Assert.True(tree.Finding == null, tree.Finding?.ToString());
        Assert.Null(tree.Invariants.FirstBroken(atRest: true)?.Sentence);
    }
}
