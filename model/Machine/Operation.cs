namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What a thread does at a scheduling point, as data: it is announced before it runs, so a host can print it, hash it,
/// ask whether it is enabled and whether two of them are dependent.
/// </summary>
/// <param name="Object">The object the operation is about.</param>
/// <param name="Offset">Which cell of it.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Quiet">The operation is no scheduling point (the release of a lock that nobody can see held).</param>
/// <param name="Argument">A number that the kind explains.</param>
/// <param name="Reference">An object that the kind explains.</param>
public readonly record struct Operation(
    KernelObject Object, ushort Offset, OperationKind Kind, bool Quiet = false, long Argument = 0, object? Reference = null)
{
    // In one word: four words are copied through registers, and a copy need not wait for the small stores before it.
    private readonly uint what = Offset | (uint)Kind << 16 | (Quiet ? 1u << 24 : 0);

    /// <summary>Which cell of the object.</summary>
    public ushort Offset => (ushort)what;

    /// <summary>What is done.</summary>
    public OperationKind Kind => (OperationKind)(what >> 16);

    /// <summary>Whether the operation is no scheduling point.</summary>
    public bool Quiet => what >> 24 != 0;

    /// <summary>Whether both touch the same cell.</summary>
    public bool SameCell(in Operation other) => ReferenceEquals(Object, other.Object) && Offset == other.Offset;

    /// <summary>Name of the cell, as in <c>ino:12.i_lock</c>.</summary>
    public string Target => $"{Object.Name}.{Object.Layout.NameOf(Object, Offset)}";

    public override string ToString() => Offset == 0 && Kind >= OperationKind.Spawn ? Kind.ToString() : $"{Kind} {Target}";
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
    WaitPrepare,
    WakeAll,
    RcuReadLock,
    RcuReadUnlock,
    LockRefPutReturn,
    LockRefRelease,
    LockRefTry,
    PlainAccess,
    Point,
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

    // Two operations each when the lock is not free: queue, then acquire.
    MutexAcquire,
    SemaphoreAcquireRead,
    SemaphoreAcquireWrite,
}
