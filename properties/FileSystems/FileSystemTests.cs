using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Properties.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.FileSystems;

/// <summary>Where the file systems differ, and that they do not elsewhere.</summary>
public static class FileSystemTests
{
    [Theory]
    [InlineData("ext4", "ENOTEMPTY")]                              // lost+found
    [InlineData("f2fs", "OK")]
    [InlineData("ubifs", "OK")]
    public static void An_empty_root_takes_a_policy(string fileSystem, string answer)
        => KernelTexts.Executions(
            $"""
            setup
              root add_key K1
            thread t
              root set_policy . K1 -> answer
            always answer == "{answer}"
            """, "v6.18", preemptions: 0, fileSystem);

    [Theory]
    [InlineData("ext4", true)]
    [InlineData("f2fs", false)]
    [InlineData("ubifs", true)]
    public static void What_is_under_writeback_is_dropped_except_by_f2fs(string name, bool drops)
    {
        var tree = new CachedTree(fileSystem: name);
        var inode = tree.Of(tree.F);
        tree.Tamper(async t =>
        {
            await t.Kernel.Calls.RemoveKey(0, 0);                  // f is open: it stays, and its key is gone
            await inode.Lock.Acquire();
            Assert.True(await t.Kernel.Inodes.FileSystem.DropInode(inode));
            await inode.State.Set(inode.State.Value | InodeState.Sync);
            Assert.Equal(drops, await t.Kernel.Inodes.FileSystem.DropInode(inode));
            Assert.Equal((true, 1), (inode.Lock.IsHeld, inode.Count.Peek));
            await inode.State.Set(inode.State.Value & ~InodeState.Sync);
            await inode.Lock.Release();
        });
        Assert.Null(tree.Finding);
    }

    [Fact]
    public static void F2fs_empties_a_deleted_file_under_writeback_without_its_lock_and_keeps_it()
    {
        var tree = new CachedTree(fileSystem: "f2fs");
        var inode = tree.Of(tree.F);
        var looked = 0;
        tree.Watch(
            async () =>
            {
                await tree.Kernel.Calls.Write(tree.File, tree.Kernel.Disk.Text("world"));
                await inode.Lock.Acquire();
                inode.Nlink.Value = 0;
                await inode.State.Set(inode.State.Value | InodeState.Sync);
                Assert.False(await tree.Kernel.Inodes.FileSystem.DropInode(inode));
                Assert.Equal((FolioFlags.None, true, 1), (inode.Folio.Peek.Flags, inode.Lock.IsHeld, inode.Count.Peek));
                inode.Nlink.Value = 1;
                await inode.State.Set(inode.State.Value & ~InodeState.Sync);
                await inode.Lock.Release();
            },
            () => looked += inode is { Count.Peek: 2, Lock.IsHeld: false } && inode.Nlink.Peek == 0 ? 1 : 0);
        Assert.Null(tree.Finding);
        Assert.True(looked > 0);
    }

    [Theory]
    [InlineData("ext4", true)]
    [InlineData("f2fs", false)]
    [InlineData("ubifs", true)]
    public static void The_key_goes_after_clear_inode_except_in_f2fs(string name, bool clearsFirst)
    {
        var tree = new CachedTree(fileSystem: name);
        var (inode, cleared, keyless) = (tree.H, 0, 0);
        tree.Watch(
            async () => await tree.Kernel.Inodes.PruneLru(tree.SuperBlock, 8),
            () =>
            {
                if (!inode.IsAlive || (inode.State.Peek & InodeState.Freeing) == 0)
                    return;
                var isClear = (inode.State.Peek & InodeState.Clear) != 0;
                var hasInfo = inode.CryptInfo.Peek != null;
                cleared += isClear && hasInfo ? 1 : 0;
                keyless += !isClear && !hasInfo ? 1 : 0;
            });
        Assert.Null(tree.Finding);
        Assert.Equal((clearsFirst, !clearsFirst), (cleared > 0, keyless > 0));
    }

    /// <summary>ext4 gives a number out again as soon as it is free, f2fs after a checkpoint, ubifs never.</summary>
    [Theory]
    [InlineData("ext4", true, true)]
    [InlineData("f2fs", false, true)]
    [InlineData("ubifs", false, false)]
    public static void A_number_is_given_out_again_now_later_or_never(string name, bool atOnce, bool afterSync)
    {
        var tree = new CachedTree(fileSystem: name);
        tree.Tamper(async t =>
        {
            var first = await NumberOfNew(t);
            Assert.Equal(atOnce, await NumberOfNew(t) == first);
            await t.Kernel.Calls.Sync();
            Assert.Equal(afterSync, await NumberOfNew(t) == first);
        });
        Assert.Null(tree.Finding);
    }

    /// <summary>All that a name can go through, with a removal beside it.</summary>
    [Theory]
    [InlineData("f2fs", "v5.4")]
    [InlineData("f2fs", "v6.18")]
    [InlineData("ubifs", "v5.4")]
    [InlineData("ubifs", "v6.18")]
    public static void Names_are_made_moved_and_taken_away_while_the_key_is_removed(string name, string release)
        => Assert.NotEqual(0, KernelTexts.Executions(
            KernelTexts.Tree + """
            thread namer
              root create d/new hello
              root link d/new d/other
              root rename d/other d/f
              root unlink d/new
              root mkdir d/e
              root rmdir d/e
              root sync
            thread remover
              root rm_key K1 -> removal
            finally
              root add_key K1
              root ls d -> names
            sometimes removal == "OK"
            sometimes removal == "OK[FILES_BUSY]"
            """, release, preemptions: 1, fileSystem: name));

    /// <summary>Files without a name, of which one gets one, and a symlink that is followed.</summary>
    [Theory]
    [InlineData("f2fs")]
    [InlineData("ubifs")]
    public static void Files_without_a_name_and_symlinks_beside_a_removal(string name)
        => Assert.NotEqual(0, KernelTexts.Executions(
            KernelTexts.Tree + """
            thread maker
              root tmpfile T d -> made
              root write T tmp
              root linkfd T d/t
              root close T
              root symlink f d/s
              root cat d/s -> followed
              root sync
            thread remover
              root rm_key K1 -> removal
            finally
              root add_key K1
              root ls d -> names
              root cat d/t -> data
            always    made != "OK" || data == "tmp" || data == "ENOENT"
            sometimes data == "tmp"
            sometimes followed == "hello"
            sometimes removal == "OK"
            sometimes removal == "OK[FILES_BUSY]"
            """, "v6.18", preemptions: 1, fileSystem: name));

    private static async KTask<int> NumberOfNew(CachedTree tree)
    {
        var (error, file) = await tree.Kernel.Calls.Create(tree.Path("d", "new"), 0);
        Assert.Equal(Errno.OK, error);
        await tree.Kernel.Calls.Close(file!);
        var number = tree.Kernel.Disk.NumberOf(tree.Path("d", "new"));
        Assert.Equal(Errno.OK, await tree.Kernel.Calls.Unlink(tree.Path("d", "new"), 0));
        return number;
    }
}
