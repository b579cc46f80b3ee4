using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// The machine that the kernel runs on, and who runs next on it. It holds all that belongs to a run: threads, objects,
/// watchers, coroutines. A subclass decides at each scheduling point; this class keeps who could run.
/// </summary>
/// <remarks>
/// A step of an execution is the effect of one operation and the code that follows it, up to the next announcement.
/// The scheduler is sequentially consistent; what a weaker memory could do is found as a missing order by the watchers.
/// </remarks>
public abstract partial class KernelHost
{
    private readonly List<KernelThread> threads = [];
    private readonly KernelThread[] byIndex = new KernelThread[ThreadsMax];
    private readonly List<ISlab> slabs = [];
    private object? result;
    private bool decided;                                // something was found, or the execution was given up
    private ulong waiting;                               // threads whose announced operation can be disabled, a bit each

    /// <summary>Makes an empty machine.</summary>
    protected KernelHost()
    {
        Current = new KernelThread(this, 0);
        Current.Begin("boot", null, Clocks.Width);
        threads.Add(Current);
        byIndex[0] = Current;
        Root = new Machinery(this);
        Rcu = new Rcu(this);
    }

    /// <summary>Threads that a search can tell apart in one execution: the bits of its mask of enabled threads.</summary>
    public const int ThreadsMax = 64;

    /// <summary>The running thread.</summary>
    public KernelThread Current { get; protected set; }

    /// <summary>Read-copy-update.</summary>
    public Rcu Rcu { get; }

    /// <summary>The copies of key material in memory.</summary>
    public SecretLedger Secrets { get; } = new();

    /// <summary>What the run cost.</summary>
    public WorkCounters Counters { get; } = new();

    /// <summary>Who counts what takes memory to count, or null for nobody.</summary>
    public CostWatch? Cost { get; set; }

    /// <summary>The kernel's name of a class of locks, or null if no lock of it was made.</summary>
    /// <param name="number">0 to 63.</param>
    public string? LockClassName(int number) => LockOrder.Find(number)?.Name;

    /// <summary>What was found in this execution, or null. An execution ends with its first finding.</summary>
    public Finding? Finding { get; private set; }

    /// <summary>Whether threads are left of which none can go on, or one that waits for itself.</summary>
    public bool Deadlocked { get; private set; }

    /// <summary>Rules that are not watched in this scenario.</summary>
    public ImmutableArray<string> IgnoredRules { get; set; } = [];

    /// <summary>Rules that nobody asked for, and after which nothing is known: where one is broken the execution is given up.</summary>
    public ImmutableArray<string> EndingRules { get; set; } = [];

    /// <summary>Why this execution was given up before its end, or null. It is counted as cut.</summary>
    public string? GivenUp { get; private set; }

    /// <summary>Steps of this execution up to now.</summary>
    public int Steps { get; protected set; }

    /// <summary>Whether every release and every plain access is a scheduling point.</summary>
    public bool PointsAll
    {
        get;
        protected init
        {
            field = value;
            Attend();
        }
    }

    /// <summary>Threads of this execution, ended ones included.</summary>
    public int ThreadCount { get; private set; }

    /// <summary>The thread with a number.</summary>
    public IReadOnlyList<KernelThread> Threads => threads;

    /// <summary>Whether the host wants to see plain accesses and changes: recording, watchpoints, points everywhere.</summary>
    internal bool Attentive { get; private protected set; }

    internal FrameArena Frames { get; } = new();

    internal ClockArena Clocks { get; } = new();

    internal LockOrder LockOrder { get; } = new();

    internal uint RcuSequence;

    internal Machinery Root { get; }

    /// <summary>The threads that could run, a bit each.</summary>
    protected ulong EnabledThreads { get; private set; }

    /// <summary>Whether all threads have ended, nothing was found, and nobody gave up.</summary>
    protected bool EndedWell => LiveThreads == 0 && !decided;

    /// <summary>Threads that have not ended.</summary>
    protected internal int LiveThreads { get; private set; }

    /// <summary>A choice of the environment, not of the scheduler: an allocation fails, a page is reclaimed now.</summary>
    /// <param name="options">At least 1; the result is below it.</param>
    public Step<int> Choose(int options) => new(Root.Announce(0, OperationKind.Choose, quiet: false, options));

    /// <summary>A scheduling point without an effect: cond_resched.</summary>
    public Step Point() => new(Root.Announce(0, OperationKind.Point));

    /// <summary>Starts a thread. It runs up to its first operation before its creator goes on.</summary>
    public StepTo<ThreadHandle> Spawn(ThreadBody body) => new(Root.Announce(0, OperationKind.Spawn, reference: body));

    /// <summary>Says that the running thread may sleep here: a finding inside a spinlock or a read section.</summary>
    public void MightSleep(string what) => LockOrder.MightSleep(Current, what);

    /// <summary>Records a finding. The first one counts; the execution is abandoned at its next point.</summary>
    public void Report(Finding finding)
    {
        if (Finding is not null || IgnoredRules.Contains(finding.Rule))
            return;
        if (EndingRules.Contains(finding.Rule))
        {
            GiveUp(NotAsked(finding.Rule));
            return;
        }

        Deadlocked |= finding.Rule == "deadlock";
        finding.Thread = Current.Index;
        finding.Step = Steps;
        Finding = finding;
        decided = true;
        observer?.OnFinding(finding);
    }

    /// <summary>Why an execution is given up where a rule is broken that is one of <see cref="EndingRules"/>.</summary>
    public static string NotAsked(string rule) => $"rule {rule}, which was not asked for, is broken, and nothing is known of what follows";

    /// <summary>Ends the execution at its next point although nothing was found: it would not end. The first reason counts.</summary>
    public void GiveUp(string why)
    {
        GivenUp ??= why;
        decided = true;
    }

    /// <summary>What a thread does when it has its turn; of kind None if it has ended.</summary>
    public ref readonly Operation Announced(int thread) => ref byIndex[thread].Announced;

    internal KernelThread ThreadAt(int index) => byIndex[index];

    internal object? TakeResult()
    {
        var taken = result;
        result = null;
        return taken;
    }

    /// <summary>The running thread is about to access a field plainly. Called only where <see cref="Attentive"/>.</summary>
    protected internal virtual void PlainAccess(KernelObject owner, ushort offset, bool write)
    {
        accesses?.Add(owner, offset, write ? AccessKind.Write : AccessKind.Read);
        observer?.OnAccess(Current, owner, offset, write);
    }

    internal virtual void PlainWritten(KernelObject owner, ushort offset)
    {
    }

    /// <summary>Makes thread number <see cref="ThreadCount"/>; it is not running yet.</summary>
    protected KernelThread CreateThread(ThreadBody body, KernelThread? parent)
    {
        if (body.IsLoop && UsesNumbersAgain && RunOf(body, ended: true) is { } ended)
            return Again(ended, parent);
        if (ThreadCount >= ThreadsMax)
            throw new LimitException("an execution has at most 64 threads, the kernel's own and the last part among them");
        if (ThreadCount >= Clocks.Width)
        {
            Clocks.Widen(ThreadCount + 1);
            for (var i = 0; i < ThreadCount; i++)
                Array.Resize(ref threads[i].Clock, Clocks.Width);
        }

        if (ThreadCount == threads.Count)
        {
            threads.Add(new KernelThread(this, ThreadCount));
            byIndex[ThreadCount] = threads[ThreadCount];
        }

        var thread = byIndex[ThreadCount++];
        thread.Body = body;
        thread.Begin(body.Name, parent, Clocks.Width);
        LiveThreads++;
        return thread;
    }

    private bool UsesNumbersAgain => solo || (ThreadCount == ThreadsMax && accesses == null);

    private KernelThread? RunOf(ThreadBody body, bool ended)
    {
        for (var i = 0; i < ThreadCount; i++)
        {
            if (byIndex[i].Exited == ended && ReferenceEquals(byIndex[i].Body, body))
                return byIndex[i];
        }

        return null;
    }

    /// <summary>
    /// The next run of a loop, as the thread that ran it before: its clock goes on, so that what it did then is before what it
    /// does now, in its own eyes and in those of whoever learns of either.
    /// </summary>
    private KernelThread Again(KernelThread thread, KernelThread? parent)
    {
        var (clock, allocations) = (thread.Clock[thread.Index], thread.Allocations);
        var exit = thread.ExitClock;
        if (thread.Root is { } root)
            Frames.GiveBack(root);
        thread.WakeClock.Clear(thread);
        thread.DropSnapshot();
        thread.Begin(thread.Name, parent, Clocks.Width);
        thread.Allocations = allocations;                // names of objects stay different
        thread.Clock[thread.Index] = clock + 1;
        thread.Epoch = Epochs.Of(thread.Index, clock + 1);
        exit.Acquire(thread);
        exit.Clear(thread);
        LiveThreads++;
        return thread;
    }

    /// <summary>Stores what a thread will do next, and whether it can.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void Announce(KernelThread thread, in Operation operation)
    {
        if (!Unsafe.AreSame(in thread.Announced, in operation))
            thread.Announced = operation;
        var bit = 1UL << thread.Index;
        if (operation.Kind < OperationKind.SpinAcquire)
        {
            EnabledThreads |= bit;
            waiting &= ~bit;
            return;
        }

        waiting |= bit;
        if (IsEnabled(thread))
            EnabledThreads |= bit;
        else
            Block(thread);
    }

    /// <summary>A thread ended, or was given up.</summary>
    protected void End(KernelThread thread)
    {
        LockOrder.Exits(thread);
        thread.Exited = true;
        thread.ExitClock.Release(thread);
        accesses?.End(thread.Index, AccessKind.Write);
        thread.Announced = default;
        EnabledThreads &= ~(1UL << thread.Index);
        waiting &= ~(1UL << thread.Index);
        LiveThreads--;
        if (thread.Handle != null)
            Recheck(thread.Handle, 0);
    }

    /// <summary>No thread can run and some have not ended.</summary>
    protected void ReportDeadlock()
    {
        Deadlocked = true;
        var waits = threads.Take(ThreadCount).Where(t => !t.Exited).Select(t => $"{t.Name} waits for {t.Announced.Target}{HolderOf(t)}");
        Report(new Finding("deadlock", string.Join("; ", waits)));
    }

    private void Block(KernelThread thread)
    {
        EnabledThreads &= ~(1UL << thread.Index);
        if (thread.AtomicDepth > 0 && thread.Announced.Kind is OperationKind.WaitSchedule or OperationKind.Join)
            LockOrder.MightSleep(thread, thread.Announced.Kind == OperationKind.Join ? "join" : "schedule");
        FindWaitCycle(thread);
    }

}

/// <summary>An execution needs more than a machine has: it is given up, and counts as cut.</summary>
/// <param name="message">Which limit.</param>
public sealed class LimitException(string message) : Exception(message);

/// <summary>What a new thread runs.</summary>
/// <param name="Name">What people call the thread.</param>
/// <param name="Run">Its body.</param>
public sealed record ThreadBody(string Name, Func<KTask> Run)
{
    /// <summary>
    /// Whether its threads are one thread of the kernel's, or one processor, that comes back to the same loop. A run of it then has
    /// the number of an ended one where no schedule is searched, or where numbers are short. Who joins a run may wait for the next.
    /// </summary>
    /// <remarks>
    /// The new run counts as after all that the ended one did: that is the order of one thread's program. It is not asked whether
    /// anything else orders the two. Where schedules are searched each run has a number of its own, as long as there are any, and
    /// with a log of accesses always: which number a thread gets would depend on the order of steps that commute.
    /// </remarks>
    public bool IsLoop { get; init; }
}

/// <summary>A thread as its creator sees it.</summary>
public sealed class ThreadHandle : KernelObject
{
    internal ThreadHandle(KernelHost host, KernelThread thread)
        : base(host) => Thread = thread;

    /// <summary>The thread.</summary>
    public KernelThread Thread { get; }

    public override string Name => Thread.Name;

    internal override void WriteExtra(StateEncoder encoder) => encoder.AddReference(Thread);

    /// <summary>Waits for the thread's end: all that it did happened before.</summary>
    public Step Join() => new(Announce(0, OperationKind.Join));
}

/// <summary>What operations without an object of the kernel are about.</summary>
internal sealed class Machinery(KernelHost host) : KernelObject(host)
{
    public override string Name => "machine";
}
