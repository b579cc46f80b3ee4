using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Mutex = Fscrypt.Sim.Model.Machine.Mutex;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>Where threads keep bottles: an object with a cell of each kind that states are told apart by.</summary>
internal sealed class Cellar : KernelObject
{
    public Plain<int> Note;
    public Atomic Out;
    public Pointer<Bottle> Left;
    public Pointer<Bottle> Right;
    public Mutex Mutex = new(new LockClass(50, "c_mutex"));
    public RwSemaphore Semaphore = new(new LockClass(54, "c_semaphore", tried: true));
    public SpinLock Lock = new(new LockClass(51, "c_lock"));
    public SpinLock LeftTried = new(new LockClass(52, "c_left", tried: true));
    public SpinLock RightTried = new(new LockClass(53, "c_right", tried: true));
    public WaitQueue Queue;
#pragma warning disable CS0649 // Cells are attached to their object when it is made.
    public ChangeCounter LeftChanges;
    public ChangeCounter RightChanges;
#pragma warning restore CS0649

    private Cellar(KernelHost host)
        : base(host) => Bottles = new Slab<Bottle>(host, h => new Bottle(h));

    public Slab<Bottle> Bottles { get; }

    public Register Register { get; } = new("result");

    public override string Name => "cellar";

    /// <summary>A scenario of threads in a cellar. What is expected: that nobody writes 1 to Out.</summary>
    public static KernelScenario Scenario(Action<Cellar> stock, params Func<Cellar, KTask>[] threads) => new("cellar", "a cellar", kernel =>
    {
        var cellar = new Cellar(kernel.Host);
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", () =>
            {
                stock(cellar);
                return KTask.Done;
            }),
            Threads = [.. threads.Select((t, i) => new ThreadBody($"t{i}", () => t(cellar)))],
            Finally = new ThreadBody("finally", async () => await cellar.Host.Point()),
            Registers = [cellar.Register],
            Expectations = [new Expectation("out", Frequency.Never, "out == 1", () => cellar.Out.Peek == 1)],
        };
    });

    /// <inheritdoc cref="Scenario(Action{Cellar}, Func{Cellar, KTask}[])"/>
    public static KernelScenario Scenario(params Func<Cellar, KTask>[] threads) => Scenario(_ => { }, threads);
}

/// <summary>What is allocated and freed. A bottle can have others around it.</summary>
internal sealed class Bottle(KernelHost host) : KernelObject(host)
{
    public Plain<int> Year;
#pragma warning disable CS0649 // Cells are attached to their object when it is made.
    public ListLink Link;
#pragma warning restore CS0649
    [LinkedBy(nameof(Link))]
    public KernelList<Bottle> Around;

    public override string Name => "bottle";
}
