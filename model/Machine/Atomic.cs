using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// atomic_t and refcount_t. Operations that return a value order both ways (for a failed conditional one: not at all);
/// those that return none order nothing; a reference count's drop publishes, and its last drop acquires.
/// </summary>
public struct Atomic : ICell
{
    [Wiring] private KernelObject owner;
    private SyncClock sync;
    private int value;
    [Wiring] private ushort offset;

    /// <summary>A counter that starts with a value.</summary>
    public Atomic(int value)
    {
        this = default;
        owner = null!;
        this.value = value;
    }

    /// <summary>atomic_read.</summary>
    public Step<int> Read() => new(Announce(OperationKind.AtomicRead));

    /// <summary>atomic_set: no order.</summary>
    public Step Set(int value) => new(Announce(OperationKind.AtomicSet, value));

    /// <summary>atomic_inc: no result, no order.</summary>
    public Step Increment() => new(Announce(OperationKind.AtomicAdd, 1));

    /// <summary>atomic_dec: no result, no order.</summary>
    public Step Decrement() => new(Announce(OperationKind.AtomicAdd, -1));

    /// <summary>atomic_add_return.</summary>
    public Step<int> AddReturn(int amount) => new(Announce(OperationKind.AtomicAddReturn, amount));

    /// <summary>atomic_dec_and_test: true when it reached zero.</summary>
    [Site]
    public Step<bool> DecrementAndTest([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Announce(OperationKind.AtomicDecrementAndTest, Relaxed(function, line)));

    /// <summary>atomic_add_unless(v, -1, 1): false, and nothing done, when the value is one.</summary>
    [Site]
    public Step<bool> DecrementUnlessOne([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Announce(OperationKind.AtomicDecrementUnlessOne, Relaxed(function, line)));

    /// <summary>atomic_cmpxchg: true if the value was <paramref name="expected"/> and now is <paramref name="next"/>.</summary>
    public Step<bool> CompareExchange(int expected, int next)
        => new(Announce(OperationKind.AtomicCompareExchange, (long)expected << 32 | (uint)next));

    /// <summary>refcount_inc: a finding if the count was zero.</summary>
    public Step Get() => new(Announce(OperationKind.ReferenceIncrement));

    /// <summary>refcount_inc_not_zero.</summary>
    public Step<bool> GetUnlessZero() => new(Announce(OperationKind.ReferenceIncrementNotZero));

    /// <summary>refcount_dec_and_test: true for the last reference.</summary>
    [Site]
    public Step<bool> PutAndTest([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Announce(OperationKind.ReferenceDecrementAndTest, Relaxed(function, line)));

    /// <summary>The value, for rules and reports, which are no thread of the kernel.</summary>
    public readonly int Peek => value;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => sync.Forget();

    readonly string ICell.Show() => Display.Of(value);

    /// <summary>Sets the value of an object that no other thread can reach yet.</summary>
    public void Initialize(int value)
    {
        owner.Touch();
        if (owner.Host.Attentive)
            owner.Host.Accessed(owner, offset, AccessKind.Write);
        this.value = value;
    }

    internal readonly bool WouldOnlyRead(in Operation operation) => operation.Kind switch
    {
        OperationKind.AtomicRead => true,
        OperationKind.AtomicDecrementUnlessOne => value == 1,
        OperationKind.AtomicCompareExchange => value != (int)(operation.Argument >> 32),
        OperationKind.ReferenceIncrementNotZero => value == 0,
        _ => false,
    };

    internal long Apply(KernelThread thread, in Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.AtomicRead:
                return value;
            case OperationKind.AtomicSet:
                sync.Clear(thread);
                value = (int)operation.Argument;
                return 0;
            case OperationKind.AtomicAdd:
                Change(thread, (int)operation.Argument);
                return value;
            case OperationKind.AtomicAddReturn:
                Order(thread);
                Change(thread, (int)operation.Argument);
                return value;
            case OperationKind.AtomicDecrementAndTest:
                if (operation.Argument == Ordered)
                    Order(thread);
                Change(thread, -1);
                return value == 0 ? 1 : 0;
            case OperationKind.AtomicDecrementUnlessOne:
                if (value == 1)
                    return 0;
                if (operation.Argument == Ordered)
                    Order(thread);
                Change(thread, -1);
                return 1;
            case OperationKind.AtomicCompareExchange:
                if (value != (int)(operation.Argument >> 32))
                    return 0;
                Order(thread);
                value = (int)operation.Argument;
                return 1;
            case OperationKind.ReferenceIncrement:
                if (value <= 0)
                    Misuse(thread, "takes a reference on", "whose count was already zero");
                value++;
                return value;
            case OperationKind.ReferenceIncrementNotZero:
                if (value == 0)
                    return 0;
                value++;
                return 1;
            case OperationKind.ReferenceDecrementAndTest:
                if (operation.Argument == Ordered)
                    sync.ReleaseMerged(thread);
                Change(thread, -1);
                if (value == 0 && operation.Argument == Ordered)
                    sync.Acquire(thread);
                return value == 0 ? 1 : 0;
            default:
                Invariant.Holds(false, "every atomic operation has an effect");
                return 0;
        }
    }

    // What an operation announces at a site: that it orders, or that its order is taken out.
    private const int Ordered = 0;

    private readonly long Relaxed(string function, int line) => owner.Host.Keeps(function, line) ? Ordered : 1;

    private void Order(KernelThread thread)
    {
        sync.Acquire(thread);
        sync.Release(thread);
    }

    private void Change(KernelThread thread, int amount)
    {
        value += amount;
        if (value < 0)
            Misuse(thread, "drops", "which was zero");
    }

    private readonly void Misuse(KernelThread thread, string what, string why)
    {
        var target = new Operation(owner, offset, OperationKind.AtomicAdd).Target;
        thread.Host.Report(new Finding("reference-count", $"{thread.Name} {what} {target}, {why}") { Object = owner, Offset = offset });
    }

    private readonly KernelThread Announce(OperationKind kind, long argument = 0)
        => owner.Announce(offset, kind, quiet: false, argument);
}
