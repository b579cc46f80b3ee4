using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>A library of scenarios, each with one kind of result: what the command line is tested with.</summary>
internal static class LittleScenarios
{
    /// <summary>Two increments under a lock: nothing goes wrong.</summary>
    public static Scenario Locked { get; } = Make(
        "locked", (kernel, box) => box.AddLocked, box => box.Count.Peek != 2);

    /// <summary>Two increments without: one can be lost, with a single preemption.</summary>
    public static KernelScenario Lost { get; } = Make(
        "lost", (kernel, box) => box.Add, box => box.Count.Peek != 2);

    /// <summary>Locked or not, as the design says: the walking designs lose one.</summary>
    public static Scenario OfDesign { get; } = Make(
        "of-design",
        (kernel, box) => kernel.Configuration.Design == Design.DropInode ? box.AddLocked : box.Add,
        box => box.Count.Peek != 2);

    /// <summary>Plain writes that nothing orders.</summary>
    public static Scenario Race { get; } = Make("race", (kernel, box) => box.WriteNote, box => false);

    /// <summary>One thread frees what the other still uses.</summary>
    public static Scenario Freed { get; } = Make("freed", (kernel, box) => box.UseOrFree, box => false);

    /// <summary>A thread that waits for a wake-up that never comes.</summary>
    public static Scenario Stuck { get; } = Make("stuck", (kernel, box) => box.Sleep, box => false);

    /// <summary>A loop without end, as long as the other one has not run.</summary>
    public static Scenario Endless { get; } = Make("endless", (kernel, box) => box.Spin, box => false);

    /// <summary>The interesting situation does not occur.</summary>
    public static Scenario Unreached { get; } = Make(
        "unreached", (kernel, box) => box.AddLocked, box => box.Count.Peek != 2, box => box.Count.Peek == 3);

    /// <summary>Two expectations that are broken by the same executions.</summary>
    public static Scenario LostTwice { get; } = new KernelScenario("lost-twice", "two expectations broken at once", kernel =>
    {
        var lost = Lost.Create(kernel);
        return new ScenarioInstance
        {
            Setup = lost.Setup, Threads = lost.Threads, Finally = lost.Finally, Registers = lost.Registers,
            Expectations = [.. lost.Expectations, lost.Expectations[0] with { Name = "wrong-again" }],
        };
    });

    /// <summary>The model throws, if b comes first.</summary>
    public static Scenario Throws { get; } = Make("throws", (kernel, box) => box.Throw, box => false);

    /// <summary>No two executions are alike, although they should be.</summary>
    public static Scenario Moody { get; } = Make("moody", (kernel, box) => box.Moody, box => false);

    /// <summary>All that the command line may list.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
        [Locked, Lost, OfDesign, Race, Freed, Stuck, Endless, Unreached, LostTwice, Throws, Moody];

    private static KernelScenario Make(string name, Func<Kernel, Box, Func<KTask>> body, Func<Box, bool> wrong, Func<Box, bool>? reached = null)
        => new KernelScenario(name, $"two threads, {name}", kernel =>
        {
            var boxes = new Slab<Box>(kernel.Host, h => new Box(h));
            Box box = null!;
            var register = new Register("count");
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", () =>
                {
                    box = boxes.Allocate();
                    box.Slab = boxes;
                    return KTask.Done;
                }),
                Threads = [new ThreadBody("a", () => body(kernel, box)()), new ThreadBody("b", () => body(kernel, box)())],
                Finally = new ThreadBody("finally", async () =>
                {
                    await kernel.Host.Point();
                    register.Set(box.Count.Peek == 2 ? "two" : "not two");
                }),
                Registers = [register],
                Expectations =
                [
                    new Expectation("wrong", Frequency.Never, "it is wrong", () => wrong(box)),
                    new Expectation("reached", Frequency.Sometimes, "it is reached", () => reached == null || reached(box)),
                ],
            };
        });
}

/// <summary>A little kernel: a counter, a lock, a note, a queue.</summary>
internal sealed class Box(KernelHost host) : KernelObject(host)
{
    // Of this machine, and put back by nothing.
    [NotState("the mood of it is what no search may rely on")] private readonly int[] moods = new int[1];

    [KernelName("b_count")] public Shared<int> Count;
    [KernelName("b_lock")] private SpinLock @lock = new(new LockClass(0, "b_lock"));
    [KernelName("b_note")] private Plain<int> note;
    [KernelName("b_queue")] private WaitQueue queue;
    [KernelName("b_turn")] private Atomic turn;

    public Slab<Box> Slab { get; set; } = null!;

    public override string Name => "box:1";

    private bool IsFirst => Host.Current.Index == 0;

    [KernelSource("lib/box.c", "box_add_locked")]
    public async KTask AddLocked()
    {
        await @lock.Acquire();
        await Add();
        await @lock.Release();
    }

    [KernelSource("lib/box.c", "box_add")]
    public async KTask Add()
    {
        var count = await Count.ReadOnce();
        await Count.WriteOnce(count + 1);
    }

    public async KTask WriteNote()
    {
        await Host.Point();
        await (IsFirst ? WriteOne() : WriteTwo());
    }

    [KernelSource("lib/box.c", "box_write_one")]
    private async KTask WriteOne()
    {
        note.Value = 1;
        await Host.Point();
    }

    [KernelSource("lib/box.c", "box_write_two")]
    private async KTask WriteTwo()
    {
        note.Value = 2;
        await Host.Point();
    }

    public KTask UseOrFree() => IsFirst ? Add() : Free();

    [KernelSource("lib/box.c", "box_free")]
    private async KTask Free()
    {
        await Host.Point();
        Slab.Free(this);
    }

    public KTask Sleep() => IsFirst ? SleepTooLate() : Wake();

    [KernelSource("lib/box.c", "box_sleep")]
    private async KTask SleepTooLate()
    {
        if (await turn.Read() == 1)
            return;
        await queue.Prepare();
        await queue.Schedule();
    }

    [KernelSource("lib/box.c", "box_wake")]
    private async KTask Wake()
    {
        await turn.Set(1);
        await queue.WakeAll();
    }

    public async KTask Spin()
    {
        if (IsFirst)
        {
            while (await turn.Read() == 0)
                await Host.Point();
        }
        else
        {
            await turn.Set(1);
        }
    }

    public async KTask Throw()
    {
        if (IsFirst)
            await turn.Set(1);
        else if (await turn.Read() == 0)
            throw new InvalidOperationException("a mistake");
    }

    public async KTask Moody()
    {
        if (moods[0]++ % 3 == 0)
            await Host.Point();
        await Add();
    }
}
