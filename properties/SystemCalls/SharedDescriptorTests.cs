using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Properties.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Descriptors that threads share: found without a lock, with a reference for the time of a call, closed by the last user.</summary>
public static class SharedDescriptorTests
{
    private const string Open = KernelTexts.Tree + """
          root open F d/f rw

        """;

    private const string CloseVsRead = Open + """
        thread reader
          root read F -> read
        thread closer
          root close F -> closed
        always closed == "OK" && (read == "hello" || read == "EBADF")
        sometimes read == "hello"
        sometimes read == "EBADF"
        """;

    private const string CloseVsClose = Open + """
        thread a
          root close F -> first
        thread b
          root close F -> second
        always (first == "OK") == (second == "EBADF")
        sometimes first == "OK"
        sometimes second == "OK"
        """;

    // The last user may be the reader: then his call evicts.
    private const string CloseVsReadVsRemove = Open + """
        thread reader
          root read F -> read
        thread closer
          root close F
        thread remover
          root rm_key K1 -> removal
        always read == "hello" || read == "EBADF"
        sometimes removal == "OK"
        sometimes removal == "OK[FILES_BUSY]"
        """;

    // A second thread opens what the first one's number was closed for.
    private const string OpenVsWrite = KernelTexts.Tree + """
        thread opener
          root open F d/f rw
          root close F
        thread writer
          root write F world -> written
        always written == "OK" || written == "EBADF"
        sometimes written == "OK"
        sometimes written == "EBADF"
        """;

    // The closer takes out what the opener publishes without a lock.
    private const string OpenVsClose = KernelTexts.Tree + """
        thread opener
          root open F d/f rw
        thread closer
          root close F -> closed
        finally
          root close F -> after
        always (closed == "OK") == (after == "EBADF")
        sometimes closed == "OK"
        sometimes closed == "EBADF"
        """;

    [Theory]
    [InlineData(OpenVsClose, "v6.18", 75)]
    [InlineData(CloseVsRead, "v6.18", 220)]
    [InlineData(CloseVsClose, "v6.18", 97)]
    [InlineData(OpenVsWrite, "v6.18", 547)]
    public static void All_schedules_hold(string text, string release, long states)
        => Assert.Equal(states, KernelTexts.States(text, release));

    [Fact]
    public static void A_removal_beside_them_holds() => Assert.Equal(453, KernelTexts.Executions(CloseVsReadVsRemove, "v6.18", preemptions: 1));

    [Fact]
    public static void What_is_asked_of_a_shared_descriptor_is_asked_of_the_same_file()
    {
        var text = KernelTexts.Tree + """
              root open F d/f rw
            thread a
              root fstat F -> seen
              root fadvise F
              root ftruncate F 2
              root fsync F
              root flock F
            thread b
              root fdpath F -> path
              root linkfd F d/g
              root syncfs F
            finally
              root read F -> after
              root close F
            always after == "he" && path == "/d/f"
            """;
        Assert.True(KernelTexts.Executions(text, "v6.18", preemptions: 0) > 1);
    }

    [Fact]
    public static void As_it_is_nothing_is_found() => Assert.Empty(Findings(freesAtOnce: false, RightGet));

    [Fact]
    public static void Without_the_grace_period_a_look_at_the_count_is_one_at_freed_memory()
        => Assert.Contains(Findings(freesAtOnce: true, RightGet), f => f.StartsWith("use-after-free", StringComparison.Ordinal));

    [Fact]
    public static void A_reference_on_a_file_that_has_none_left_is_found()
        => Assert.Contains(Findings(freesAtOnce: false, GetInAnyCase), f => f.StartsWith("reference-count", StringComparison.Ordinal));

    private static KTask<OpenFile?> RightGet(Kernel kernel, FileSlot slot) => kernel.Calls.Get(slot);

    // fdget that does not ask whether there is a reference left.
    private static async KTask<OpenFile?> GetInAnyCase(Kernel kernel, FileSlot slot)
    {
        await kernel.Host.Rcu.ReadLock();
        var file = await slot.File.LoadAcquire();
        if (file != null)
            await file.Count.Get();
        await kernel.Host.Rcu.ReadUnlock();
        return file;
    }

    private static List<string> Findings(bool freesAtOnce, Func<Kernel, FileSlot, KTask<OpenFile?>> get)
    {
        var scenario = new KernelScenario("close-vs-read", "", kernel =>
        {
            kernel.Calls.CountsFiles = true;
            kernel.Disk.AddFile(Disk.RootNumber, "f", "x");
            var slot = new FileSlot(kernel.Host, "F") { IsShared = true };
            async KTask SetUp()
            {
                await kernel.Mount();
                var (_, file) = await kernel.Calls.Open([kernel.Disk.FileName("f")]);
                await kernel.Calls.Install(slot, file!);
            }

            async KTask Read()
            {
                if (await get(kernel, slot) is not { } file)
                    return;
                await kernel.Calls.Read(file);
                await kernel.Calls.Put(slot, file);
            }

            async KTask Close()
            {
                await kernel.Calls.Close(slot);
                foreach (var file in kernel.Calls.Files.ToArray())
                {
                    if (freesAtOnce && file.Life == Life.WaitingForRcu)
                        file.Life = Life.Freed;
                }
            }

            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", SetUp),
                Threads = [new ThreadBody("reader", Read), new ThreadBody("closer", Close)],
                Registers = [],
                Expectations = [],
            };
        });
        return KernelTexts.Findings(scenario);
    }
}
