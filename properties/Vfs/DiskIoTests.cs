using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// I/O that ends in an interrupt, when whoever submitted it is somewhere else: what sync, evict and the last put of an inode have to
/// wait for, and what breaks if they do not.
/// </summary>
public static class DiskIoTests
{
    // f lost its name, and was written: its last put is sync's.
    private const string Nameless = """
        background disk at most 1
        setup
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root link d/f d/h
          root open F d/f rw
          root unlink d/f
          root rm_key K1
          root write F world
          root close F

        """;

    // f has its key, is open, and is not in the page cache.
    private const string Unread = "background disk at most 1\n" + KernelTexts.Tree + """
          root drop_caches 1
          root open F d/f

        """;

    [Theory]
    [InlineData("v5.6", 3_903)]
    [InlineData("v6.18", 3_363)]
    public static void The_put_of_sync_is_the_last_and_evicts(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            Nameless + """
            thread t
              root sync
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/h -> data
            always    removal == "OK"
            always    data == "world"
            """, release));

    [Theory]
    [InlineData("v6.18", 27_396)]
    public static void Two_who_sync_wait_for_one_io(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            "background disk at most 1\n" + KernelTexts.Tree + """
              root open F d/f rw
              root write F world
            thread s
              root fsync F -> file
            thread t
              root syncfs F -> whole
            finally
              root close F
              root rm_key K1 -> removal
              root add_key K1
              root cat d/f -> data
            always    file == "OK" && whole == "OK" && removal == "OK"
            always    data == "world"
            """, release));

    [Theory]
    [InlineData("v6.18", 382)]
    public static void An_error_that_comes_late_is_told(string release, long states)
        => Assert.Equal(states, KernelTexts.States(
            "background disk at most 1\nfault eio in write at most 1\n" + KernelTexts.Tree + """
              root open F d/f rw
              root write F world
            thread t
              root fsync F -> file
              root fsync F -> again
            finally
              root close F
            always    again == "OK"
            sometimes file == "OK"
            sometimes file == "EIO"
            """, release));

    [Theory]
    [InlineData("v6.18", 1_020)]
    public static void A_file_is_written_while_it_is_written(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            "background disk at most 2\n" + KernelTexts.Tree + """
              root open F d/f rw
              root write F early
            thread s
              root fsync F
            thread t
              root write F world
            finally
              root close F
              root rm_key K1 -> removal
              root add_key K1
              root cat d/f -> data
            always    data == "world"
            """, release));

    [Theory]
    [InlineData("v6.18", 4_864)]
    public static void Umount_waits_for_what_is_under_way(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            "background disk at most 1\n" + KernelTexts.Tree + """
              root append d/f more
            thread t
              root umount -> out
            finally
              root mount
              root add_key K1
              root cat d/f -> data
            always    out == "OK" && data == "hellomore"
            """, release));

    [Theory]
    [InlineData("v5.6", 14_507)]
    [InlineData("v6.18", 8_544)]
    public static void A_read_is_under_way_when_its_file_is_closed_and_the_key_removed(string release, long states)
        => Assert.Equal(states, KernelTexts.States(
            Unread + """
            thread t
              root readahead F
              root close F
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/f -> data
            always removal == "OK" && data == "hello"
            """, release));

    [Fact]
    public static void Evict_that_does_not_wait_for_the_read_takes_the_inode_and_its_key_away()
        => Findings("use-after-free", inner => new OtherEvict(inner, "does not wait"), Unread + """
            thread t
              root readahead F
              root close F
              root rm_key K1

            """);

    [Theory]
    [InlineData("v6.18", 46_754)]
    public static void Who_reads_and_who_writes_wait_for_the_read(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            Unread + """
              root open G d/f rw
            thread r
              root read F -> seen
            thread w
              root write G world
            thread c
              root drop_caches 1
            finally
              root close F
              root close G
              root cat d/f -> data
            always    data == "world"
            sometimes seen == "hello"
            sometimes seen == "world"
            always    seen == "hello" || seen == "world"
            """, release));

    [Theory]
    [InlineData("waits", "")]
    [InlineData("does not wait", "use-after-free")]
    [InlineData("waits without the lock", "use-after-free")]
    public static void Evict_waits_until_the_interrupt_has_let_go_of_the_inode(string evict, string rule)
        => Findings(rule, inner => new OtherEvict(inner, evict));

    [Fact]
    public static void The_interrupt_does_not_touch_the_inode_after_the_lock() => Findings("use-after-free", inner => new LateEnd(inner));

    // The file is deleted while the flusher's I/O is under way: the last put evicts it, and nobody else waits.
    private const string Deleted = """
        background disk at most 1
        background flusher at most 1
        setup
          root create f hello
          root open F f rw
          root unlink f
        thread t
          root close F

        """;

    private static void Findings(string rule, Func<IFileSystem, IFileSystem> wrong, string text = Deleted)
    {
        var scenario = KernelTexts.Of(text);
        var create = ((KernelScenario)scenario).Create;
        var findings = KernelTexts.Findings(((KernelScenario)scenario) with
        {
            Create = kernel =>
            {
                kernel.Inodes.FileSystem = kernel.SuperBlock.Device.FileSystem = wrong(kernel.Inodes.FileSystem);
                return create(kernel);
            },
        });
        if (rule.Length == 0)
            Assert.Empty(findings);
        else
            Assert.Contains(findings, f => f.StartsWith(rule + ":", StringComparison.Ordinal));
    }

    private sealed class OtherEvict(IFileSystem inner, string how) : WatchedFileSystem(inner, _ => { }, _ => "")
    {
        public override async KTask EvictInode(Inode inode)
        {
            if (how != "waits" && (await inode.Folio.ReadRacy()).Flags != FolioFlags.None)
            {
                if (how == "does not wait")
                    await inode.FolioLock.Acquire();
                else
                    await PageCache.Lock(inode);
                if (how == "waits without the lock")
                    await Writeback.WaitForIo(inode);
                await inode.Folio.Set(default);
                await inode.FolioLock.Release();
            }

            await base.EvictInode(inode);
        }
    }

    private sealed class LateEnd(IFileSystem inner) : WatchedFileSystem(inner, _ => { }, _ => "")
    {
        public override async KTask EndWrite(Inode inode, Errno error)
        {
            await base.EndWrite(inode, error);
            await inode.State.ReadRacy();
        }
    }
}
