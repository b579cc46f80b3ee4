namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A workqueue with one worker: works run one after another, in the order in which they were queued. The worker's thread
/// exists only while there is work.
/// </summary>
public sealed class WorkQueue : KernelObject
{
    private readonly ThreadBody worker;
    private SpinLock poolLock;
    private Plain<bool> running;
    [LinkedBy(nameof(Work.Link))]
    private KernelList<Work> pending;

    /// <summary>Makes an idle queue.</summary>
    /// <param name="host">Its machine.</param>
    /// <param name="worker">Name of the worker's thread.</param>
    /// <param name="poolLockClass">Class of the lock inside.</param>
    public WorkQueue(KernelHost host, string worker, LockClass poolLockClass)
        : base(host)
    {
        this.worker = new ThreadBody(worker, Worker) { IsLoop = true };
        poolLock = new SpinLock(poolLockClass);
        poolLock.Attach(this);
    }

    public override string Name => "wq:" + worker.Name;

    /// <summary>queue_work: nothing happens if it is pending already.</summary>
    [KernelSource("include/linux/workqueue.h", "queue_work")]
    public async KTask Queue(Work work)
    {
        await poolLock.Acquire();
        if (!pending.IsLinked(work))
            pending.AddLast(work);
        var idle = !running.Value;
        running.Value = true;
        await poolLock.Release();
        if (idle)
            await Host.Spawn(worker);
    }

    [KernelSource("kernel/workqueue.c", "worker_thread")]
    private async KTask Worker()
    {
        while (true)
        {
            await poolLock.Acquire();
            var work = pending.First;
            if (work == null)
                running.Value = false;
            else
                pending.Remove(work);
            await poolLock.Release();
            if (work == null)
                return;
            await work.Run();
        }
    }
}

/// <summary>What a worker does: work_struct.</summary>
/// <param name="host">Its machine.</param>
/// <param name="name">The kernel's name of it.</param>
/// <param name="run">The function.</param>
public sealed class Work(KernelHost host, string name, Func<KTask> run) : KernelObject(host)
{
    /// <summary>Place in the queue.</summary>
    public ListLink Link;

    public override string Name => name;

    /// <summary>The function.</summary>
    public KTask Run() => run();
}
