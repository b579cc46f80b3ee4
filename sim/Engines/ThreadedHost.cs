using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Engines;

/// <summary>
/// Every racing thread on an OS thread of its own, one of which runs at a time; a strategy chooses at each point, as on
/// <see cref="NativeHost{TStrategy}"/>. A coroutine cannot suspend inside a property, an OS thread can wait there: with all
/// points, plain accesses are points too. Set-ups and last parts run as coroutines on the thread of the caller.
/// </summary>
/// <remarks>
/// <para>
/// A thread's code up to its first operation runs on its creator's stack, as everywhere, and leaves a suspended coroutine
/// behind; plain accesses there are no points. The OS thread resumes the coroutine when the thread has its first turn, and
/// from there on <see cref="Reach"/> always returns true.
/// </para>
/// <para>
/// The turn is handed from thread to thread, and to the caller of <see cref="RunTogether"/> when nobody can run. Threads
/// that are then in the middle of something are unwound, one after another. The OS threads are kept for the next execution.
/// </para>
/// </remarks>
public sealed class ThreadedHost<TStrategy> : StrategyHost<TStrategy>, IDisposable
    where TStrategy : struct, IStrategy
{
    private const int StackBytes = 256 * 1024;

    private readonly Worker?[] workers = new Worker?[ThreadsMax];
    private readonly SemaphoreSlim turnOfCaller = new(0);
    private bool racing;
    private bool starting;
    private bool over;
    private bool disposed;

    /// <summary>A machine that a strategy schedules.</summary>
    public ThreadedHost(TStrategy strategy, bool pointsAll = false)
        : base(strategy, pointsAll)
    {
    }

    public override bool RunTogether(ReadOnlySpan<ThreadBody> bodies)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        BeginExecution();
        racing = true;
        starting = over = false;
        var next = -1;
        try
        {
            StartAll(bodies);
            next = PickNext();
        }
        catch (Exception exception)
        {
            ReportException(exception);
        }

        if (next >= 0)
        {
            PassTurn(next);
            turnOfCaller.Wait();
        }

        Unwind();
        racing = false;
        return EndedWell;
    }

    /// <summary>Ends the OS threads.</summary>
    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        foreach (var worker in workers)
            worker?.Dispose();

        turnOfCaller.Dispose();
    }

    protected override bool Reach(in Operation operation)
    {
        if (!racing || starting)
            return base.Reach(in operation);
        if (over)
            throw new AbandonedException();              // while it is unwound
        var thread = Current;
        Announce(thread, in operation);
        var next = PickNext();
        if (next == thread.Index)
            return true;
        if (next < 0)
            throw new AbandonedException();
        PassTurn(next);
        workers[thread.Index]!.Turn.Wait();
        if (over)
            throw new AbandonedException();
        Current = thread;
        return true;
    }

    protected override void PlainAccess(KernelObject owner, ushort offset, bool write)
    {
        if (PointsAll && racing && !starting)
            ReachPlainAccess(owner, offset);
        base.PlainAccess(owner, offset, write);
    }

    protected override void Start(KernelThread thread, ThreadBody body)
    {
        starting = racing;
        base.Start(thread, body);
        starting = false;
    }

    private void PassTurn(int index) => (workers[index] ??= Hire(index)).Turn.Release();

    private Worker Hire(int index)
    {
        var worker = new Worker(index);
        worker.OsThread = new Thread(() => Work(worker), StackBytes) { IsBackground = true, Name = $"simulated thread {index}" };
        worker.OsThread.Start();
        return worker;
    }

    // The body of an OS thread: in each execution it runs the simulated thread of its number. Nothing may escape from it.
    private void Work(Worker worker)
    {
        while (true)
        {
            worker.Turn.Wait();
            if (disposed)
                return;
            worker.IsInside = true;
            var next = -1;
            try
            {
                Invariant.Holds(Resume(Threads[worker.Index]), "on an OS thread of its own a coroutine never suspends");
                next = PickNext();
            }
            catch (AbandonedException)
            {
                // The execution is over.
            }
            catch (Exception exception)
            {
                ReportException(exception);
            }

            worker.IsInside = false;
            if (next >= 0)
                PassTurn(next);
            else
                turnOfCaller.Release();
        }
    }

    /// <summary>Lets the threads that wait for a turn leave their coroutines, whose frames belong to the next execution.</summary>
    private void Unwind()
    {
        over = true;
        foreach (var worker in workers)
        {
            if (worker is not { IsInside: true })
                continue;
            worker.Turn.Release();
            turnOfCaller.Wait();
        }
    }

    private sealed class Worker(int index) : IDisposable
    {
        public readonly int Index = index;
        public readonly SemaphoreSlim Turn = new(0);
        public Thread OsThread = null!;
        public bool IsInside;

        /// <summary>Ends the OS thread of a host that is disposed.</summary>
        public void Dispose()
        {
            Turn.Release();
            OsThread.Join();
            Turn.Dispose();
        }
    }

    /// <summary>Takes an OS thread out of an execution that is over.</summary>
    private sealed class AbandonedException : Exception;
}
