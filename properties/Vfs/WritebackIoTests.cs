using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Properties.Conformance;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// I/O that ends in an interrupt, when whoever submitted it is somewhere else: what sync, evict and the last put of an inode have to
/// wait for, and what breaks if they do not.
/// </summary>
public static class WritebackIoTests
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

    [Theory]
    [InlineData("v5.6", 3_875)]
    [InlineData("v6.18", 3_335)]
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
    [InlineData("v6.18", 26_317)]
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
    [InlineData("v6.18", 381)]
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
    [InlineData("v6.18", 966)]
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
    [InlineData("v6.18", 4_800)]
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
    [InlineData("waits", "")]
    [InlineData("does not wait", "use-after-free")]
    [InlineData("waits without the lock", "use-after-free")]
    public static void Evict_waits_until_the_interrupt_has_let_go_of_the_inode(string evict, string rule)
        => Findings(rule, inner => new OtherEvict(inner, evict));

    [Fact]
    public static void The_interrupt_does_not_touch_the_inode_after_the_lock() => Findings("use-after-free", inner => new LateEnd(inner));

    // The file is deleted while the flusher's I/O is under way: the last put evicts it, and nobody else waits.
    private static void Findings(string rule, Func<IFileSystem, IFileSystem> wrong)
    {
        var scenario = KernelTexts.Of("""
            background disk at most 1
            background flusher at most 1
            setup
              root create f hello
              root open F f rw
              root unlink f
            thread t
              root close F

            """);
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
                await inode.FolioLock.Acquire();
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
