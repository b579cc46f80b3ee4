using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

// Running coroutines on one OS thread: the thread that was chosen is resumed, until it reaches a point where another is.
public abstract partial class KernelHost
{
    // A set-up or last part that goes on for longer is taken to be endless.
    private const int AloneStepsMax = 200_000_000;

    // To be chosen when the running thread is suspended.
    private const int Unchosen = -2;

    private bool starting;
    private bool solo;
    private int next;
    private int last;                                    // the thread that ran last, or -1 at the beginning

    /// <summary>
    /// Whether a thread suspends at every point, also where it goes on itself: when the next one is chosen, the frames of
    /// all are there.
    /// </summary>
    protected internal bool AlwaysSuspend { get; set; }

    /// <summary>
    /// Looks at the machine between two steps of threads that race, and reports what must not be; or null. Called in the
    /// state that they begin with, too.
    /// </summary>
    public Action? AtEachState { get; set; }

    /// <summary>
    /// A thread announces its next operation. True: it goes on at once, on its own stack. False: it must suspend.
    /// </summary>
    protected internal virtual bool Reach(in Operation operation)
    {
        var thread = Current;
        Announce(thread, in operation);
        if (starting)
            return false;
        if (AlwaysSuspend)
        {
            next = Unchosen;
            return false;
        }

        if (solo && operation.Kind < OperationKind.SpinAcquire && last == thread.Index && !decided && Steps < AloneStepsMax)
        {
            Steps++;                                     // nobody to choose: the last part of every execution
            next = last;
            return true;
        }

        next = PickNext();
        return next == thread.Index;
    }

    /// <summary>Who runs next.</summary>
    /// <param name="enabled">The threads that could, a bit each; never empty.</param>
    /// <param name="current">The thread that ran last, which may have ended; -1 at the beginning.</param>
    /// <returns>One of them, or -1 to give the execution up.</returns>
    protected abstract int ChooseThread(ulong enabled, int current);

    /// <summary>The outcome of the running thread's choice among <paramref name="options"/>, from 0.</summary>
    protected abstract int ChooseData(int options);

    /// <summary>
    /// Runs threads side by side until all have ended, including those that they start, or something is found.
    /// All that ran before on this machine happened before them.
    /// </summary>
    /// <returns>Whether all ended.</returns>
    public virtual bool RunTogether(ReadOnlySpan<ThreadBody> bodies)
    {
        RunCoroutines(bodies);
        return EndedWell;
    }

    /// <summary>
    /// Runs one thread, and those that it starts, without any choice: whoever runs goes on as long as it can, then the
    /// first that can. This is how set-ups and last parts run.
    /// </summary>
    /// <returns>Whether all ended; not if something was found, or no end was in sight.</returns>
    public bool RunAlone(ThreadBody body)
    {
        solo = true;
        accesses = null;                                 // no part of a search
        RunCoroutines([body]);
        accesses = Log;
        solo = false;
        return EndedWell;
    }

    /// <summary>Creates threads and runs each up to its first operation, in order.</summary>
    protected void StartAll(ReadOnlySpan<ThreadBody> bodies)
    {
        last = -1;                                       // the first choice is no switch
        var earlier = ThreadCount;
        foreach (var body in bodies)
        {
            var thread = CreateThread(body, null);
            for (var i = 0; i < earlier; i++)
                thread.Clock[i] = byIndex[i].Clock[i];
            Start(thread, body);
        }
    }

    /// <summary>An exception out of the model: a mistake of ours, which must not take the process with it.</summary>
    protected void ReportException(Exception exception)
    {
        if (exception is LimitException)
            GiveUp(exception.Message);
        else if (Sites != null)
            Report(new Finding(SiteWatch.Impossible, $"{Current.Name}: {exception.Message}"));
        else
            Report(new Finding("exception", $"{Current.Name}: {exception.GetType().Name}: {exception.Message}") { Exception = exception });
    }

    /// <summary>Starts a thread's body: it runs up to its first operation, which it announces.</summary>
    protected virtual void Start(KernelThread thread, ThreadBody body)
    {
        var creator = Current;
        Current = thread;
        starting = true;
        thread.Root = body.Run().Frame;
        starting = false;
        if (thread.Root is not { Done: false })
            End(thread);
        Current = creator;
    }

    /// <summary>Lets a thread do the operation that it announced and go on, on the caller's stack, until it suspends or ends.</summary>
    /// <returns>Whether it ended.</returns>
    protected bool Resume(KernelThread thread)
    {
        Current = thread;
        thread.Innermost!.Resume();
        if (!thread.Root!.Done)
            return false;
        End(thread);
        return true;
    }

    private void RunCoroutines(ReadOnlySpan<ThreadBody> bodies)
    {
        try
        {
            StartAll(bodies);
            next = PickNext();
            while (next != -1)
            {
                if (next == Unchosen || Resume(byIndex[next]) || next == Unchosen)
                    next = PickNext();
            }
        }
        catch (Exception exception)
        {
            ReportException(exception);
        }
    }

    /// <summary>Lets the scheduler choose, and those that are chosen and find their sleeping lock taken queue for it.</summary>
    /// <returns>The thread whose turn it is, -1 if the execution is over, or <see cref="Unchosen"/>: to be asked again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected int PickNext()
    {
        while (true)
        {
            LookAtState();
            var enabled = EnabledThreads;
            if (enabled == 0 || decided)
                return NobodyRuns();
            var chosen = solo ? GoOn() : ChooseThread(enabled, last);
            if (chosen < 0)
                return -1;
            Steps++;
            last = chosen;
            var thread = byIndex[chosen];
            if (thread.Announced.Kind < OperationKind.MutexAcquire || !MustQueue(thread))
                return chosen;
            Queue(thread);
            if (AlwaysSuspend)
                return Unchosen;                         // whoever ran up to here may not have suspended yet
        }
    }

    /// <summary>A step is over: lets whoever wants to look at the state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void LookAtState()
    {
        if (AtEachState != null && !solo && !decided)
            AtEachState();
    }

    private int NobodyRuns()
    {
        if (!decided && LiveThreads > 0)
            ReportDeadlock();
        return -1;
    }

    private int GoOn()
        => Steps >= AloneStepsMax ? -1
            : last >= 0 && (EnabledThreads >> last & 1) != 0 ? last : BitOperations.TrailingZeroCount(EnabledThreads);
}
