using Fscrypt.Sim.Model.Machine;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Programs whose number of interleavings is known: depth-first search without reduction runs exactly those.</summary>
public static class CountTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 6)]
    [InlineData(3, 24)]
    [InlineData(4, 120)]
    public static void One_writer_and_its_readers(int readers, int interleavings)
        => Assert.Equal(interleavings, Program.Explore(host =>
        {
            var t = new Thing(host);
            Func<KTask> reader = async () => await t.Flag.ReadOnce();
            return [async () => await t.Flag.WriteOnce(1), .. Enumerable.Repeat(reader, readers)];
        }).Complete);

    [Theory]
    [InlineData(2, 6)]
    [InlineData(3, 90)]
    public static void Increments_that_are_lost(int threads, int interleavings)
        => Assert.Equal(interleavings, Program.Explore(host =>
        {
            var t = new Thing(host);
            Func<KTask> increment = async () => await t.Flag.WriteOnce(await t.Flag.ReadOnce() + 1);
            return [.. Enumerable.Repeat(increment, threads)];
        }).Complete);

    [Fact]
    public static void Three_philosophers()
    {
        // Each takes the left fork, then the right, and puts both back: four points each.
        var program = Program.Explore(host =>
        {
            Thing[] forks = [new(host), new(host), new(host)];
            return [.. Enumerable.Range(0, 3).Select(i => (Func<KTask>)(() => Eat(forks[i], forks[(i + 1) % 3], i)))];
        });
        Assert.Equal((390, 6), (program.Complete, program.Deadlocked));
        Assert.Equal(["deadlock"], program.Rules);

        static async KTask Eat(Thing left, Thing right, int philosopher)
        {
            _ = philosopher;
            await left.Tried.Acquire();
            await right.Tried.Acquire(Thing.ClassB);
            await left.Tried.Release();
            await right.Tried.Release();
        }
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 4)]
    [InlineData(2, 6)]
    public static void Preemptions_are_bounded(int bound, int interleavings)
        => Assert.Equal(interleavings, Program.Explore(host =>
        {
            var t = new Thing(host);
            Func<KTask> increment = async () => await t.Flag.WriteOnce(await t.Flag.ReadOnce() + 1);
            return [increment, increment];
        }, bound).Complete);

    [Fact]
    public static void Every_choice_of_data_is_made()
    {
        var seen = new SortedSet<int>();
        var program = Program.Explore(host => [async () => seen.Add((await host.Choose(3) * 10) + await host.Choose(2))]);
        Assert.Equal(6, program.Complete);
        Assert.Equal([0, 1, 10, 11, 20, 21], seen);
    }

    [Fact]
    public static void A_sleeping_lock_that_is_not_free_takes_two_operations()
    {
        // Alone: acquire and release are 1 point each. The other one's acquire is 1 point, or 2 while the lock is held.
        var program = Program.Explore(host =>
        {
            var t = new Thing(host);
            Func<KTask> body = async () => { await t.Mutex.Acquire(); await host.Point(); await t.Mutex.Release(); };
            return [body, body];
        });
        Assert.Equal(4, program.Complete);
    }
}
