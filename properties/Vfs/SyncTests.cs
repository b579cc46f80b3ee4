using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Writeback and sync: what is written, what is told when it fails, and who may come at the same time.</summary>
public static class SyncTests
{
    private static readonly string Lazily = KernelTexts.Tree.Replace("setup\n", "setup\n  root remount lazytime\n", StringComparison.Ordinal);

    [Theory]
    [InlineData("v5.10", "OK")]
    [InlineData("v6.18", "EIO")]
    public static void An_error_of_the_commit_ends_sync_filesystem_since_v6_1(string release, string worst)
        => KernelTexts.Executions(
            "fault eio in sync at most 1\n" + KernelTexts.Tree + $"""
              root open F d/f rw
            thread t
              root write F world
              root syncfs F -> answer
            finally
              root close F
            always    answer == "OK" || answer == "{worst}"
            sometimes answer == "{worst}"
            """, release);

    [Theory]
    [InlineData("v5.6", "OK")]
    [InlineData("v5.10", "EIO")]
    [InlineData("v6.18", "EIO")]
    public static void A_failed_write_leaves_the_inode_clean_and_is_told_once_to_each_who_asks(string release, string syncfs)
        => KernelTexts.Executions(
            "fault eio in write at most 1\n" + KernelTexts.Tree + $"""
              root open F d/f rw
            thread t
              root write F world
              root syncfs F -> whole
              root fsync F -> file
              root fsync F -> again
              root close F
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/f -> data
            always    again == "OK" && removal == "OK"
            always    data == "world" || (data == "hello" && file == "EIO" && whole == "{syncfs}")
            sometimes data == "hello"
            sometimes data == "world"
            """, release);

    [Theory]
    [InlineData("v5.10", 3_237)]
    [InlineData("v6.18", 3_362)]
    public static void Fsync_writes_the_file_beside_the_flusher(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            "background flusher at most 1\n" + KernelTexts.Tree + """
              root open F d/f rw
            thread t
              root write F world
              root fsync F -> answer
              root close F
            finally
              root cat d/f -> data
            always answer == "OK" && data == "world"
            """, release));

    [Theory]
    [InlineData("v5.10", 1_296)]
    [InlineData("v6.18", 1_338)]
    public static void Two_syncs_beside_a_write_and_its_close(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            KernelTexts.Tree + """
              root open F d/f rw
            thread a
              root sync
            thread b
              root sync
            thread writer
              root write F world
              root close F
            finally
              root cat d/f -> data
            always data == "world"
            """, release, preemptions: 1));

    [Theory]
    [InlineData("v5.10", 43_772)]
    [InlineData("v6.18", 18_574)]
    public static void The_flusher_comes_while_a_key_is_removed(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            "background flusher at most 1\n" + KernelTexts.Tree + """
              root append d/f !
            thread remover
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/f -> data
            always data == "hello!"
            always removal == "OK" || removal == "OK[FILES_BUSY]"
            """, release));

    // With lazytime the write leaves times that only memory has: the sync turns them into dirt, and must not leave that behind.
    [Theory]
    [InlineData("v5.10")]
    [InlineData("v6.12")]
    [InlineData("v6.18")]
    public static void The_sync_of_a_removal_writes_lazy_times_and_leaves_nothing_busy(string release)
        => KernelTexts.States(
            Lazily + """
            thread t
              root append d/f !
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/f -> data
            always data == "hello!" && removal == "OK"
            """, release);

    [Theory]
    [InlineData("v5.10", false)]
    [InlineData("v6.18", true)]
    public static void Dirty_times_wait_on_their_own_list_and_v6_1_keeps_them_beside_other_dirt(string release, bool keeps)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration { Release = KernelRelease.Named(release)! });
        kernel.SuperBlock.IsLazyTime.Value = true;
        kernel.Disk.AddFile(Disk.RootNumber, "f", "x");
        int[] path = [kernel.Disk.FileName("f")];
        var seen = new List<string>();
        Assert.True(host.RunAlone(new ThreadBody("test", async () =>
        {
            await kernel.Mount();
            var (_, file) = await kernel.Calls.Open(path);
            var inode = file!.Dentry.Value!.Inode.Value!;
            var writeback = kernel.Writeback;
            void Look() => seen.Add($"{inode.State.Peek & InodeState.DirtyAll}: {writeback.DirtyTime.PeekCount} {writeback.Dirty.PeekCount} {writeback.DirtyInodes.Peek}");
            await writeback.MarkDirty(inode, InodeState.DirtyTime);
            Look();
            await writeback.MarkDirty(inode, InodeState.DirtySync);
            Look();
            await writeback.MarkDirty(inode, InodeState.DirtyTime);
            Look();
            await kernel.Calls.Sync();
            await kernel.Calls.Sync();
            Look();
            await kernel.Calls.Close(file);
        })), host.Finding?.ToString());
        Assert.Equal(
            ["DirtyTime: 1 0 0", "DirtySync: 0 1 1", keeps ? "DirtySync, DirtyTime: 0 1 1" : "DirtySync: 0 1 1", "None: 0 0 0"], seen);
    }

    [Theory]
    [InlineData("->dirty_inode")]
    [InlineData("sync_filesystem")]
    [InlineData("fsync")]
    [InlineData("umount")]
    public static void Writeback_and_umount_sleep(string function)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration());
        Assert.True(host.RunAlone(new ThreadBody("setup", kernel.Mount)));
        host.RunAlone(new ThreadBody("test", async () =>
        {
            var root = kernel.SuperBlock.Root.Value!.Inode.Value!;
            await kernel.SuperBlock.InodeListLock.Acquire();
            if (function == "->dirty_inode")
                await kernel.Writeback.MarkDirty(root, InodeState.DirtySync);
            else if (function == "sync_filesystem")
                await kernel.Writeback.SyncFileSystem(kernel.SuperBlock);
            else if (function == "fsync")
                await kernel.Writeback.SyncFile(root);
            else
                await kernel.Mounts.Umount();
        }));
        Assert.Contains(function, host.Finding!.Message, StringComparison.Ordinal);
    }
}
