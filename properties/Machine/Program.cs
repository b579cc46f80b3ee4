using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;
using Mutex = Fscrypt.Sim.Model.Machine.Mutex;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>A few threads on a machine of their own, and what exhaustive search says of them.</summary>
internal sealed class Program
{
    private readonly NativeHost<DepthFirst> host;
    private readonly ThreadBody[] bodies;

    private Program(Func<KernelHost, Func<KTask>[]> threads, int preemptionsMax)
    {
        host = new NativeHost<DepthFirst>(new DepthFirst(preemptionsMax));
        bodies = [.. threads(host).Select((run, i) => new ThreadBody($"t{i}", run))];
        host.Checkpoint();
    }

    /// <summary>Executions that came to their end without a finding.</summary>
    public int Complete { get; private set; }

    /// <summary>Executions that ended in a deadlock.</summary>
    public int Deadlocked { get; private set; }

    /// <summary>The rules of all findings.</summary>
    public SortedSet<string> Rules { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs every schedule (or every one with so many preemptions).</summary>
    public static Program Explore(Func<KernelHost, Func<KTask>[]> threads, int preemptionsMax = -1, Action<KernelHost>? atEnd = null)
    {
        var program = new Program(threads, preemptionsMax);
        do
        {
            program.host.Restore();
            if (program.host.RunTogether(program.bodies))
            {
                program.Complete++;
                atEnd?.Invoke(program.host);
            }
            else
            {
                Assert.NotNull(program.host.Finding);
                program.Rules.Add(program.host.Finding.Rule);
                program.Deadlocked += program.host.Finding.Rule == "deadlock" ? 1 : 0;
            }
        }
        while (program.host.Strategy.Next());
        return program;
    }

    /// <summary>No schedule has a finding.</summary>
    public static void Passes(Func<KernelHost, Func<KTask>[]> threads) => Assert.Empty(Explore(threads).Rules);

    /// <summary>Some schedule breaks the rule, and none breaks another.</summary>
    public static void Breaks(string rule, Func<KernelHost, Func<KTask>[]> threads) => Assert.Equal([rule], Explore(threads).Rules);
}

/// <summary>An object with some of everything.</summary>
internal sealed class Thing(KernelHost host) : KernelObject(host)
{
    public static readonly LockClass ClassA = new(48, "A");
    public static readonly LockClass ClassB = new(49, "B");
    public static readonly LockClass ClassTried = new(50, "T", tried: true);
    public static readonly LockClass ClassMutex = new(51, "M");
    public static readonly LockClass ClassSemaphore = new(52, "S");
    public static readonly LockClass ClassReference = new(53, "R");

    public Plain<int> X;
    public Plain<int> Y;
    public Shared<int> Flag;
    public Pointer<Thing> Link;
    public Atomic Count = new(1);
    public SpinLock A = new(ClassA);
    public SpinLock B = new(ClassB);
    public SpinLock Tried = new(ClassTried);
    public Mutex Mutex = new(ClassMutex);
    public RwSemaphore Semaphore = new(ClassSemaphore);
    public LockRef Reference = new(ClassReference);
    public WaitQueue Queue;
#pragma warning disable CS0649 // The list writes it, in place.
    public ListLink Place;
#pragma warning restore CS0649
    [LinkedBy(nameof(Place))]
    public KernelList<Thing> List;

    public override string Name => "thing";
}
