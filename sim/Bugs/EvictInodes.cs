using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Bugs;

/// <summary>
/// evict_inodes beside a look-up by number. It calls both functions of the kernel itself: in the model, no system call looks a number up
/// while a file system is unmounted.
/// </summary>
internal static class EvictInodes
{
    /// <summary>The scenario; its set-up leaves an inode that nobody uses, on a super block that is no longer active.</summary>
    public static Scenario Scenario { get; } = new KernelScenario("evict-inodes-vs-iget", "an unused inode is looked up while all are evicted", kernel =>
    {
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", async () =>
            {
                await LookUp(kernel);
                await kernel.SuperBlock.Active.WriteRacy(false);
            }),
            Threads =
            [
                new ThreadBody("unmounter", () => kernel.Inodes.EvictAll(kernel.SuperBlock)),
                new ThreadBody("looker", () => LookUp(kernel)),
            ],
            Registers = [],
            Expectations = [],
        };
    });

    private static async KTask LookUp(Kernel kernel)
    {
        var (inode, isNew) = await kernel.Inodes.Iget(kernel.SuperBlock, Disk.RootNumber);
        if (inode == null)
            return;
        if (isNew)
            await kernel.Inodes.UnlockNew(inode);
        await kernel.Inodes.Iput(inode);
    }
}
