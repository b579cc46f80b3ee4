using System.Globalization;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Findings;

/// <summary>Operations as a kernel developer writes them.</summary>
internal static class OperationNames
{
    /// <summary>The name of an operation.</summary>
    public static string Of(in Operation operation) => operation.Kind switch
    {
        OperationKind.SpinAcquire or OperationKind.LockRefAcquire => "spin_lock",
        OperationKind.SpinTry or OperationKind.LockRefTry => "spin_trylock",
        OperationKind.SpinRelease or OperationKind.LockRefRelease => "spin_unlock",
        OperationKind.MutexAcquire => "mutex_lock",
        OperationKind.MutexTry => "mutex_trylock",
        OperationKind.MutexRelease => "mutex_unlock",
        OperationKind.SemaphoreAcquireRead => "down_read",
        OperationKind.SemaphoreAcquireWrite => "down_write",
        OperationKind.SemaphoreTryRead => "down_read_trylock",
        OperationKind.SemaphoreTryWrite => "down_write_trylock",
        OperationKind.SemaphoreReleaseRead => "up_read",
        OperationKind.SemaphoreReleaseWrite => "up_write",
        OperationKind.AtomicRead => "atomic_read",
        OperationKind.AtomicSet => "atomic_set",
        OperationKind.AtomicAdd => operation.Argument switch { 1 => "atomic_inc", -1 => "atomic_dec", _ => "atomic_add" },
        OperationKind.AtomicAddReturn => "atomic_add_return",
        OperationKind.AtomicDecrementAndTest => "atomic_dec_and_test",
        OperationKind.AtomicDecrementUnlessOne => "atomic_dec_unless_one",
        OperationKind.AtomicCompareExchange => "atomic_cmpxchg",
        OperationKind.ReferenceIncrement => "refcount_inc",
        OperationKind.ReferenceIncrementNotZero => "refcount_inc_not_zero",
        OperationKind.ReferenceDecrementAndTest => "refcount_dec_and_test",
        OperationKind.SharedRead or OperationKind.PointerRead => "read",
        OperationKind.SharedReadAcquire or OperationKind.PointerReadAcquire => "load_acquire",
        OperationKind.SharedWrite or OperationKind.SharedSet or OperationKind.PointerWrite => "write",
        OperationKind.SharedWriteRelease or OperationKind.PointerWriteRelease => "store_release",
        OperationKind.PointerCompareExchange => "cmpxchg_release",
        OperationKind.ListEmptyRacy => "list_empty",
        OperationKind.HashFindRacy => "find",
        OperationKind.HashedRacy => "hashed",
        OperationKind.SecretWipe => "memzero_explicit",
        OperationKind.WaitPrepare => "prepare_to_wait",
        OperationKind.WaitSchedule => "schedule",
        OperationKind.WakeAll => "wake_up_all",
        OperationKind.RcuReadLock => "rcu_read_lock",
        OperationKind.RcuReadUnlock => "rcu_read_unlock",
        OperationKind.LockRefGet => "lockref_get",
        OperationKind.LockRefGetNotDead => "lockref_get_not_dead",
        OperationKind.LockRefPutReturn => "lockref_put_return",
        OperationKind.LockRefPutOrLock => "lockref_put_or_lock",
        OperationKind.AwaitChange => "await_change",
        OperationKind.PlainAccess => "access",
        OperationKind.Interpreted => ((InterpretedObject)operation.Object).Describe(in operation),
        _ => operation.Kind.ToString().ToLowerInvariant(),
    };

    /// <summary>The cell that an operation is about; the object where there is no cell.</summary>
    public static string TargetOf(in Operation operation)
        => operation.Kind is OperationKind.Point or OperationKind.TakenOut or OperationKind.Choose or OperationKind.Spawn ? ""
            : operation.Offset == 0 ? operation.Object.Name
            : operation.Target;

    /// <summary>The result of an operation that has just been applied, or null if it has none to be told.</summary>
    public static string? ResultOf(in Operation operation, long result) => operation.Kind switch
    {
        OperationKind.SharedRead or OperationKind.SharedReadAcquire or OperationKind.PointerRead or OperationKind.PointerReadAcquire
            or OperationKind.SharedWrite or OperationKind.SharedSet or OperationKind.SharedWriteRelease or OperationKind.PointerWrite
            or OperationKind.PointerWriteRelease or OperationKind.AtomicRead or OperationKind.AtomicSet
            or OperationKind.AtomicAddReturn => Inspection.Cell(operation.Object, operation.Offset),
        OperationKind.SpinTry or OperationKind.LockRefTry or OperationKind.MutexTry or OperationKind.SemaphoreTryRead
            or OperationKind.SemaphoreTryWrite or OperationKind.AtomicDecrementAndTest or OperationKind.AtomicDecrementUnlessOne
            or OperationKind.AtomicCompareExchange or OperationKind.ReferenceIncrementNotZero
            or OperationKind.ReferenceDecrementAndTest or OperationKind.PointerCompareExchange or OperationKind.ListEmptyRacy
            or OperationKind.HashedRacy or OperationKind.LockRefGetNotDead or OperationKind.LockRefPutOrLock
            => result == 0 ? "false" : "true",
        OperationKind.LockRefPutReturn or OperationKind.Choose => ((int)result).ToString(CultureInfo.InvariantCulture),
        OperationKind.Interpreted => ((InterpretedObject)operation.Object).DescribeResult(in operation, result),
        _ => null,
    };
}
