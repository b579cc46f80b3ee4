using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>What makes a difference to the future is part of a state, and what makes none is not.</summary>
public static class StateTeethTests
{
    // Reader at its lock, at the point with 0 or with 1, at the write, at its end; the writer before or after: nine states,
    // and nine steps between them. By the results of operations, of which there are none, the two at the point would be one.
    [Fact]
    public static void What_was_read_under_a_lock_and_is_used_later()
    {
        var result = Run(Cellar.Scenario(ReadThenUse, Write));
        Assert.Equal((9L, 9L), (result.Tally.States!.States, result.Tally.States.Transitions));
        Assert.Equal(["out at 0"], Searches.Rules(result.Tally));

        static async KTask ReadThenUse(Cellar c)
        {
            await c.Lock.Acquire();
            var seen = c.Note.Value;
            await c.Lock.Release();
            await c.Host.Point();
            if (seen == 1)
                await c.Out.Set(1);
        }

        static async KTask Write(Cellar c)
        {
            await c.Lock.Acquire();
            c.Note.Value = 1;
            await c.Lock.Release();
        }
    }

    [Fact]
    public static void The_trylock_dance_is_a_finite_graph_with_a_cycle()
    {
        var result = Run(Cellar.Scenario(c => Dance(c, true), c => Dance(c, false)));
        var program = Searches.Executed(Searches.Plan(ScenarioLibrary.Named("textbook/trylock-dance")!, null)).Tally.States!;
        Assert.Equal((program.States, program.Transitions, 0), (result.Tally.States!.States, result.Tally.States.Transitions, result.Tally.States.Deadlocks));
        Assert.Equal(28, result.Tally.States.States);
        Assert.Equal("livelock", Assert.Single(result.Tally.Violations).Rule);

        static async KTask Dance(Cellar c, bool left)
        {
            for (var done = false; !done;)
            {
                await (left ? c.LeftTried.Acquire() : c.RightTried.Acquire());
                done = await (left ? c.RightTried.TryAcquire() : c.LeftTried.TryAcquire());
                if (done)
                    await (left ? c.RightTried.Release() : c.LeftTried.Release());
                await (left ? c.LeftTried.Release() : c.RightTried.Release());
            }
        }
    }

    [Fact]
    public static void The_order_of_a_queue()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(Take, Take, Take));
        Assert.NotEqual(machine.StateAt(0, 1, 2), machine.StateAt(0, 2, 1));
    }

    // It was a bit that stayed: the same state was two, and which one depended on what the machine had run before.
    [Fact]
    public static void Not_how_a_thread_waited_before()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(WriteThenTake, Read, Take));
        var without = machine.StateAt(1, 1, 0, 0, 2, 0);
        Assert.Equal(without, machine.StateAt(1, 0, 1, 0, 0, 2, 0));
        Assert.Equal(without, machine.StateAt(1, 1, 0, 0, 2, 0));

        static async KTask WriteThenTake(Cellar c)
        {
            await c.Semaphore.AcquireWrite();
            await c.Semaphore.ReleaseWrite();
            await Take(c);
        }

        static async KTask Read(Cellar c)
        {
            await c.Semaphore.AcquireRead();
            await c.Semaphore.ReleaseRead();
        }
    }

    // Woken and not gone on yet; asleep; not asleep yet: all before the same operation, the last two for ever.
    [Fact]
    public static void A_wake_up_that_was_sent()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(Sleep, Sleep, c => Wake(c)));
        string[] states =
        [
            machine.StateAt(0, 1, 2), machine.StateAt(0, 2, 1), machine.StateAt(1, 2, 0), machine.StateAt(2, 0, 1), machine.StateAt(2, 1, 0),
        ];
        Assert.Equal(5, states.Distinct().Count());
        Assert.Equal(machine.StateAt(2), machine.StateAt(2));
        var lost = Run(SmallScenarios.LostWakeUp);
        Assert.Equal((1, "deadlock at 1"), (lost.Tally.States!.Deadlocks, Assert.Single(Searches.Rules(lost.Tally))));

        static async KTask Sleep(Cellar c)
        {
            await c.Queue.Prepare();
            await c.Queue.Schedule();
        }

        static async KTask Wake(Cellar c) => await c.Queue.WakeAll();
    }

    [Fact]
    public static void A_read_section_that_began_before_the_grace_period()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(Stock, Read, Free));
        Assert.NotEqual(machine.StateAt(0, 1), machine.StateAt(1, 0));
        var result = Run(Cellar.Scenario(Stock, Read, Free));
        Assert.Equal("use-after-free", Assert.Single(result.Tally.Violations).Rule);
        Assert.Equal(["result=-", "result=7"], Searches.Outcomes(Run(Cellar.Scenario(Stock, ReadIfThere, Unpublish)).Tally));

        static void Stock(Cellar c)
        {
            c.Left.Value = c.Bottles.Allocate();
            c.Left.Peek!.Year.Value = 7;
        }

        static async KTask Read(Cellar c)
        {
            var bottle = c.Left.Peek!;
            await c.Host.Rcu.ReadLock();
            await c.Host.Point();
            c.Register.Set(bottle.Year.Value);
            await c.Host.Rcu.ReadUnlock();
        }

        static async KTask Free(Cellar c)
        {
            await c.Host.Point();
            c.Bottles.FreeAfterGracePeriod(c.Left.Peek!);
        }

        static async KTask ReadIfThere(Cellar c)
        {
            await c.Host.Rcu.ReadLock();
            var bottle = await c.Left.LoadAcquire();
            await c.Host.Point();
            if (bottle != null)
                c.Register.Set(bottle.Year.Value);
            await c.Host.Rcu.ReadUnlock();
        }

        static async KTask Unpublish(Cellar c)
        {
            var bottle = c.Left.Peek!;
            await c.Left.StoreRelease(null);
            c.Bottles.FreeAfterGracePeriod(bottle);
        }
    }

    [Fact]
    public static void Who_allocated_makes_no_difference()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(c => Store(c, left: true), c => Store(c, left: false)));
        Assert.Equal(machine.StateAt(0, 1), machine.StateAt(1, 0));
        Assert.NotEqual(machine.StateAt(0), machine.StateAt(1));

        static async KTask Store(Cellar c, bool left)
        {
            await c.Host.Point();
            var bottle = c.Bottles.Allocate();
            if (left)
                c.Left.Value = bottle;
            else
                c.Right.Value = bottle;
        }
    }

    // A list says which object it is on by a number of that object.
    [Fact]
    public static void Who_allocated_the_head_of_a_list_makes_no_difference()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(c => Store(c, left: true), c => Store(c, left: false)));
        Assert.Equal(machine.StateAt(0, 1), machine.StateAt(1, 0));

        static async KTask Store(Cellar c, bool left)
        {
            await c.Host.Point();
            var outer = c.Bottles.Allocate();
            outer.Around.AddFirst(c.Bottles.Allocate());
            if (left)
                c.Left.Value = outer;
            else
                c.Right.Value = outer;
        }
    }

    [Fact]
    public static void What_nobody_can_reach_drops_out_unless_it_is_alive()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(Waste));
        Assert.Equal(machine.StateAt(0, 0), machine.StateAt(0, 1));
        Assert.NotEqual(machine.StateAt(0, 0), machine.StateAt(0, 2));

        static async KTask Waste(Cellar c)
        {
            Spend(c, await c.Host.Choose(3));
            await c.Host.Point();
        }

        static void Spend(Cellar c, int how)
        {
            var bottle = how == 0 ? null : c.Bottles.Allocate();
            if (how == 1)
                c.Bottles.Free(bottle!);
        }
    }

    [Fact]
    public static void Which_of_the_objects_of_the_set_up_is_freed()
    {
        foreach (var touched in new[] { 0, 1 })
        {
            var scenario = Cellar.Scenario(Stock, FreeOne, c => Touch(c, touched));
            var machine = new SuspendedMachine(scenario);
            Assert.Equal(3, new[] { machine.StateAt(0, 0), machine.StateAt(0, 1), machine.StateAt() }.Distinct().Count());
            Assert.Contains(Run(scenario).Tally.Violations, v => v.Message.EndsWith("which is freed", StringComparison.Ordinal));
        }

        static void Stock(Cellar c)
        {
            c.Left.Value = c.Bottles.Allocate();
            c.Right.Value = c.Bottles.Allocate();
        }

        static async KTask FreeOne(Cellar c) => Free(c, await c.Host.Choose(3));

        static void Free(Cellar c, int which)
        {
            if (which < 2)
                c.Bottles.Free(which == 0 ? c.Left.Peek! : c.Right.Peek!);
        }

        static async KTask Touch(Cellar c, int which)
        {
            await c.Host.Point();
            (which == 0 ? c.Left.Peek! : c.Right.Peek!).Year.Value = 1;
        }
    }

    [Fact]
    public static void Which_of_two_counters_is_watched()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(Watch));
        Assert.NotEqual(machine.StateAt(0, 0), machine.StateAt(0, 1));

        static async KTask Watch(Cellar c)
        {
            var stamp = await c.Host.Choose(2) == 0 ? c.LeftChanges.Now : c.RightChanges.Now;
            await c.Host.Point();
            await c.LeftChanges.ChangedSince(stamp);
        }
    }

    [Fact]
    public static void What_a_register_was_set_to()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(async c => c.Register.Set(await c.Host.Choose(2))));
        Assert.NotEqual(machine.StateAt(0, 0), machine.StateAt(0, 1));
    }

    [Fact]
    public static void A_local_of_an_unknown_type_is_an_error_that_names_it()
    {
        AssertUnknown("System.Double", "<share>5__", async c =>
        {
            var share = 0.5;
            await c.Host.Point();
            c.Register.Set((long)share);
        });
        AssertUnknown("System.Decimal", "<share>5__", async c =>
        {
            var share = 0.5m;
            await c.Host.Point();
            c.Register.Set((long)share);
        });
        AssertUnknown("System.Double", "Latitude", async c =>
        {
            var place = new Place(1);
            await c.Host.Point();
            c.Register.Set((long)place.Latitude);
        });
        AssertUnknown("System.Double", "m_value", async c =>
        {
            object share = 0.5;
            await c.Host.Point();
            c.Register.Set(share.ToString()!);
        });
        AssertUnknown("Fscrypt.Sim.Model.Machine.KTask", "<call>5__", async c =>
        {
            var call = c.Bottles.Objects.IsEmpty ? KTask.Done : default;
            await c.Host.Point();
            await call;
        });
    }

    // As an unoptimised build makes them: a class, and each frame refers to an object of it.
    [Fact]
    public static void A_state_machine_that_is_a_class()
    {
        var machine = new SuspendedMachine(Cellar.Scenario(ClassMachine.Run));
        string[] states = [machine.StateAt(0, 0), machine.StateAt(0, 1), machine.StateAt(0, 0, 0), machine.StateAt(0, 1, 0)];
        Assert.Equal(3, states.Distinct().Count());
        Assert.Equal(states[2], states[3]);
    }

    private static void AssertUnknown(string type, string field, Func<Cellar, KTask> thread)
    {
        var message = Assert.Throws<InternalErrorException>(() => Run(Cellar.Scenario(thread))).Message;
        Assert.Contains($"nobody knows what of a {type} is part of it ({field}", message, StringComparison.Ordinal);
    }

    private static SearchResult Run(Scenario scenario) => Searches.Executed(Searches.Plan(scenario, null));

    private sealed class Place(double latitude)
    {
        public double Latitude = latitude;
    }

    private static async KTask Take(Cellar c)
    {
        await c.Mutex.Acquire();
        await c.Host.Point();
        await c.Mutex.Release();
    }
}
