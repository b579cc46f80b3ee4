using Fscrypt.Sim.Model.Machine;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Wrong programs whose plain accesses nothing orders, and the same put right.</summary>
public static class RaceTests
{
    [Fact]
    public static void Two_plain_writes_race()
        => Program.Breaks("data-race", host => Both(host, t => async () => { await host.Point(); t.X.Value = 1; await host.Point(); }));

    [Fact]
    public static void A_read_and_a_write_race()
        => Program.Breaks("data-race", host =>
        {
            var t = new Thing(host);
            return [async () => { await host.Point(); t.X.Value = 1; await host.Point(); }, async () => { await host.Point(); _ = t.X.Value; await host.Point(); }];
        });

    [Fact]
    public static void Two_reads_do_not()
        => Program.Passes(host => Both(host, t => async () => { await host.Point(); _ = t.X.Value; await host.Point(); }));

    [Fact]
    public static void A_lock_orders()
        => Program.Passes(host => Both(host, t => async () => { await t.A.Acquire(); t.X.Value++; await t.A.Release(); }));

    [Fact]
    public static void Different_locks_do_not()
        => Program.Breaks("data-race", host =>
        {
            var t = new Thing(host);
            return [async () => { await t.A.Acquire(); t.X.Value++; await t.A.Release(); }, async () => { await t.B.Acquire(); t.X.Value++; await t.B.Release(); }];
        });

    [Fact]
    public static void Shared_holders_of_a_semaphore_do_not_order_each_other()
        => Program.Breaks("data-race", host => Both(host, t => async () => { await t.Semaphore.AcquireRead(); t.X.Value++; await t.Semaphore.ReleaseRead(); }));

    [Fact]
    public static void An_exclusive_holder_is_ordered_after_shared_ones()
        => Program.Passes(host =>
        {
            var t = new Thing(host);
            return
            [
                async () => { await t.Semaphore.AcquireRead(); _ = t.X.Value; await t.Semaphore.ReleaseRead(); },
                async () => { await t.Semaphore.AcquireRead(); _ = t.X.Value; await t.Semaphore.ReleaseRead(); },
                async () => { await t.Semaphore.AcquireWrite(); t.X.Value++; await t.Semaphore.ReleaseWrite(); },
            ];
        });

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(false, true, true)]                                // published without a release
    [InlineData(true, false, true)]                                // read without an acquire
    public static void Publishing_needs_a_release_and_an_acquire(bool release, bool acquire, bool races)
    {
        var program = Program.Explore(host =>
        {
            var t = new Thing(host);
            return
            [
                async () =>
                {
                    t.X.Value = 1;
                    if (release)
                        await t.Flag.StoreRelease(1);
                    else
                        await t.Flag.WriteOnce(1);
                },
                async () =>
                {
                    var published = acquire ? await t.Flag.LoadAcquire() : await t.Flag.ReadOnce();
                    if (published == 1)
                        _ = t.X.Value;
                    await host.Point();
                },
            ];
        });
        Assert.Equal(races ? ["data-race"] : [], program.Rules);
        Assert.True(program.Complete > 0);
    }

    [Fact]
    public static void A_pointer_that_is_published_by_cmpxchg_orders_its_reader()
        => Program.Passes(host =>
        {
            var t = new Thing(host);
            var info = new Thing(host);
            return
            [
                async () => { info.X.Value = 1; await t.Link.PublishIfNull(info); },
                async () => { if (await t.Link.LoadAcquire() is { } seen) _ = seen.X.Value; await host.Point(); },
            ];
        });

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public static void Atomics_order_only_if_they_return_a_value(bool returns, bool races)
    {
        var program = Program.Explore(host =>
        {
            var t = new Thing(host);
            return
            [
                async () =>
                {
                    t.X.Value = 1;
                    if (returns)
                        await t.Count.AddReturn(1);
                    else
                        await t.Count.Increment();
                },
                async () =>
                {
                    if (await t.Count.AddReturn(1) == 3)           // the other one came first
                        _ = t.X.Value;
                    await host.Point();
                },
            ];
        });
        Assert.Equal(races ? ["data-race"] : [], program.Rules);
    }

    [Fact]
    public static void The_last_drop_of_a_reference_count_sees_what_the_others_did()
        => Program.Passes(host =>
        {
            var t = new Thing(host);
            t.Count.Initialize(2);
            return [Drop, Drop];

            async KTask Drop()
            {
                await t.A.Acquire();
                t.X.Value++;
                await t.A.Release();
                if (await t.Count.PutAndTest())
                    t.X.Value = 0;
                await host.Point();
            }
        });

    [Fact]
    public static void A_racy_read_is_no_finding_and_orders_nothing()
    {
        Program.Passes(host =>
        {
            var t = new Thing(host);
            return [async () => { await t.A.Acquire(); await t.Flag.Set(1); await t.A.Release(); }, async () => await t.Flag.ReadRacy()];
        });
        Program.Breaks("data-race", host =>
        {
            var t = new Thing(host);
            return
            [
                async () => { t.X.Value = 1; await t.Flag.Set(1); },
                async () => { if (await t.Flag.ReadRacy() == 1) _ = t.X.Value; await host.Point(); },
            ];
        });
    }

    [Fact]
    public static void Spawn_and_join_order()
        => Program.Passes(host =>
        {
            var t = new Thing(host);
            return
            [
                async () =>
                {
                    t.X.Value = 1;
                    var child = await host.Spawn(new ThreadBody("child", async () => { await host.Point(); t.X.Value++; }));
                    await child!.Join();
                    Assert.Equal(2, t.X.Value++);
                },
            ];
        });

    [Fact]
    public static void Without_join_they_race()
        => Program.Breaks("data-race", host =>
        {
            var t = new Thing(host);
            return [async () => { await host.Spawn(new ThreadBody("child", async () => { await host.Point(); t.X.Value++; })); t.X.Value++; await host.Point(); }];
        });

    private static Func<KTask>[] Both(KernelHost host, Func<Thing, Func<KTask>> body)
    {
        var thing = new Thing(host);
        return [body(thing), body(thing)];
    }
}
