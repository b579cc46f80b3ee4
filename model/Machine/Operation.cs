namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What a thread does at a scheduling point, as data: it is announced before it runs, so a host can print it, hash it,
/// ask whether it is enabled and whether two of them are dependent.
/// </summary>
public record struct Operation
{
    // In one word: the four words of an operation are copied through registers.
    private uint what;

    /// <summary>An operation on a cell.</summary>
    public Operation(
        KernelObject target, ushort offset, OperationKind kind, bool quiet = false, long argument = 0, object? reference = null)
        : this(target, Pack(offset, kind, quiet), argument, reference)
    {
    }

    internal Operation(KernelObject target, uint what, long argument, object? reference)
    {
        Object = target;
        Argument = argument;
        Reference = reference;
        this.what = what;
    }

    /// <summary>The object the operation is about.</summary>
    public KernelObject Object { readonly get; private set; }

    /// <summary>Which cell of it.</summary>
    public readonly ushort Offset => (ushort)what;

    /// <summary>What is done.</summary>
    public readonly OperationKind Kind => (OperationKind)(what >> 16);

    /// <summary>Whether the operation is no scheduling point (the release of a lock that nobody can see held).</summary>
    public readonly bool Quiet => what >> 24 != 0;

    /// <summary>A number that the kind explains.</summary>
    public long Argument { readonly get; private set; }

    /// <summary>An object that the kind explains.</summary>
    public object? Reference { readonly get; private set; }

    /// <summary>Whether both touch the same cell.</summary>
    public readonly bool SameCell(in Operation other) => ReferenceEquals(Object, other.Object) && Offset == other.Offset;

    /// <summary>Name of the cell, as in <c>ino:12.i_lock</c>.</summary>
    public readonly string Target => Object.TargetOf(Offset);

    /// <summary>Overwrites it. A comparison is cheaper than the collector's write barrier.</summary>
    internal void Become(KernelObject target, uint what, long argument, object? reference)
    {
        if (!ReferenceEquals(Object, target))
            Object = target;
        if (!ReferenceEquals(Reference, reference))
            Reference = reference;
        Argument = argument;
        this.what = what;
    }

    internal static uint Pack(ushort offset, OperationKind kind, bool quiet)
        => offset | (uint)kind << 16 | (quiet ? 1u << 24 : 0);

    public override readonly string ToString() => Offset == 0 && Kind >= OperationKind.Spawn ? Kind.ToString() : $"{Kind} {Target}";
}

/// <summary>The kinds of operations. Those from <see cref="SpinAcquire"/> on can be disabled, and block their thread.</summary>
public enum OperationKind : byte
{
    /// <summary>No operation announced.</summary>
    None,
    SpinTry,
    SpinRelease,
    MutexTry,
    MutexRelease,
    SemaphoreTryRead,
    SemaphoreTryWrite,
    SemaphoreReleaseRead,
    SemaphoreReleaseWrite,
    AtomicRead,
    AtomicSet,
    AtomicAdd,
    AtomicAddReturn,
    AtomicDecrementAndTest,
    AtomicDecrementUnlessOne,
    AtomicCompareExchange,
    ReferenceIncrement,
    ReferenceIncrementNotZero,
    ReferenceDecrementAndTest,
    SharedRead,
    SharedReadAcquire,
    SharedWrite,
    SharedWriteRelease,
    SharedSet,
    SharedWriteRacy,
    PointerRead,
    PointerReadAcquire,
    PointerWrite,
    PointerWriteRelease,
    PointerCompareExchange,
    ListEmptyRacy,
    HashFindRacy,
    HashedRacy,
    SecretWipe,
    WaitPrepare,
    WakeAll,
    RcuReadLock,
    RcuReadUnlock,
    LockRefPutReturn,
    LockRefRelease,
    LockRefTry,
    PlainAccess,
    Point,

    // What a site did that is taken out: a point, with the result that it would have had.
    TakenOut,
    Choose,
    Spawn,

    // The first that can be disabled.
    SpinAcquire,
    LockRefAcquire,
    LockRefGet,
    LockRefGetNotDead,
    LockRefPutOrLock,
    WaitSchedule,
    Join,
    AwaitChange,

    // A statement of a program that is interpreted; what it does and when is known to its InterpretedObject.
    Interpreted,

    // Two operations each when the lock is not free: queue, then acquire.
    MutexAcquire,
    SemaphoreAcquireRead,
    SemaphoreAcquireWrite,
}
