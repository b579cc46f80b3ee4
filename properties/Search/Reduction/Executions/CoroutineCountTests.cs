using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>The known counts once more, of threads with the kernel's own locks and fields.</summary>
public static class CoroutineCountTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 6)]
    [InlineData(4, 24)]
    [InlineData(5, 120)]
    public static void Writers_come_in_every_order(int threads, int traces)
    {
        Assert.Equal((traces, 0), Count(Same(threads, (c, i) => async () => await c[0].Shared.WriteOnce(i))));
        Assert.Equal((traces, 0), Count(Same(threads, (c, _) => async () => await c[0].Count.AddReturn(1))));
        Assert.Equal((traces, 0), Count(Same(threads, (c, _) => c[0].AddUnderSpinLock)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public static void What_nobody_looks_at_comes_in_one_order(int threads)
    {
        Assert.Equal((1, 0), Count(Same(threads, (c, _) => async () => await c[0].Count.Increment())));
        Assert.Equal((1, 0), Count(Same(threads, (c, _) => async () => await c[0].Count.Get())));
        Assert.Equal((1, 0), Count(Same(threads, (c, _) => c[0].LookUnderSemaphore)));
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(4, 16)]
    [InlineData(8, 256)]
    public static void Each_reader_comes_before_the_writer_or_behind_it(int readers, int traces)
        => Assert.Equal((traces, 0), Count(Same(readers + 1, (c, i) => i == 0
            ? async () => await c[0].Shared.WriteOnce(1)
            : async () => await c[0].Shared.ReadOnce())));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public static void Who_swaps_without_success_only_reads(int threads)
        => Assert.Equal((threads, 0), Count(Same(threads, (c, i) => async () => await c[0].Count.CompareExchange(1, i + 2))));

    [Fact]
    public static void Litmus_tests_have_as_many_traces_as_they_are_known_for()
    {
        Assert.Equal((3, 0), Count(Same(2, (c, i) => () => WriteRead(c[i], c[1 - i]))));
        Assert.Equal((3, 0), Count(Same(2, (c, i) => i == 0 ? () => WriteWrite(c[0], c[1]) : () => ReadRead(c[1], c[0]))));
        Assert.Equal((15, 0), Count(Same(4, (c, i) => i < 2
            ? async () => await c[i].Shared.WriteOnce(1)
            : () => ReadRead(c[i - 2], c[3 - i]))));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public static void Philosophers_have_their_deadlock_once(int count)
        => Assert.Equal(((1 << count) - 2, 1), Count(Same(count, (c, i) => () => Eat(c[i], c[(i + 1) % count]))));

    [Fact]
    public static void A_wake_up_that_comes_too_early_is_lost_once()
    {
        var tally = Coroutines.Explore(
            Coroutines.Of(Same(2, (c, i) => i == 0 ? c[0].SleepTooLate : c[0].Wake)), StrategyNames.Dpor).Tally;
        Assert.Equal((1, 0), (tally.Deadlocked, tally.Blocked));
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void A_reduction_allocates_nothing_for_an_execution(string strategy)
    {
        var more = Allocated(strategy) - Allocated(StrategyNames.DepthFirst);
        Assert.True(more < 16 * 1024, $"{more} bytes for 3,000 executions, beside what code that is not optimised yet boxes in any search");
    }

    private static long Allocated(string strategy)
    {
        var scenario = Coroutines.Of(Same(7, (c, _) => c[0].AddUnderSpinLock));
        Coroutines.Explore(scenario, strategy, 5_000);
        var allocated = new long[2];
        for (var i = 0; i < 2; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Coroutines.Explore(scenario, strategy, i == 0 ? 1_000 : 4_000);
            allocated[i] = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return allocated[1] - allocated[0];
    }

    private static (long Complete, long Deadlocked) Count(Func<KernelHost, Func<KTask>[]> threads)
    {
        var tally = Coroutines.Explore(Coroutines.Of(threads), StrategyNames.Dpor).Tally;
        Assert.Equal((0, 0, 0), (tally.Blocked, tally.AwaitBlocked, tally.Cut));
        var sleeping = Coroutines.Explore(Coroutines.Of(threads), StrategyNames.SleepSets).Tally;
        Assert.Equal((sleeping.Complete, sleeping.Deadlocked), (tally.Complete, tally.Deadlocked));
        return (tally.Complete, tally.Deadlocked);
    }

    private static Func<KernelHost, Func<KTask>[]> Same(int threads, Func<Things[], int, Func<KTask>> thread) => host =>
    {
        Things[] things = [.. Enumerable.Range(0, threads).Select(_ => new Things(host))];
        return [.. Enumerable.Range(0, threads).Select(i => thread(things, i))];
    };

    private static async KTask WriteRead(Things written, Things read)
    {
        await written.Shared.WriteOnce(1);
        await read.Shared.ReadOnce();
    }

    private static async KTask WriteWrite(Things first, Things second)
    {
        await first.Shared.WriteOnce(1);
        await second.Shared.WriteOnce(1);
    }

    private static async KTask ReadRead(Things first, Things second)
    {
        await first.Shared.ReadOnce();
        await second.Shared.ReadOnce();
    }

    private static async KTask Eat(Things left, Things right)
    {
        await left.Fork.Acquire();
        await right.Fork.Acquire();
        await left.Fork.Release();
        await right.Fork.Release();
    }

    private sealed class Things(KernelHost host) : KernelObject(host)
    {
        private static readonly LockClass ForkClass = new(56, "fork", tried: true);
        private static readonly LockClass SpinClass = new(57, "spin");
        private static readonly LockClass SemaphoreClass = new(58, "semaphore");

        public Shared<int> Shared;
        public Atomic Count = new(1);
        public LockRef Fork = new(ForkClass);
        private SpinLock spin = new(SpinClass);
        private RwSemaphore semaphore = new(SemaphoreClass);
        private Plain<int> plain;
        private Shared<int> done;
        private WaitQueue queue;

        public override string Name => "things";

        public async KTask AddUnderSpinLock()
        {
            await spin.Acquire();
            plain.Value++;
            await spin.Release();
        }

        public async KTask LookUnderSemaphore()
        {
            await semaphore.AcquireRead();
            _ = plain.Value;
            await semaphore.ReleaseRead();
        }

        public async KTask SleepTooLate()
        {
            if (await done.ReadOnce() == 0)
            {
                await queue.Prepare();
                await queue.Schedule();
            }
        }

        public async KTask Wake()
        {
            await done.WriteOnce(1);
            await queue.WakeAll();
        }
    }
}
