using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Necessity;

/// <summary>What is taken out of a machine is gone with what belongs to it, and nothing else is.</summary>
public static class SiteWatchTests
{
    [Theory]
    [InlineData("none", 1)]
    [InlineData("inner", 1)]
    [InlineData("outer", 0)]
    public static void A_read_section_goes_with_its_own_end(string takenOut, int depthBetween)
    {
        var (host, depths) = (new NativeHost<DepthFirst>(new DepthFirst(0)), new List<int>());
        Run(host, takenOut, async () =>
        {
            await host.Rcu.ReadLock("outer", 1);
            await host.Rcu.ReadLock("inner", 1);
            await host.Rcu.ReadUnlock();
            depths.Add(host.Current.AtomicDepth);
            await host.Rcu.ReadUnlock();
            depths.Add(host.Current.AtomicDepth);
        });
        Assert.Equal([depthBetween, 0], depths);
        Assert.Null(host.Finding);
    }

    [Theory]
    [InlineData("none", Life.WaitingForRcu)]
    [InlineData("free", Life.Freed)]
    public static void Without_its_grace_period_memory_is_freed_at_once(string takenOut, Life life)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var slab = new Slab<Thing>(host, h => new Thing(h));
        Run(host, takenOut, () =>
        {
            slab.FreeAfterGracePeriod(slab.Allocate(), "free", 1);
            return KTask.Done;
        });
        Assert.Equal(life, slab.Objects[0].Life);
    }

    [Fact]
    public static void What_nobody_finds_is_lost_memory()
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var slab = new Slab<Thing>(host, h => new Thing(h), t => t.IsKept.Peek);
        var (kept, lost) = (slab.Allocate(), slab.Allocate());
        kept.IsKept.Value = true;
        Assert.Same(lost, host.FirstLost());
        slab.Free(lost);
        Assert.Null(host.FirstLost());
    }

    private static void Run(NativeHost<DepthFirst> host, string takenOut, Func<KTask> body)
    {
        host.Checkpoint();
        host.Sites = new SiteWatch(new SiteKey(takenOut, 1));
        host.Restore();
        Assert.True(host.RunTogether([new ThreadBody("t", body), new ThreadBody("other", () => Pause(host))]));
    }

    private static async KTask Pause(KernelHost host) => await host.Point();

    private sealed class Thing(KernelHost host) : KernelObject(host)
    {
        public Plain<bool> IsKept;

        public override string Name => "thing";
    }
}
