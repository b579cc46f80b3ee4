using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Fscrypt.Sim.Model.Machine;
using Microsoft.Coyote.Random;
using Microsoft.Coyote.Runtime;
using Microsoft.Coyote.Specifications;
using Coyote = Microsoft.Coyote.Runtime.Operation;

namespace Fscrypt.Sim.Engines;

/// <summary>
/// Every racing thread on an OS thread of its own, which is an operation that Microsoft Coyote controls: Coyote decides at
/// each point. Set-ups and last parts, where nothing is decided, run as coroutines on the thread of the caller.
/// </summary>
/// <remarks>
/// <para>
/// A thread's code up to its first operation runs on its creator's stack, as everywhere, and leaves a suspended coroutine
/// behind. The OS thread resumes that, and from there on <see cref="Reach"/> always returns true: kernel functions run
/// straight through, and a thread that waits for its turn waits inside <see cref="Reach"/>.
/// </para>
/// <para>
/// Coyote believes an operation that it enabled to be able to run until it pauses itself; a lock may be gone again by then.
/// Such a turn is spent on pausing: a step of Coyote's, none of the machine's. Deadlocks are seen here, before Coyote sees
/// them, so that they are the same findings on every host.
/// </para>
/// </remarks>
public sealed class CoyoteHost : KernelHost
{
    private const int StackBytes = 256 * 1024;
    private static readonly Func<bool> Never = static () => false;

    private readonly Func<bool> hasEnded;
    private readonly Func<bool>[] canRun = new Func<bool>[ThreadsMax];
    private readonly List<Thread> osThreads = [];
    private readonly List<short> schedule = [];
    private Generator? generator;
    private Thread? root;
    private bool together;
    private bool starting;
    private volatile bool over;

    /// <summary>A machine that Coyote schedules: threads can race on it only inside an iteration of a TestingEngine.</summary>
    public CoyoteHost(bool pointsAll = false)
    {
        PointsAll = pointsAll;
        hasEnded = () => LiveThreads == 0 || WasCut || Deadlocked;
        for (var i = 0; i < ThreadsMax; i++)
        {
            var bit = 1UL << i;
            canRun[i] = () => (EnabledThreads & bit) != 0;
        }
    }

    /// <summary>Steps after which an execution is cut; at least 1.</summary>
    public int StepsMax { get; init; } = 1_000_000;

    /// <summary>Whether the last execution was cut at <see cref="StepsMax"/>, or by who gave it up.</summary>
    public bool WasCut { get; private set; }

    /// <summary>The thread of each step of the last execution, and the outcome of each choice of data, in their order.</summary>
    public ReadOnlySpan<short> Schedule => CollectionsMarshal.AsSpan(schedule);

    public override bool RunTogether(ReadOnlySpan<ThreadBody> bodies)
    {
        schedule.Clear();
        WasCut = over = starting = false;
        generator = Generator.Create();
        root = Thread.CurrentThread;
        together = true;
        try
        {
            StartAll(bodies);
        }
        catch (Exception exception) when (exception is not ThreadInterruptedException)
        {
            ReportException(exception);
        }

        EndIfDecided();
        Coyote.PauseUntil(hasEnded);
        together = false;
        return EndedWell;
    }

    /// <summary>Ends Coyote's iteration, as failed, if something was found.</summary>
    public void FailIfFound()
    {
        if (Finding is not { } finding)
            return;
        over = true;
        Specification.Assert(false, "{0}", $"{finding.Rule}: {finding.Message}");
        Leave();
    }

    /// <summary>
    /// Ends the OS threads of an iteration that is over: those of a failed one would wait for ever. To be called before
    /// the next one begins, by the thread that runs the iterations.
    /// </summary>
    public void EndThreads()
    {
        // Where all could run to their end, they do; otherwise Coyote, a finding or a cut stopped them in the middle.
        var interrupt = together || WasCut || Deadlocked;
        over = true;
        together = false;
        foreach (var thread in osThreads)
        {
            if (interrupt)
                thread.Interrupt();                      // one that is not waiting now gets it at its next wait
            thread.Join();
        }

        osThreads.Clear();
        root?.Join();
        root = null;
    }

    protected override bool Reach(in Model.Machine.Operation operation)
    {
        if (!together || starting)
            return base.Reach(in operation);
        var thread = Current;
        Announce(thread, in operation);
        EndStep();
        if (CanRun(thread))
            SchedulingPoint.Interleave();
        AwaitTurn(thread);
        return true;
    }

    protected override void Start(KernelThread thread, ThreadBody body)
    {
        if (!together)
        {
            base.Start(thread, body);
            return;
        }

        var live = LiveThreads;
        starting = true;
        base.Start(thread, body);
        starting = false;
        if (LiveThreads < live)
            return;                                      // it ended without a single operation
        var id = Coyote.CreateNext()
            ?? throw new InvalidOperationException("threads race on a CoyoteHost only inside an iteration of a TestingEngine");
        var osThread = new Thread(() => Run(thread, id), StackBytes) { IsBackground = true };
        osThreads.Add(osThread);
        Coyote.Start(id);
        osThread.Start();
    }

    protected override int ChooseThread(ulong enabled, int current)
        => throw new NotSupportedException("Coyote chooses, by letting one of the threads return from its point");

    protected override int ChooseData(int options)
    {
        var chosen = options == 1 ? 0 : generator!.NextInteger(options);
        schedule.Add((short)chosen);
        return chosen;
    }

    // The body of an OS thread. Nothing may escape from it: that would end the process.
    private void Run(KernelThread thread, ulong id)
    {
        try
        {
            try
            {
                Coyote.OnStarted(id);
                AwaitTurn(thread);
                Invariant.Holds(Resume(thread), "on an OS thread of its own a coroutine never suspends");
                EndStep();
                Coyote.OnCompleted();
                Coyote.ScheduleNext();
            }
            catch (Exception exception) when (exception is not ThreadInterruptedException)
            {
                ReportException(exception);
                EndStep();
            }
        }
        catch (ThreadInterruptedException)
        {
            // The iteration is over.
        }
    }

    private bool CanRun(KernelThread thread) => (EnabledThreads >> thread.Index & 1) != 0;

    /// <summary>Returns when the thread has its turn and can do what it announced; that is a step.</summary>
    private void AwaitTurn(KernelThread thread)
    {
        while (true)
        {
            if (!CanRun(thread))
                Coyote.PauseUntil(canRun[thread.Index]);
            if (over || !CanRun(thread))
                Leave();
            Steps++;
            schedule.Add((short)thread.Index);
            Current = thread;
            if (!MustQueue(thread))
                return;
            Queue(thread);
            EndStep();
            if (CanRun(thread))
                SchedulingPoint.Interleave();
        }
    }

    private void EndStep()
    {
        LookAtState();
        EndIfDecided();
        if (Deadlocked)
            Leave();                                     // where that is no violation
        if (!WasCut && (LiveThreads == 0 || Steps < StepsMax))
            return;
        WasCut = true;
        Leave();
    }

    private void EndIfDecided()
    {
        if (Finding == null && GivenUp != null)
            WasCut = over = true;
        else if (Finding == null && LiveThreads > 0 && EnabledThreads == 0)
            ReportDeadlock();
        FailIfFound();
    }

    /// <summary>Goes no further: hands the turn on if the iteration still runs, and waits for its end.</summary>
    [DoesNotReturn]
    private void Leave()
    {
        over = true;
        Coyote.PauseUntil(Never);
        throw new ThreadInterruptedException();
    }
}
