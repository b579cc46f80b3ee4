using Fscrypt.Sim.Model.Machine;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Wrong programs that touch dead objects, and the same put right.</summary>
public static class LifetimeTests
{
    [Fact]
    public static void A_use_without_a_reference_is_found_whichever_comes_first()
    {
        // Exhaustive search has both orders; in one the use comes first, and nothing orders the free after it.
        var program = Program.Explore(host =>
        {
            var (slab, root) = Slabs(host);
            return [async () => { var t = await Publish(host, slab, root); slab.Free(t); }, () => Use(host, root)];
        }, preemptionsMax: 2);
        Assert.Contains("use-after-free", program.Rules);
        Assert.True(program.Complete > 0);
    }

    [Fact]
    public static void A_use_with_a_counted_reference_is_safe()
        => Program.Passes(host =>
        {
            var (slab, root) = Slabs(host);
            return
            [
                async () =>
                {
                    var t = await Publish(host, slab, root);
                    await root.A.Acquire();
                    root.Link.Value = null;
                    await root.A.Release();
                    if (await t.Count.PutAndTest())
                        slab.Free(t);
                },
                async () =>
                {
                    await root.A.Acquire();
                    var t = root.Link.Value;
                    if (t != null)
                        await t.Count.Get();
                    await root.A.Release();
                    if (t == null)
                        return;
                    t.Y.Value = 1;
                    if (await t.Count.PutAndTest())
                        slab.Free(t);
                },
            ];
        });

    [Fact]
    public static void Freeing_twice_is_found()
        => Program.Breaks("use-after-free", host =>
        {
            var (slab, _) = Slabs(host);
            return
            [
                async () =>
                {
                    var t = slab.Allocate();
                    await host.Point();
                    slab.Free(t);
                    slab.Free(t);
                    await host.Point();
                },
            ];
        });

    [Fact]
    public static void A_read_section_that_began_before_may_still_touch_what_waits_for_a_grace_period()
        => Program.Passes(host => Rcu(host, () => host.Rcu.ReadLock(), () => host.Rcu.ReadUnlock()));

    [Fact]
    public static void Holding_a_spinlock_is_a_read_section()
        => Program.Passes(host =>
        {
            var other = new Thing(host);
            return Rcu(host, () => other.A.Acquire(), () => other.A.Release());
        });

    [Fact]
    public static void Having_held_a_spinlock_is_none()
        => Assert.Contains("use-after-free", Program.Explore(host =>
        {
            var other = new Thing(host);
            return Rcu(host, () => other.A.Acquire(), () => host.Point(), afterLoad: () => other.A.Release());
        }).Rules);

    [Fact]
    public static void Without_a_read_section_it_may_not()
        => Assert.Contains("use-after-free", Program.Explore(host => Rcu(host, () => host.Point(), () => host.Point())).Rules);

    [Fact]
    public static void A_read_section_that_begins_afterwards_may_not()
        => Assert.Contains("use-after-free", Program.Explore(host =>
        {
            var (slab, root) = Slabs(host);
            return
            [
                async () =>
                {
                    var t = await Publish(host, slab, root);
                    await root.Link.StoreRelease(null);
                    slab.FreeAfterGracePeriod(t);
                    await host.Point();
                },
                async () =>
                {
                    var t = await root.Link.LoadAcquire();         // too early: the section must be open before this
                    await host.Rcu.ReadLock();
                    if (t != null)
                        await t.Flag.ReadOnce();
                    await host.Rcu.ReadUnlock();
                },
            ];
        }).Rules);

    private static Func<KTask>[] Rcu(KernelHost host, Func<Step> enter, Func<Step> leave, Func<Step>? afterLoad = null)
    {
        var (slab, root) = Slabs(host);
        return
        [
            async () =>
            {
                var t = await Publish(host, slab, root);
                await root.Link.StoreRelease(null);
                slab.FreeAfterGracePeriod(t);
                await host.Point();
            },
            async () =>
            {
                await enter();
                var t = await root.Link.LoadAcquire();
                if (afterLoad != null)
                    await afterLoad();
                if (t != null)
                    await t.Flag.ReadOnce();
                await leave();
            },
        ];
    }

    private static (Slab<Thing> Slab, Thing Root) Slabs(KernelHost host) => (new Slab<Thing>(host, h => new Thing(h)), new Thing(host));

    private static async KTask<Thing> Publish(KernelHost host, Slab<Thing> slab, Thing root)
    {
        var t = slab.Allocate();
        t.Count.Initialize(1);
        await root.A.Acquire();
        await root.Link.StoreRelease(t);
        await root.A.Release();
        await host.Point();
        return t;
    }

    private static async KTask Use(KernelHost host, Thing root)
    {
        await root.A.Acquire();
        var t = root.Link.Value;
        await root.A.Release();
        if (t != null)
            t.Y.Value = 1;
        await host.Point();
    }
}
