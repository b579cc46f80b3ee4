using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

// The effects of operations, and which of them can run.
public abstract partial class KernelHost
{
    /// <summary>Applies what the running thread announced; returns its result as bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal long Apply(KernelThread thread) => Attentive ? ApplyAttentively(thread) : ApplyEffect(thread);

    private long ApplyEffect(KernelThread thread)
    {
        ref var operation = ref thread.Announced;
        var target = operation.Object;
        var offset = operation.Offset;
        if (operation.Kind is OperationKind.WaitSchedule)
        {
            // The object of a wait queue may be gone when the sleeper runs again; it does not touch it.
            target.Cell<WaitQueue>(offset).OnSchedule(thread);
            return 0;
        }

        target.TouchBy(thread);
        switch (operation.Kind)
        {
            case OperationKind.SpinAcquire:
                target.Cell<SpinLock>(offset).OnAcquire(thread, Unsafe.As<LockClass>(operation.Reference));
                return 0;
            case OperationKind.SpinTry:
                return target.Cell<SpinLock>(offset).OnTry(thread) ? 1 : 0;
            case OperationKind.SpinRelease:
                target.Cell<SpinLock>(offset).OnRelease(thread);
                return 0;
            case OperationKind.MutexAcquire:
                target.Cell<Mutex>(offset).OnAcquire(thread);
                thread.Queued = false;
                return 0;
            case OperationKind.MutexTry:
                return target.Cell<Mutex>(offset).OnTry(thread) ? 1 : 0;
            case OperationKind.MutexRelease:
                target.Cell<Mutex>(offset).OnRelease(thread);
                return 0;
            case OperationKind.SemaphoreAcquireRead or OperationKind.SemaphoreAcquireWrite:
                target.Cell<RwSemaphore>(offset).OnAcquire(
                    thread, operation.Kind == OperationKind.SemaphoreAcquireWrite, Unsafe.As<LockClass>(operation.Reference));
                thread.Queued = false;
                return 0;
            case OperationKind.SemaphoreTryRead or OperationKind.SemaphoreTryWrite:
                return target.Cell<RwSemaphore>(offset).OnTry(thread, operation.Kind == OperationKind.SemaphoreTryWrite) ? 1 : 0;
            case OperationKind.SemaphoreReleaseRead or OperationKind.SemaphoreReleaseWrite:
                target.Cell<RwSemaphore>(offset).OnRelease(thread, operation.Kind == OperationKind.SemaphoreReleaseWrite);
                return 0;
            case >= OperationKind.AtomicRead and <= OperationKind.ReferenceDecrementAndTest:
                return target.Cell<Atomic>(offset).Apply(thread, in operation);
            case OperationKind.SharedRead or OperationKind.SharedReadAcquire:
                return ReadShared(thread, in operation);
            case OperationKind.SharedWrite or OperationKind.SharedWriteRelease or OperationKind.SharedSet or OperationKind.SharedWriteRacy:
                WriteShared(thread, in operation);
                return 0;
            case OperationKind.PointerRead or OperationKind.PointerReadAcquire:
                result = target.Cell<Pointer<object>>(offset).OnRead(thread, operation.Kind == OperationKind.PointerReadAcquire);
                return 0;
            case OperationKind.PointerWrite or OperationKind.PointerWriteRelease:
                target.Cell<Pointer<object>>(offset).OnWrite(
                    thread, operation.Reference, operation.Kind == OperationKind.PointerWriteRelease);
                return 0;
            case OperationKind.PointerCompareExchange:
                return target.Cell<Pointer<object>>(offset).OnPublishIfNull(thread, operation.Reference, release: operation.Argument == 0) ? 1 : 0;
            case OperationKind.ListEmptyRacy:
                return target.Cell<ListLink>(offset).OnEmptyRacy();
            case OperationKind.HashedRacy:
                return target.Cell<HashLink>(offset).Hashed ? 1 : 0;
            case OperationKind.HashFindRacy:
                result = target.ApplyFind(thread, in operation);
                return 0;
            case OperationKind.SecretWipe:
                target.Cell<Secret>(offset).OnWipe(thread);
                return 0;
            case OperationKind.WaitPrepare:
                target.Cell<WaitQueue>(offset).OnPrepare(thread);
                return 0;
            case OperationKind.WakeAll:
                target.Cell<WaitQueue>(offset).OnWakeAll(thread);
                return 0;
            case OperationKind.RcuReadLock:
                Rcu.OnReadLock(thread);
                return 0;
            case OperationKind.RcuReadUnlock:
                Rcu.OnReadUnlock(thread);
                return 0;
            case OperationKind.LockRefAcquire:
                target.Cell<LockRef>(offset).OnAcquire(thread, Unsafe.As<LockClass>(operation.Reference));
                return 0;
            case OperationKind.LockRefTry:
                return target.Cell<LockRef>(offset).OnTry(thread) ? 1 : 0;
            case OperationKind.LockRefRelease:
                target.Cell<LockRef>(offset).OnRelease(thread);
                return 0;
            case OperationKind.LockRefGet:
                target.Cell<LockRef>(offset).OnGet(thread);
                return 0;
            case OperationKind.LockRefGetNotDead:
                return target.Cell<LockRef>(offset).OnGetNotDead(thread) ? 1 : 0;
            case OperationKind.LockRefPutReturn:
                return target.Cell<LockRef>(offset).OnPutReturn(thread);
            case OperationKind.LockRefPutOrLock:
                return target.Cell<LockRef>(offset).OnPutOrLock(thread) ? 1 : 0;
            case OperationKind.Join:
                LockOrder.MightSleep(thread, "join");
                Unsafe.As<ThreadHandle>(target).Thread.ExitClock.Acquire(thread);
                return 0;
            case OperationKind.Choose:
                return solo ? 0 : ChooseData((int)operation.Argument);
            case OperationKind.Spawn:
                result = ApplySpawn(thread, Unsafe.As<ThreadBody>(operation.Reference!));
                return 0;
            case OperationKind.Interpreted:
                return Unsafe.As<InterpretedObject>(target).Apply(in operation);
            case OperationKind.TakenOut:
                return operation.Argument;
            case OperationKind.Point or OperationKind.PlainAccess or OperationKind.AwaitChange:
                return 0;
            default:
                Invariant.Holds(false, "every kind of operation has an effect");
                return 0;
        }
    }

    /// <summary>Whether the operation that a thread announced can run now.</summary>
    protected internal static bool IsEnabled(KernelThread thread)
    {
        ref var operation = ref thread.Announced;
        var target = operation.Object;
        if (operation.Kind == OperationKind.SpinAcquire)
            return !target.Cell<SpinLock>(operation.Offset).IsHeld;
        return operation.Kind switch
        {
            OperationKind.LockRefAcquire or OperationKind.LockRefGet or OperationKind.LockRefGetNotDead
                or OperationKind.LockRefPutOrLock => target.Cell<LockRef>(operation.Offset).Holder < 0,
            OperationKind.MutexAcquire => !thread.Queued || target.Cell<Mutex>(operation.Offset).MayTake(thread),
            OperationKind.SemaphoreAcquireRead or OperationKind.SemaphoreAcquireWrite
                => !thread.Queued || target.Cell<RwSemaphore>(operation.Offset).MayTake(thread),
            OperationKind.WaitSchedule => thread.Woken,
            OperationKind.Join => Unsafe.As<ThreadHandle>(target).Thread.Exited,
            OperationKind.AwaitChange => target.Cell<ChangeCounter>(operation.Offset).HasChangedSince(operation.Argument),
            OperationKind.Interpreted => Unsafe.As<InterpretedObject>(target).CanRun(in operation),
            _ => true,
        };
    }

    /// <summary>Whether a thread that was chosen finds its sleeping lock taken: then its step is to queue for it.</summary>
    protected static bool MustQueue(KernelThread thread)
    {
        ref var operation = ref thread.Announced;
        if (operation.Kind < OperationKind.MutexAcquire || thread.Queued)
            return false;
        return operation.Kind == OperationKind.MutexAcquire
            ? operation.Object.Cell<Mutex>(operation.Offset).MustQueue
            : operation.Object.Cell<RwSemaphore>(operation.Offset).MustQueue(operation.Kind == OperationKind.SemaphoreAcquireWrite);
    }

    /// <summary>The first of the two operations of taking a sleeping lock that is not free.</summary>
    protected void Queue(KernelThread thread)
    {
        ref var operation = ref thread.Announced;
        var running = Current;
        Current = thread;
        operation.Object.Touch();
        accesses?.Add(operation.Object, operation.Offset, AccessKind.Write);
        if (thread.AtomicDepth > 0)
            LockOrder.MightSleep(thread, operation.Target);
        if (operation.Kind == OperationKind.MutexAcquire)
            operation.Object.Cell<Mutex>(operation.Offset).OnQueue(thread);
        else
            operation.Object.Cell<RwSemaphore>(operation.Offset).OnQueue(thread);
        thread.Queued = true;
        thread.QueuedAsWriter = operation.Kind == OperationKind.SemaphoreAcquireWrite;
        observer?.OnQueue(thread, in operation);
        RecheckThread(thread);
        if ((EnabledThreads >> thread.Index & 1) == 0)
            FindWaitCycle(thread);
        Current = running;
    }

    /// <summary>
    /// The running thread changed a cell: others that announced an operation on it may be able to run now, or no longer.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Recheck(KernelObject owner, ushort offset)
    {
        var others = waiting & ~(1UL << Current.Index);
        if (others != 0)
            Recheck(owner, offset, others);
    }

    private void Recheck(KernelObject owner, ushort offset, ulong others)
    {
        for (; others != 0; others &= others - 1)
        {
            var thread = byIndex[BitOperations.TrailingZeroCount(others)];
            ref var announced = ref thread.Announced;
            if (announced.Offset == offset && ReferenceEquals(announced.Object, owner))
                RecheckThread(thread);
        }
    }

    internal void RecheckThread(KernelThread thread)
    {
        if (thread.Announced.Kind == OperationKind.None)
            return;
        if (IsEnabled(thread))
            EnabledThreads |= 1UL << thread.Index;
        else
            EnabledThreads &= ~(1UL << thread.Index);
    }

    private ThreadHandle ApplySpawn(KernelThread creator, ThreadBody body)
    {
        var thread = CreateThread(body, creator);
        thread.Learn(creator.Clock);                     // all that the creator did happened before
        creator.Tick();
        if (thread.Handle == null)
        {
            thread.Handle = new ThreadHandle(this, thread);
            if (HasCheckpoint)
                Keep(thread.Handle);                     // it lives as long as the thread, through many executions
        }

        Start(thread, body);
        return thread.Handle;
    }

    private static long ReadShared(KernelThread thread, in Operation operation)
        => operation.Object.Cell<SharedCell>(operation.Offset).OnRead(thread, operation.Kind == OperationKind.SharedReadAcquire);

    private static void WriteShared(KernelThread thread, in Operation operation)
        => operation.Object.Cell<SharedCell>(operation.Offset).OnWrite(thread, operation.Argument, operation.Kind);

    private void FindWaitCycle(KernelThread start)
    {
        var waiter = start;
        for (var length = 0; length < ThreadCount; length++)
        {
            var holder = HolderIndex(waiter);
            if (holder < 0)
                return;
            waiter = threads[holder];
            if (ReferenceEquals(waiter, start))
            {
                if (PassesCycle())
                    return;
                Report(new Finding("deadlock", $"{start.Name} waits for {start.Announced.Target}{HolderOf(start)}, which waits for {start.Name}"));
                return;
            }

            if ((EnabledThreads >> waiter.Index & 1) != 0 || waiter.Announced.Kind == OperationKind.None)
                return;
        }
    }

    private static int HolderIndex(KernelThread waiter)
    {
        ref var operation = ref waiter.Announced;
        return operation.Kind switch
        {
            OperationKind.SpinAcquire => operation.Object.Cell<SpinLock>(operation.Offset).Holder,
            OperationKind.LockRefAcquire or OperationKind.LockRefGet or OperationKind.LockRefGetNotDead
                or OperationKind.LockRefPutOrLock => operation.Object.Cell<LockRef>(operation.Offset).Holder,
            OperationKind.MutexAcquire => operation.Object.Cell<Mutex>(operation.Offset).Holder,
            OperationKind.SemaphoreAcquireRead or OperationKind.SemaphoreAcquireWrite
                => operation.Object.Cell<RwSemaphore>(operation.Offset).Writer,
            OperationKind.Join => ((ThreadHandle)operation.Object).Thread.Index,
            OperationKind.Interpreted => Unsafe.As<InterpretedObject>(operation.Object).HolderOf(in operation),
            _ => -1,
        };
    }

    private string HolderOf(KernelThread waiter)
    {
        var holder = HolderIndex(waiter);
        return holder < 0 ? "" : $" (held by {threads[holder].Name})";
    }
}
