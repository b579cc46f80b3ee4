using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// A walk under RCU holds nothing, so what it looks at must not be freed before its read section ends. Where reclaim frees at once the
/// walk touches freed memory; where it waits for the grace period nothing is found, although the walk meets what is dead.
/// </summary>
public static class GracePeriodTests
{
    private const string Freed = "which is freed";

    [Theory]
    [InlineData("d/f")]
    [InlineData("s")]
    public static void Walks_beside_reclaim_are_right_meet_what_is_dead_and_begin_again(string path)
    {
        var (findings, seen) = Explore(path, _ => false);
        Assert.Empty(findings);
        Assert.True(seen.IsDeadMet && seen.IsRepeated);
    }

    [Fact]
    public static void A_dentry_that_is_freed_at_once_is_used()
        => Assert.Contains(Explore("d/f", o => o is Dentry).Findings, f => f.StartsWith("use-after-free", StringComparison.Ordinal)
            && f.Contains("dentry:", StringComparison.Ordinal) && f.EndsWith(Freed, StringComparison.Ordinal));

    [Fact]
    public static void An_inode_that_is_freed_at_once_is_used()
        => Assert.Contains(Explore("s", o => o is Inode).Findings, f => f.StartsWith("use-after-free", StringComparison.Ordinal)
            && f.Contains("ino:", StringComparison.Ordinal) && f.EndsWith(Freed, StringComparison.Ordinal));

    private static (List<string> Findings, Seen Seen) Explore(string path, Func<KernelObject, bool> freesAtOnce)
    {
        var seen = new Seen();
        var scenario = new KernelScenario("walk-vs-reclaim", "", kernel =>
        {
            kernel.Disk.AddFile(kernel.Disk.AddDirectory(Disk.RootNumber, "d", -1), "f", "x");
            int[] names = [.. path.Split('/').Select(kernel.Disk.FileName)];
            var paths = new PathLookup(kernel.SuperBlock, kernel.Inodes, kernel.Dentries, kernel.Configuration.Release, kernel.Configuration.FixesIn);
            async KTask SetUp()
            {
                await kernel.Mount();
                await paths.MakeSymlink(kernel.Disk.Text("d"), [kernel.Disk.FileName("s")], user: 0);
                await Walk();
            }

            async KTask Walk()
            {
                var (_, dentry) = await paths.Walk(names);
                await kernel.Dentries.Dput(dentry!);
            }

            async KTask Reclaim()
            {
                await kernel.Dentries.ShrinkAll();
                await kernel.Inodes.PruneLru(kernel.SuperBlock, scan: 8);
                await kernel.Inodes.PruneLru(kernel.SuperBlock, scan: 8);
                foreach (var target in kernel.Dentries.All.ToArray().Concat<KernelObject>(kernel.Inodes.All.ToArray()))
                {
                    if (target.Life == Life.WaitingForRcu && freesAtOnce(target))
                        target.Life = Life.Freed;
                }
            }

            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", SetUp),
                Threads = [new ThreadBody("walker", Walk), new ThreadBody("reclaim", Reclaim)],
                Registers = [],
                Expectations = [new Expectation("met", Frequency.Invariant, "what is dead is met", () => seen.Look(kernel))],
            };
        });
        return (KernelTexts.Findings(scenario), seen);
    }

    [NotState("what was seen on the way: no thread looks at it")]
    private sealed class Seen
    {
        public bool IsDeadMet { get; private set; }

        public bool IsRepeated { get; private set; }

        public bool Look(Kernel kernel)
        {
            IsRepeated |= kernel.Host.Counters.WalksRepeated > 0;
            foreach (var dentry in kernel.Dentries.All)
                IsDeadMet |= dentry.Life == Life.WaitingForRcu && kernel.Host.ThreadAt(0).RcuDepth > 0;
            return true;
        }
    }
}
