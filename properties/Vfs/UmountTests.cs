using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>The end of a mount: what makes it busy, what survives, and that nothing comes into its way.</summary>
public static class UmountTests
{
    [Theory]
    [InlineData("v5.10")]
    [InlineData("v6.18")]
    public static void What_was_written_survives_and_keys_do_not(string release)
        => KernelTexts.States(
            KernelTexts.Tree + """
              root append d/f !
            thread t
              root umount -> gone
              root umount -> twice
              root cat d/f -> unmounted
              root status K1 -> nowhere
              root mount -> back
              root mount -> again
              root status K1 -> key
              root cat d/f -> locked
              root add_key K1
              root cat d/f -> data
            always gone == "OK" && twice == "EINVAL" && unmounted == "ENOENT" && nowhere == "ENOENT" && back == "OK" && again == "EBUSY"
            always key == "ABSENT" && locked == "ENOENT" && data == "hello!"
            """, release);

    [Theory]
    [InlineData("v5.10", 2507)]
    [InlineData("v6.18", 2508)]
    public static void An_open_file_makes_it_busy_whenever_it_is_closed(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            KernelTexts.Tree + """
              root open F d/f rw
            thread closer
              root write F world
              root close F
            thread unmounter
              root umount -> gone
            finally
              root mount -> back
              root add_key K1
              root cat d/f -> data
            always    data == "world"
            sometimes gone == "OK" && back == "OK"
            sometimes gone == "EBUSY" && back == "EBUSY"
            """, release));

    [Theory]
    [InlineData("v5.10", 6_404)]
    [InlineData("v6.18", 6_500)]
    public static void The_shrinker_beside_an_unmount_and_a_mount(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            "background shrinker at most 1\n" + KernelTexts.Tree + """
              root append d/f !
            thread unmounter
              root remount -> back
            finally
              root add_key K1
              root cat d/f -> data
            always back == "OK" && data == "hello!"
            """, release, preemptions: 1));

    [Theory]
    [InlineData("v6.18", 1470)]
    public static void A_removal_holds_the_mount(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            KernelTexts.Tree + """
            thread remover
              root rm_key K1 -> removal
            thread unmounter
              root umount -> gone
            sometimes removal == "OK" && gone == "OK"
            sometimes removal == "OK" && gone == "EBUSY"
            sometimes removal == "ENOENT" && gone == "OK"
            always    !key_in_memory(K1)
            """, release));

    [Fact]
    public static void Only_root_mounts_and_unmounts()
        => KernelTexts.States(
            KernelTexts.Tree + "thread t\n  alice umount -> a\n  alice mount -> b\n  alice remount -> c\nalways a == \"EPERM\" && b == \"EPERM\" && c == \"EPERM\"",
            "v6.18");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public static void A_reference_that_nobody_gives_back_is_found(bool ofDentry)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration());
        kernel.Disk.AddFile(Disk.RootNumber, "f", "x");
        int[] path = [kernel.Disk.FileName("f")];
        host.RunAlone(new ThreadBody("test", async () =>
        {
            await kernel.Mount();
            var (_, file) = await kernel.Calls.Open(path);
            var inode = file!.Dentry.Value!.Inode.Value!;
            if (ofDentry)
                await file.Dentry.Value!.Ref.Get();
            else
                await kernel.Inodes.Ihold(inode);
            await kernel.Calls.Close(file);
            await kernel.Calls.Umount(0);
        }));
        Assert.Equal("busy-at-umount", host.Finding?.Rule);
    }
}
