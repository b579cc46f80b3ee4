using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Mutex = Fscrypt.Sim.Model.Machine.Mutex;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Engines;

/// <summary>Scenarios on a handful of locks and counters, good and buggy: enough for tests of engines.</summary>
internal static class SmallScenarios
{
    /// <summary>Two threads add to a counter by reading and then setting it.</summary>
    public static KernelScenario LostUpdate { get; } = Make("lost-update", c => new(
        [Thread("a", c.AddUnguarded), Thread("b", c.AddUnguarded)], () => c.Count.Peek == 2, c));

    /// <summary>The same under a lock.</summary>
    public static Scenario GuardedUpdate { get; } = Make("guarded-update", c => new(
        [Thread("a", c.AddGuarded), Thread("b", c.AddGuarded)], () => c.Count.Peek == 2, c));

    /// <summary>Two mutexes, taken in both orders: a deadlock in some executions, a wrong order in all others.</summary>
    public static Scenario BothOrders { get; } = Make("both-orders", c => new(
        [Thread("a", () => c.TakeBoth(second: false)), Thread("b", () => c.TakeBoth(second: true))], () => true, c));

    /// <summary>A sleeper looks at its condition before it queues: a wake-up between the two is lost.</summary>
    public static Scenario LostWakeUp { get; } = Make("lost-wake-up", c => new(
        [Thread("sleeper", c.SleepTooLate), Thread("waker", c.WakeAndGoOn)], () => true, c));

    /// <summary>One of two threads polls until the other is done: without fairness it never ends.</summary>
    public static Scenario Polling { get; } = Make("polling", c => new(
        [Thread("poller", c.Poll), Thread("setter", c.Wake)], () => true, c));

    /// <summary>A thread that dies of a mistake of ours, when the other one was faster.</summary>
    public static Scenario Throws { get; } = Make("throws", c => new(
        [Thread("a", c.Throw), Thread("b", c.AddUnguarded)], () => true, c));

    /// <summary>The same before the first operation of a thread.</summary>
    public static Scenario ThrowsAtOnce { get; } = Make("throws-at-once", c => new(
        [Thread("a", c.AddUnguarded), Thread("b", () => throw new InvalidOperationException("at once"))], () => true, c));

    /// <summary>The same in the last part.</summary>
    public static Scenario ThrowsAtTheEnd { get; } = Make("throws-at-the-end", c => new(
        [Thread("a", c.AddUnguarded)], () => true, c)
    { Last = () => throw new InvalidOperationException("at the end") });

    /// <summary>A thread that nothing can stop but its number of steps.</summary>
    public static Scenario Endless { get; } = Make("endless", c => new(
        [Thread("a", c.Forever), Thread("b", c.AddUnguarded), Thread("c", c.SleepTooLate)], () => true, c));

    /// <summary>A thread with a choice of data starts another, which does plain accesses before its first operation.</summary>
    public static Scenario SpawnsAndChooses { get; } = Make("spawns-and-chooses", c => new(
        [Thread("a", c.SpawnAndJoin), Thread("b", c.AddGuarded)], () => c.Count.Peek != 12, c));

    /// <summary>Threads that end without any operation, next to one that has some.</summary>
    public static Scenario NothingToDo { get; } = Make("nothing-to-do", c => new(
        [Thread("a", () => KTask.Done), Thread("b", c.AddGuarded), Thread("c", () => KTask.Done)], () => c.Count.Peek == 1, c));

    /// <summary>No operation at all.</summary>
    public static Scenario Nothing { get; } = Make("nothing", c => new(
        [Thread("a", () => KTask.Done)], () => c.Count.Peek == 0, c));

    /// <summary>Random threads on a counter, its locks and its queue.</summary>
    public static Scenario Random(int seed) => Make($"random-{seed}", c =>
    {
        var random = new System.Random(seed);
        var threads = new ThreadBody[random.Next(2, 5)];
        for (var i = 0; i < threads.Length; i++)
        {
            var steps = new int[random.Next(1, 7)];
            for (var j = 0; j < steps.Length; j++)
                steps[j] = random.Next(Counter.Kinds);
            threads[i] = Thread($"t{i}", () => c.DoAll(steps));
        }

        return new Parts(threads, () => c.Count.Peek < 7, c);
    });

    private static ThreadBody Thread(string name, Func<KTask> run) => new(name, run);

    private static KernelScenario Make(string name, Func<Counter, Parts> parts) => new(name, name, kernel =>
    {
        var counter = new Counter(kernel.Host);
        var made = parts(counter);
        return new ScenarioInstance
        {
            Setup = Thread("setup", counter.SetUp),
            Threads = made.Threads,
            Finally = Thread("finally", made.Last ?? (() => counter.Note(made.Counter))),
            Registers = [counter.Result],
            Expectations = [new Expectation("count", Frequency.Always, "the count is right", made.Holds)],
        };
    });

    private sealed record Parts(ThreadBody[] Threads, Func<bool> Holds, Counter Counter)
    {
        public Func<KTask>? Last { get; init; }
    }
}

/// <summary>A counter with one lock of each kind and a queue.</summary>
internal sealed class Counter(KernelHost host) : KernelObject(host)
{
    /// <summary>Kinds of things that <see cref="DoAll"/> can do.</summary>
    public const int Kinds = 13;

    // Numbers at the upper end: the kernel, which these scenarios do not use, has those at the lower.
    private static readonly string[] Numbers = [.. Enumerable.Range(0, 100).Select(n => $"{n}")];

    public Atomic Count;
    private Atomic done;
    private SpinLock spin = new(new LockClass(60, "spin", tried: true));
    private Mutex first = new(new LockClass(61, "first"));
    private Mutex second = new(new LockClass(62, "second"));
    private RwSemaphore semaphore = new(new LockClass(63, "semaphore"));
    private WaitQueue queue;
    private Plain<int> plain;

    public override string Name => "counter";

    public Register Result { get; } = new("result");

    public async KTask SetUp()
    {
        await Count.Set(0);
        await first.Acquire();
        plain.Value = 1;
        await first.Release();
    }

    public async KTask Note(Counter counter)
        => Result.Set(Numbers[await counter.Count.Read()], "/", Numbers[await counter.done.Read()]);

    public async KTask AddUnguarded()
    {
        var count = await Count.Read();
        await Count.Set(count + 1);
    }

    public async KTask AddGuarded()
    {
        await spin.Acquire();
        await AddUnguarded();
        await spin.Release();
    }

    public async KTask TakeBoth(bool second)
    {
        if (second)
            await this.second.Acquire();
        else
            await first.Acquire();
        if (second)
            await first.Acquire();
        else
            await this.second.Acquire();
        await first.Release();
        await this.second.Release();
    }

    public async KTask SleepTooLate()
    {
        if (await done.Read() == 0)
        {
            await queue.Prepare();
            await queue.Schedule();
        }
    }

    public async KTask Wake()
    {
        await done.Set(1);
        await queue.WakeAll();
    }

    public async KTask WakeAndGoOn()
    {
        await Wake();
        await Host.Point();                              // by now the sleeper may be asleep for good
    }

    public async KTask Poll()
    {
        while (await done.Read() == 0)
            await Host.Point();
    }

    public async KTask Throw()
    {
        await AddUnguarded();
        if (await Count.Read() == 2)
            throw new InvalidOperationException("the other one was faster");
    }

    public async KTask Forever()
    {
        while (true)
            await Host.Point();
    }

    public async KTask SpawnAndJoin()
    {
        await first.Acquire();
        plain.Value++;                                   // ordered before the child by its creation alone
        var child = await Host.Spawn(new ThreadBody("child", Child));
        for (var i = await Host.Choose(3); i > 0; i--)
            await AddUnguarded();
        await first.Release();
        await child!.Join();
        await Host.Choose(1);
        for (var i = plain.Value; i > 0; i--)
            await AddUnguarded();
    }

    /// <summary>Does one thing after another, by their numbers.</summary>
    public async KTask DoAll(int[] kinds)
    {
        foreach (var kind in kinds)
            await Do(kind);
    }

    private async KTask Child()
    {
        plain.Value *= 2;
        await first.Acquire();
        plain.Value++;
        await first.Release();
    }

    private async KTask Do(int kind)
    {
        switch (kind)
        {
            case 0:
                await AddUnguarded();
                break;
            case 1:
                await AddGuarded();
                break;
            case 2:
                await TakeBoth(second: false);
                break;
            case 3:
                await semaphore.AcquireRead();
                await AddUnguarded();
                await semaphore.ReleaseRead();
                break;
            case 4:
                await semaphore.AcquireWrite();
                await AddUnguarded();
                await semaphore.ReleaseWrite();
                break;
            case 5:
                await Wake();
                break;
            case 6:
                await SleepTooLate();
                break;
            case 7:
                await done.Set(await Host.Choose(3));
                break;
            case 8:
                if (await spin.TryAcquire())
                {
                    await AddUnguarded();
                    await spin.Release();
                }

                break;
            case 9:
                await SpawnAndJoin();
                break;
            case 10:
                await Host.Point();
                break;
            case 11:
                plain.Value++;                           // a data race, unless another kind orders it
                break;
            default:
                await first.Acquire();
                await semaphore.AcquireRead();
                plain.Value++;
                await semaphore.ReleaseRead();
                await first.Release();
                break;
        }
    }
}
