using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Threads that are started in the middle of an execution, more than clocks have room for at first.</summary>
public static class ManyThreadsTests
{
    private const int Threads = 40;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public static void Threads_that_come_late_are_ordered_and_watched_like_others(bool locked)
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        var t = new Thing(host);
        ThreadBody late = new("late", Increment);
        ThreadBody[] bodies = [new("first", First), new("second", Increment)];
        host.Checkpoint();
        for (var i = 0; i < 50; i++)
        {
            host.Restore();
            var ended = host.RunTogether(bodies);
            Assert.Equal(locked, ended);
            Assert.Equal(locked ? null : "data-race", host.Finding?.Rule);
            if (locked)
                Assert.Equal((Threads + 1, Threads + 1), (t.X.Peek, host.ThreadCount));
            host.Strategy.Next();
        }

        async KTask First()
        {
            for (var i = 1; i < Threads; i++)
                await host.Spawn(late);
            await Increment();
        }

        async KTask Increment()
        {
            await host.Point();
            _ = t.Y.Value;                               // all read it: a row of readers
            if (locked)
                await t.A.Acquire();
            t.X.Value++;
            if (locked)
                await t.A.Release();
        }
    }

    [Fact]
    public static void More_threads_than_a_search_can_tell_apart_are_refused()
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        host.Checkpoint();
        host.Restore();
        Assert.False(host.RunTogether([new("first", async () =>
        {
            while (true)
                await host.Spawn(new ThreadBody("next", async () => await host.Point()));
        })]));
        Assert.Null(host.Finding);
        Assert.Equal("an execution has at most 64 threads, the kernel's own and the last part among them", host.GivenUp);
        host.Restore();
        Assert.True(host.RunTogether([new("t", async () => await host.Point())]));
    }

    [Fact]
    public static void Where_nothing_is_searched_a_loop_has_one_number_and_calls_one_frame()
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        var t = new Thing(host);
        var loop = new ThreadBody("loop", Increment) { IsLoop = true };
        Assert.True(host.RunAlone(new ThreadBody("setup", async () =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                var run = await host.Spawn(loop);
                await run!.Join();
                await Increment();
            }
        })));
        Assert.Null(host.Finding);
        Assert.Equal((2_000, 2), (t.X.Peek, host.ThreadCount));
        Assert.True(host.Frames.Made < 10, $"{host.Frames.Made} frames");

        async KTask Increment()
        {
            await t.A.Acquire();
            await host.Point();
            t.X.Value++;
            await t.A.Release();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public static void Where_numbers_are_short_a_loop_uses_its_own_again_and_is_still_watched(bool locked)
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        var t = new Thing(host);
        var loop = new ThreadBody("loop", () => Increment(true)) { IsLoop = true };
        ThreadBody[] bodies = [new("first", First), new("second", () => Increment(locked))];
        host.Checkpoint();
        host.Restore();
        Assert.Equal(locked, host.RunTogether(bodies));
        Assert.Equal(locked ? null : "data-race", host.Finding?.Rule);
        Assert.Null(host.GivenUp);
        if (locked)
            Assert.Equal((201, KernelHost.ThreadsMax), (t.X.Peek, host.ThreadCount));

        async KTask First()
        {
            for (var i = 0; i < 200; i++)
                await (await host.Spawn(loop))!.Join();
        }

        async KTask Increment(bool locks)
        {
            if (locks)
                await t.A.Acquire();
            await host.Point();
            t.X.Value++;
            if (locks)
                await t.A.Release();
        }
    }
}
