using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Bugs;

/// <summary>Scenarios of system calls, with calls of the kernel's own functions among them that no modelled system call makes.</summary>
internal static class FunctionCalls
{
    // The first number that ext4 gives out: that of f, which is made first.
    private const int NumberOfF = 11;

    /// <summary>A file of which only times are dirty is written to, while another task writes this one inode, as fuse does at a close.</summary>
    public static Scenario WriteInodeNow { get; } = Of(
        """
        scenario write-vs-write-inode-now "a file is written to while write_inode_now writes it"
        setup
          root remount lazytime
          root create f hello
          root sync
          root open F f rw
        thread writer
          root write F world
        finally
          root close F
        """,
        kernel => With(kernel, inode => kernel.Writeback.MarkDirty(inode, InodeState.DirtyTime)),
        kernel => new ThreadBody("single", () => With(kernel, inode => kernel.Writeback.WriteNow(inode, waitForData: false))));

    /// <summary>A file that is not to be cached any more is closed, as after a change of its flag for DAX.</summary>
    public static Scenario MarkDontCache { get; } = Of(
        """
        scenario close-uncached "a file that was used twice is not to be cached any more, and closed"
        setup
          root create f hello
          root cat f
          root cat f
          root open F f r
        thread closer
          root close F
        finally
          root lstat nothing
        always gone: !cached(f)
        """,
        kernel => With(kernel, DentryCache.MarkDontCache),
        another: null);

    // The text's scenario; what follows its set-up, and another thread.
    private static KernelScenario Of(string text, Func<Kernel, KTask> afterSetup, Func<Kernel, ThreadBody>? another)
    {
        var scenario = (KernelScenario)ScenarioFile.Load(new Diagnostics("functions", text)).Scenario!;
        return new KernelScenario(scenario.Name, scenario.Title, kernel =>
        {
            var instance = scenario.Create(kernel);
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", async () =>
                {
                    await instance.Setup!.Run();
                    await afterSetup(kernel);
                }),
                Threads = another == null ? instance.Threads : [.. instance.Threads, another(kernel)],
                Finally = instance.Finally,
                Registers = instance.Registers,
                Expectations = instance.Expectations,
                Collect = instance.Collect,
            };
        });
    }

    private static async KTask With(Kernel kernel, Func<Inode, KTask> call)
    {
        var (inode, _) = await kernel.Inodes.Iget(kernel.SuperBlock, NumberOfF);
        await call(inode!);
        await kernel.Inodes.Iput(inode!);
    }
}
