using Fscrypt.Sim.Model.Machine;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Wrong programs that lock, count or sleep badly, and the same put right.</summary>
public static class LockingTests
{
    [Fact]
    public static void Locks_that_nest_both_ways_are_found_where_nobody_waits()
    {
        // One thread alone: no schedule of it deadlocks, and the order is wrong all the same.
        Program.Breaks("lock-order", host =>
        {
            var t = new Thing(host);
            return [async () => { await Nest(t, aFirst: true); await Nest(t, aFirst: false); }];
        });
        Program.Passes(host =>
        {
            var t = new Thing(host);
            return [async () => { await Nest(t, aFirst: true); await Nest(t, aFirst: true); }];
        });
    }

    [Fact]
    public static void Two_locks_of_one_class_need_a_nested_class()
    {
        Program.Breaks("lock-order", host =>
        {
            var (t, u) = (new Thing(host), new Thing(host));
            return [async () => { await t.A.Acquire(); await u.A.Acquire(); await u.A.Release(); await t.A.Release(); }];
        });
        Program.Passes(host =>
        {
            var (t, u) = (new Thing(host), new Thing(host));
            return [async () => { await t.A.Acquire(); await u.A.Acquire(Thing.ClassB); await u.A.Release(); await t.A.Release(); }];
        });
    }

    [Fact]
    public static void Opposite_orders_deadlock()
    {
        var program = Program.Explore(host =>
        {
            var t = new Thing(host);
            return [() => Nest(t, aFirst: true), () => Nest(t, aFirst: false)];
        });
        Assert.Equal(["deadlock", "lock-order"], program.Rules);
    }

    [Fact]
    public static void A_reader_waits_behind_a_queued_writer()
    {
        var program = Program.Explore(host =>
        {
            // The first reader sleeps until the second has read; the second waits behind the writer, who waits for the first.
            var t = new Thing(host);
            return
            [
                async () =>
                {
                    await t.Semaphore.AcquireRead();
                    await t.Queue.Prepare();
                    if (await t.Flag.ReadOnce() == 1)
                        t.Queue.Finish();
                    else
                        await t.Queue.Schedule();
                    await t.Semaphore.ReleaseRead();
                },
                async () => { await t.Semaphore.AcquireWrite(); await t.Semaphore.ReleaseWrite(); },
                async () => { await t.Semaphore.AcquireRead(); await t.Flag.WriteOnce(1); await t.Queue.WakeAll(); await t.Semaphore.ReleaseRead(); },
            ];
        });
        Assert.Equal(["deadlock"], program.Rules);
        Assert.True(program.Complete > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public static void Sleeping_with_a_spinlock_or_in_a_read_section_is_found(bool rcu)
        => Program.Breaks("sleep-in-atomic", host =>
        {
            var t = new Thing(host);
            return
            [
                async () =>
                {
                    await (rcu ? host.Rcu.ReadLock() : t.A.Acquire());
                    await t.Mutex.Acquire();
                    await t.Mutex.Release();
                    await (rcu ? host.Rcu.ReadUnlock() : t.A.Release());
                },
            ];
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public static void Waiting_for_a_wake_up_with_a_spinlock_is_found_and_queueing_with_it_is_not(bool keeps)
    {
        var program = Program.Explore(host =>
        {
            var t = new Thing(host);
            return [Sleep, async () => await t.Queue.WakeAll()];

            async KTask Sleep()
            {
                await t.A.Acquire();
                await t.Queue.Prepare();
                if (!keeps)
                    await t.A.Release();
                await t.Queue.Schedule();
                if (keeps)
                    await t.A.Release();
            }
        });
        // A wake-up that comes before anybody is queued wakes nobody.
        Assert.Equal(keeps ? ["sleep-in-atomic"] : ["deadlock"], program.Rules);
    }

    [Fact]
    public static void Waiting_for_a_threads_end_with_a_spinlock_is_found()
        => Program.Breaks("sleep-in-atomic", host =>
        {
            var t = new Thing(host);
            return [Wait];

            async KTask Wait()
            {
                var child = await host.Spawn(new ThreadBody("child", async () => await host.Point()));
                await t.A.Acquire();
                await child!.Join();
                await t.A.Release();
            }
        });

    [Fact]
    public static void Sleeping_with_a_mutex_is_not()
        => Program.Passes(host =>
        {
            var t = new Thing(host);
            return [async () => { await t.Mutex.Acquire(); host.MightSleep("test"); await t.Semaphore.AcquireRead(); await t.Semaphore.ReleaseRead(); await t.Mutex.Release(); }];
        });

    [Fact]
    public static void Ending_with_a_lock_is_found()
        => Program.Breaks("lock-misuse", host =>
        {
            var t = new Thing(host);
            return [async () => await t.A.Acquire()];
        });

    [Fact]
    public static void Releasing_anothers_lock_is_found()
        => Assert.Contains("lock-misuse", Program.Explore(host =>
        {
            var t = new Thing(host);
            return [async () => { await t.A.Acquire(); await host.Point(); await t.A.Release(); }, async () => { await host.Point(); await t.A.Release(); await host.Point(); }];
        }).Rules);

    [Fact]
    public static void A_try_on_a_lock_that_is_not_declared_as_tried_is_our_own_mistake()
        => Program.Breaks("exception", host =>
        {
            var t = new Thing(host);
            return [async () => await t.A.TryAcquire()];
        });

    [Fact]
    public static void A_try_fails_while_the_lock_is_held_and_succeeds_when_it_is_not()
    {
        var seen = new HashSet<bool>();
        Program.Passes(host =>
        {
            var t = new Thing(host);
            return
            [
                async () => { await t.Tried.Acquire(); await t.Tried.Release(); },
                async () =>
                {
                    var taken = await t.Tried.TryAcquire();
                    seen.Add(taken);
                    if (taken)
                        await t.Tried.Release();
                },
            ];
        });
        Assert.Equal(2, seen.Count);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public static void Looking_before_queueing_loses_the_wake_up(bool prepareFirst, int lost)
    {
        var program = Program.Explore(host =>
        {
            var t = new Thing(host);
            return
            [
                async () =>
                {
                    if (prepareFirst)
                        await t.Queue.Prepare();
                    if (await t.Flag.ReadOnce() == 1)
                    {
                        if (prepareFirst)
                            t.Queue.Finish();
                        return;
                    }

                    if (!prepareFirst)
                        await t.Queue.Prepare();                   // the wake-up may have gone by already
                    await t.Queue.Schedule();
                },
                async () => { await t.Flag.WriteOnce(1); await t.Queue.WakeAll(); },
            ];
        });
        Assert.Equal(lost, program.Deadlocked);
        Assert.True(program.Complete > 0);
    }

    [Fact]
    public static void A_count_below_zero_is_found()
        => Program.Breaks("reference-count", host =>
        {
            var t = new Thing(host);
            return [async () => { await t.Count.DecrementAndTest(); await t.Count.DecrementAndTest(); }];
        });

    [Fact]
    public static void A_reference_on_a_dead_object_is_found()
        => Program.Breaks("reference-count", host =>
        {
            var t = new Thing(host);
            return [async () => { await t.Count.PutAndTest(); await t.Count.Get(); await host.Point(); }];
        });

    [Fact]
    public static void A_dead_lockref_gives_no_reference()
    {
        Program.Passes(host =>
        {
            var t = new Thing(host);
            return
            [
                async () => { await t.Reference.Acquire(); t.Reference.Count = LockRef.DeadCount; await t.Reference.Release(); },
                async () => { if (await t.Reference.GetNotDead()) await t.Reference.PutReturn(); },
            ];
        });
        Program.Breaks("reference-count", host =>
        {
            var t = new Thing(host);
            return [async () => { await t.Reference.Acquire(); t.Reference.Count = LockRef.DeadCount; await t.Reference.Release(); await t.Reference.Get(); await host.Point(); }];
        });
    }

    [Fact]
    public static void An_element_is_on_one_list_at_most()
        => Program.Breaks("list-corruption", host =>
        {
            var (t, u, e) = (new Thing(host), new Thing(host), new Thing(host));
            return [async () => { await host.Point(); t.List.AddFirst(e); u.List.AddFirst(e); await host.Point(); }];
        });

    [Fact]
    public static void An_exception_in_a_thread_is_a_finding()
        => Program.Breaks("exception", host => [async () => { await host.Point(); throw new InvalidOperationException("a mistake"); }]);

    private static async KTask Nest(Thing t, bool aFirst)
    {
        await (aFirst ? t.A.Acquire() : t.B.Acquire());
        await (aFirst ? t.B.Acquire() : t.A.Acquire());
        await (aFirst ? t.B.Release() : t.A.Release());
        await (aFirst ? t.A.Release() : t.B.Release());
    }
}
