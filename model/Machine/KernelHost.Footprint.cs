using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

// What steps touch, and what can keep a thread from its next one: for searches that reduce.
public abstract partial class KernelHost
{
    private AccessLog? accesses;

    /// <summary>Where what a step touches is written down, or null. A machine without one spends nothing on it.</summary>
    public AccessLog? Log
    {
        get;
        set
        {
            field = accesses = value;
            Attend();
        }
    }

    /// <summary>
    /// Whether a cycle of threads that wait for each other ends no execution: others go on until nobody can. A search that
    /// reduces would otherwise have to put every step before the cycle and behind it.
    /// </summary>
    public bool GoesOnAtCycles { get; set; }

    /// <summary>Steps of this execution when the first cycle came about that did not end it; 0 if there was none.</summary>
    public int StepsToCycle { get; private set; }

    internal int LastAtCheckpoint { get; private set; } = int.MaxValue;

    /// <summary>What can keep a thread from doing what it announced.</summary>
    public Obstacle ObstacleOf(int thread) => byIndex[thread].Announced.Kind switch
    {
        OperationKind.SpinAcquire or OperationKind.LockRefAcquire or OperationKind.LockRefGet
            or OperationKind.LockRefGetNotDead or OperationKind.LockRefPutOrLock => Obstacle.Holder,
        OperationKind.MutexAcquire or OperationKind.SemaphoreAcquireRead when byIndex[thread].Queued => Obstacle.Queue,
        OperationKind.SemaphoreAcquireWrite when byIndex[thread].Queued => Obstacle.QueueOfWriter,
        OperationKind.WaitSchedule => Obstacle.Sleep,
        OperationKind.Join => Obstacle.Thread,
        OperationKind.AwaitChange => Obstacle.Change,
        OperationKind.Interpreted => Unsafe.As<InterpretedObject>(byIndex[thread].Announced.Object).ObstacleOf(in byIndex[thread].Announced),
        _ => Obstacle.None,
    };

    /// <summary>The number in the log of the cell that a thread's announced operation is about.</summary>
    public int CellOf(int thread)
    {
        ref var operation = ref byIndex[thread].Announced;
        return operation.Kind == OperationKind.Join
            ? Log!.EndOf(Unsafe.As<ThreadHandle>(operation.Object).Thread.Index)
            : Log!.CellOf(operation.Object, operation.Offset);
    }

    /// <summary>Whether a thread has announced something and can do it.</summary>
    public bool CanRun(int thread) => byIndex[thread].Announced.Kind != OperationKind.None && IsEnabled(byIndex[thread]);

    /// <summary>Notes an access that the effect of an operation does not tell.</summary>
    internal void Accessed(KernelObject owner, ushort offset, AccessKind kind) => accesses?.Add(owner, offset, kind);

    /// <summary>Notes that a copy of a key's material came or went, or that all of them are looked for.</summary>
    internal void SecretAccessed(int key, AccessKind kind) => accesses?.Secret(key, kind);

    /// <summary>Notes that an object is looked at, or freed.</summary>
    internal void Touched(KernelObject target) => accesses?.Touch(target);

    internal void Freed(KernelObject target, bool afterGracePeriod) => accesses?.Free(target, afterGracePeriod);

    /// <summary>Notes that somebody may touch an object only because his read section began before it was freed.</summary>
    internal void TouchedLate(KernelObject target, KernelThread thread) => accesses?.TouchLate(target, thread.Index);

    private void Attend() => Frames.KeepsAll = Attentive = observer != null || PointsAll || Log != null;

    private long ApplyAndLog(KernelThread thread, AccessLog log)
    {
        var operation = thread.Announced;
        if (operation.Kind == OperationKind.Choose)
            log.Choose(thread.Index);                    // before the thread goes on
        var (atomicDepth, changes) = (thread.AtomicDepth, ChangesBefore(in operation));
        var effect = ApplyEffect(thread);
        if (atomicDepth == 0 && thread.AtomicDepth > 0)
            log.EnterSection(thread.Index);
        switch (operation.Kind)
        {
            case OperationKind.Point or OperationKind.TakenOut or OperationKind.PlainAccess or OperationKind.Choose
                or OperationKind.RcuReadLock or OperationKind.RcuReadUnlock:
                break;
            case OperationKind.Spawn:
                log.Spawn();
                break;
            case OperationKind.Join:
                log.End(Unsafe.As<ThreadHandle>(operation.Object).Thread.Index, AccessKind.Read);
                break;
            default:
                log.Add(operation.Object, operation.Offset, KindOf(in operation, effect, changes), IsHeld(in operation));
                break;
        }

        return effect;
    }

    /// <summary>Whether an operation that does not say so by its result will change something.</summary>
    private static bool ChangesBefore(in Operation operation) => operation.Kind switch
    {
        OperationKind.WakeAll => operation.Object.Cell<WaitQueue>(operation.Offset).AnySleeper,
        OperationKind.Interpreted => !Unsafe.As<InterpretedObject>(operation.Object).WouldOnlyRead(in operation),
        _ => true,
    };

    // A decrement may be the one that goes below zero: it does not commute with increments.
    private static AccessKind KindOf(in Operation operation, long effect, bool changes) => operation.Kind switch
    {
        OperationKind.AtomicRead or OperationKind.SharedRead or OperationKind.SharedReadAcquire
            or OperationKind.PointerRead or OperationKind.PointerReadAcquire or OperationKind.ListEmptyRacy
            or OperationKind.HashFindRacy or OperationKind.HashedRacy or OperationKind.AwaitChange
            or OperationKind.WaitSchedule => AccessKind.Read,
        OperationKind.SpinTry or OperationKind.MutexTry or OperationKind.SemaphoreTryWrite or OperationKind.LockRefTry
            or OperationKind.LockRefGetNotDead or OperationKind.AtomicDecrementUnlessOne or OperationKind.AtomicCompareExchange
            or OperationKind.PointerCompareExchange => effect == 0 ? AccessKind.Read : AccessKind.Write,
        OperationKind.LockRefPutReturn => effect < 0 ? AccessKind.Read : AccessKind.Write,
        OperationKind.SemaphoreTryRead => effect == 0 ? AccessKind.Read : AccessKind.Add,
        OperationKind.SemaphoreReleaseRead or OperationKind.WaitPrepare => AccessKind.Add,
        OperationKind.SemaphoreAcquireRead => operation.Object.Cell<RwSemaphore>(operation.Offset).HasQueue ? AccessKind.Write : AccessKind.Add,
        OperationKind.AtomicAdd when operation.Argument > 0 => AccessKind.Add,
        OperationKind.ReferenceIncrement => AccessKind.Get,
        OperationKind.ReferenceIncrementNotZero => effect == 0 ? AccessKind.Read : AccessKind.Get,
        _ => changes ? AccessKind.Write : AccessKind.Read,
    };

    private static bool IsHeld(in Operation operation) => operation.Kind switch
    {
        OperationKind.SpinAcquire or OperationKind.SpinTry or OperationKind.SpinRelease
            => operation.Object.Cell<SpinLock>(operation.Offset).IsHeld,
        OperationKind.LockRefAcquire or OperationKind.LockRefTry or OperationKind.LockRefRelease or OperationKind.LockRefGet
            or OperationKind.LockRefGetNotDead or OperationKind.LockRefPutReturn or OperationKind.LockRefPutOrLock
            => operation.Object.Cell<LockRef>(operation.Offset).Holder >= 0,
        OperationKind.Interpreted => Unsafe.As<InterpretedObject>(operation.Object).IsHeld(InterpretedObject.CellOf(in operation)),
        _ => false,
    };

    private bool PassesCycle()
    {
        if (!GoesOnAtCycles || IgnoredRules.Contains("deadlock"))
            return GoesOnAtCycles;
        if (StepsToCycle == 0)
            StepsToCycle = Steps;
        return true;
    }
}

/// <summary>What can keep a thread from its next operation.</summary>
public enum Obstacle : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The holder of a lock, whoever it is.</summary>
    Holder,

    /// <summary>A holder, and those before it in the queue of a lock.</summary>
    Queue,

    /// <summary>The same, for a writer, which also waits for every reader.</summary>
    QueueOfWriter,

    /// <summary>It sleeps until somebody wakes it.</summary>
    Sleep,

    /// <summary>A thread that has not ended.</summary>
    Thread,

    /// <summary>A counter that has not changed.</summary>
    Change,

    /// <summary>Something that the machine does not know.</summary>
    Unknown,
}
