using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A thread of the simulated kernel (a task that makes system calls, or a worker of the kernel's own): what it announced,
/// what it holds, and what it knows of the others.
/// </summary>
public sealed class KernelThread
{
    internal readonly KernelHost Host;
    internal Operation Announced;
    internal bool GoesOn;
    internal bool Queued;
    internal bool Woken;
    internal bool Exited;
    internal Frame? Root;
    internal Frame? Innermost;

    // Watchers: happens-before.
    internal int[] Clock = [];
    internal uint Epoch;
    internal int Snapshot;                               // a row like the clock, or 0

    // Watchers: locks held, in the order of their acquisition.
    internal HeldLock[] Held = new HeldLock[8];
    internal int HeldCount;
    internal ulong HeldClasses;

    // Read sections of RCU: inside rcu_read_lock, or with a spinlock.
    internal int AtomicDepth;
    internal int RcuDepth;
    internal uint RcuSince;
    internal int RcuCoveredUpTo;

    // A thread sleeps on at most one wait queue and is queued on at most one lock.
    internal byte NextWaiter;                            // index of the thread + 1
    internal KernelObject? WaitsOn;
    internal ushort WaitsOnOffset;
    internal bool QueuedAsWriter;
    internal SyncClock WakeClock;
    internal SyncClock ExitClock;

    private List<(KernelObject Object, ushort Offset)>? takenOut;   // locks that it did not take, because their acquire is taken out
    private ulong readSections;                          // with sites: a bit for each read section it is in, set if that is taken out
    private bool pending;                                // announced, and not applied yet

    internal KernelThread(KernelHost host, int index)
    {
        Host = host;
        Index = index;
    }

    /// <summary>Number of the thread in its execution, in the order of creation.</summary>
    public int Index { get; }

    /// <summary>What people call the thread.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The thread that created it, or null for one that the run began with.</summary>
    public KernelThread? Parent { get; internal set; }

    /// <summary>Objects that this thread has allocated in this execution.</summary>
    public int Allocations { get; internal set; }

    /// <summary>Whoever the thread acts for; the model above the machine decides what that is.</summary>
    public object? Actor { get; set; }

    internal ThreadHandle? Handle { get; set; }

    internal ThreadBody? Body { get; set; }

    /// <summary>The innermost function that a suspended thread is in.</summary>
    internal Frame? Live
    {
        get
        {
            var frame = Innermost;
            while (frame is { Done: true })
                frame = frame.Caller;
            return frame;
        }
    }

    /// <summary>Announces the next operation: the host chooses who runs, and <see cref="GoesOn"/> says whether this thread does.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]           // called from every await: the code of the model stays small
    internal KernelThread Announce(KernelObject target, uint what, long argument, object? reference)
    {
        Invariant.Holds(!pending, "an operation is awaited where it is made");
        pending = true;
        Announced.Become(target, what, argument, reference);
        GoesOn = Announced.Quiet || Host.Reach(in Announced);
        return this;
    }

    /// <summary>The thread suspends in a frame, in which it goes on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Park(Frame frame)
    {
        if (!ReferenceEquals(Innermost, frame))          // a comparison is cheaper than the collector's write barrier
            Innermost = frame;
    }

    /// <summary>Applies the operation that was announced; returns its result as bits.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal long Apply()
    {
        pending = false;
        return Host.Apply(this);
    }

    internal void Begin(string name, KernelThread? parent, int width)
    {
        Name = name;
        Parent = parent;
        Allocations = 0;
        Actor = parent?.Actor;
        Announced = default;
        pending = GoesOn = Queued = Woken = Exited = false;
        Root = Innermost = null;
        HeldCount = AtomicDepth = RcuDepth = RcuCoveredUpTo = 0;
        RcuSince = 0;
        HeldClasses = 0;
        NextWaiter = 0;
        WaitsOn = null;
        Snapshot = 0;
        WakeClock = ExitClock = default;
        takenOut?.Clear();
        readSections = 0;
        if (Clock.Length < width)
            Clock = new int[width];
        Array.Clear(Clock);
        Clock[Index] = 1;
        Epoch = Epochs.Of(Index, 1);
    }

    /// <summary>The thread takes a spinlock or begins a read section: until it leaves the outermost, grace periods wait for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnterAtomic()
    {
        if (AtomicDepth++ == 0)
            RcuSince = Host.RcuSequence;
    }

    /// <summary>It leaves one; whoever calls this lets the thread's time go on before its next access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void LeaveAtomic()
    {
        if (--AtomicDepth == 0)
            RcuCoveredUpTo = Clock[Index];
    }

    /// <summary>Whether it went past an acquire that is taken out, and has not come to the release.</summary>
    internal bool HasTakenOut(KernelObject owner, ushort offset) => takenOut?.Contains((owner, offset)) == true;

    /// <summary>It goes past an acquire that is taken out.</summary>
    internal void TakeOut(KernelObject owner, ushort offset) => (takenOut ??= []).Add((owner, offset));

    /// <summary>Whether a release belongs to an acquire that is taken out: then it is, too.</summary>
    internal bool SkipsRelease(KernelObject owner, ushort offset) => takenOut != null && !Holds(owner, offset) && takenOut.Remove((owner, offset));

    /// <summary>It begins a read section, or goes past the beginning of one that is taken out.</summary>
    internal void PushReadSection(bool isTakenOut) => readSections = readSections << 1 | (isTakenOut ? 1UL : 0);

    /// <summary>Whether the innermost read section, which ends here, is one that is taken out.</summary>
    internal bool SkipsReadUnlock()
    {
        var isTakenOut = (readSections & 1) != 0;
        readSections >>= 1;
        return isTakenOut;
    }

    /// <summary>Whether it is between a lock's acquire and its release that are taken out.</summary>
    internal bool IsWithoutALock => takenOut is { Count: > 0 };

    private bool Holds(KernelObject owner, ushort offset)
    {
        for (var i = 0; i < HeldCount; i++)
        {
            if (Held[i].Is(owner, offset))
                return true;
        }

        return false;
    }

    /// <summary>Takes over what another thread knows, and when it is.</summary>
    internal void Learn(int[] clock)
    {
        for (var i = 0; i < clock.Length; i++)
            Clock[i] = Math.Max(Clock[i], clock[i]);
    }

    /// <summary>Begins a new interval of this thread: what it does from now on is not covered by what it published.</summary>
    internal void Tick()
    {
        var clock = ++Clock[Index];
        Invariant.Holds(clock < Epochs.ClockLimit, "a thread publishes at most 33 million times in one execution");
        Epoch++;
    }

    /// <summary>A row with what the thread knows of others, which nobody changes.</summary>
    internal int TakeSnapshot() => Snapshot = Host.Clocks.CopyOf(Clock);

    /// <summary>The thread learnt something: its clock is not like the row any more.</summary>
    internal void DropSnapshot()
    {
        Host.Clocks.Drop(Snapshot);
        Snapshot = 0;
    }

    /// <summary>Whether what happened at <paramref name="epoch"/> happened before this thread's next step.</summary>
    internal bool Knows(uint epoch) => Epochs.Clock(epoch) <= Clock[Epochs.Thread(epoch)];

    public override string ToString() => Name;
}

/// <summary>A lock that a thread holds.</summary>
internal struct HeldLock
{
    public KernelObject Object;
    public ulong Outside;                                // classes held outside it, a bit each
    public ushort Offset;
    public byte Class;
    public bool Shared;

    public readonly bool Is(KernelObject owner, ushort offset) => Offset == offset && ReferenceEquals(Object, owner);
}

/// <summary>An epoch (Flanagan, Freund, PLDI 2009): a thread and its clock in one word; 0 is "never".</summary>
internal static class Epochs
{
    public const int ClockBits = 25;
    public const int ClockLimit = 1 << ClockBits;

    /// <summary>The thread number kept for "many": the clock field is then the index of a shared row.</summary>
    public const int Many = 127;

    public static uint Of(int thread, int clock) => (uint)thread << ClockBits | (uint)clock;

    public static int Thread(uint epoch) => (int)(epoch >> ClockBits);

    public static int Clock(uint epoch) => (int)(epoch & (ClockLimit - 1));

    public static bool IsMany(uint epoch) => Thread(epoch) == Many;
}
