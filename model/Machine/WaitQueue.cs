namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// wait_queue_head. Sleeping is three steps, and the order decides about lost wake-ups: prepare (queue), look at the
/// condition, schedule. A wake-up takes all that are queued at that moment, and nobody who comes later.
/// </summary>
public struct WaitQueue : ICell
{
    [Wiring] private KernelObject owner;
    private byte first;                                  // index of the thread + 1
    [Wiring] private ushort offset;

    /// <summary>prepare_to_wait: from here on a wake-up reaches this thread.</summary>
    public Step Prepare() => new(owner.Announce(offset, OperationKind.WaitPrepare));

    /// <summary>schedule: sleeps until a wake-up since <see cref="Prepare"/>, or goes on at once if there was one.</summary>
    public Step Schedule() => new(owner.Announce(offset, OperationKind.WaitSchedule));

    /// <summary>wake_up_all.</summary>
    public Step WakeAll() => new(owner.Announce(offset, OperationKind.WakeAll));

    /// <summary>finish_wait: the condition held, the thread need not sleep.</summary>
    public void Finish()
    {
        var thread = owner.Host.Current;
        if (thread.Host.Attentive)
            thread.Host.Accessed(owner, offset, thread.Woken ? AccessKind.Read : AccessKind.Add);
        if (!thread.Woken)
            WaiterList.Remove(ref first, thread);
        thread.WaitsOn = null;
    }

    /// <summary>Whether anybody is queued.</summary>
    public readonly bool HasSleepers
    {
        get
        {
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, offset, AccessKind.Read);
            return AnySleeper;
        }
    }

    internal readonly bool AnySleeper => first != 0;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public readonly void ForgetClocks() => Invariant.Holds(first == 0, "nobody sleeps at a checkpoint");

    readonly string ICell.Show() => first == 0 ? "nobody sleeps" : $"{owner.Host.ThreadAt(first - 1).Name} sleeps";

    internal void OnPrepare(KernelThread thread)
    {
        Invariant.Holds(thread.WaitsOn == null, "a thread sleeps on one wait queue at a time");
        thread.Woken = false;
        thread.WaitsOn = owner;
        thread.WaitsOnOffset = offset;
        WaiterList.Append(ref first, thread);
    }

    internal readonly void OnSchedule(KernelThread thread)
    {
        Invariant.Holds(thread.Woken, "a sleeper goes on only when it was woken");
        thread.Host.LockOrder.MightSleep(thread, "schedule");
        thread.WaitsOn = null;                           // the queue's object may be gone: a sleeper does not touch it
        thread.WakeClock.Acquire(thread);
    }

    internal void OnWakeAll(KernelThread thread)
    {
        while (first != 0)
        {
            var sleeper = thread.Host.ThreadAt(first - 1);
            WaiterList.Remove(ref first, sleeper);
            sleeper.Woken = true;
            sleeper.WakeClock.Release(thread);
            thread.Host.RecheckThread(sleeper);
        }
    }
}
