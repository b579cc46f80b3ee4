using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>
/// Goes from execution to execution on a machine that cannot go back: each is run from the start, follows what the one
/// before it did up to the deepest step with something left, and goes on from there. With sleep sets (Godefroid 1996), as
/// <see cref="Reducer"/>, of which this is the counterpart for threads that are coroutines.
/// </summary>
/// <remarks>
/// Why two: there a step touches one cell, is known before it is done and is taken back by copying a state; here it touches
/// many, is known only when it is over, and the machine calls. What they share is what is hard: <see cref="WakeupTrees{T}"/>.
/// </remarks>
internal abstract partial class CourseReducer
{
    private readonly AccessLog log;
    private readonly List<Sleeper> sleepers = [];        // those of each length of the course behind those of the one before
    private int[] sleepersAt = new int[64];
    private CourseStep pending;
    private bool isPending;
    private int given;                                   // steps to follow
    private int position;
    private int last;                                    // who ran last
    private int next = -1;                               // whose turn it is after those, if it is settled

    /// <summary>A search from the start.</summary>
    /// <param name="earlier">The log of a search that learnt something and was given up for it, or null.</param>
    protected CourseReducer(AccessLog? earlier) => log = new AccessLog(earlier);

    /// <summary>The execution.</summary>
    protected Course Course { get; } = new();

    /// <summary>What the machine writes down.</summary>
    public AccessLog Log => log;

    /// <summary>Whether all that could run slept, so that the execution was given up.</summary>
    public bool WasBlocked { get; private set; }

    /// <summary>Steps of the execution.</summary>
    public int Length => Course.Length;

    /// <summary>Whether some thread waited for a change.</summary>
    public bool SawWaiting { get; private set; }

    /// <summary>An execution begins.</summary>
    public void Begin() => position = 0;

    /// <summary>Who runs next, or -1 to give the execution up.</summary>
    public int Choose(KernelHost host, ulong enabled)
    {
        if (position < given)
            return last = Course[position++].Thread;
        if (position < Course.Length)                    // a second run, of which nothing is to be learnt
            return last = Course[position++].Thread;
        if (WasBlocked || IsOver)
            return -1;
        if (isPending)
            Finish(host.ThreadCount, ends: false);
        Course.EnabledAt(Course.Length) = enabled;
        if (!TryChoose(host, enabled))
        {
            WasBlocked = true;
            log.Stop();
            return -1;
        }

        position++;
        log.Start();
        return last = pending.Thread;
    }

    /// <summary>What the environment decides in the running step.</summary>
    public int ChooseData()
        => position > Course.Length ? pending.Outcome : Course[position - 1].Outcome;

    /// <summary>Whether the execution has ended, so that what comes is a second run of it.</summary>
    protected bool IsOver { get; private set; }

    /// <summary>The execution has ended.</summary>
    /// <param name="host">The machine, as it stands.</param>
    /// <param name="isCut">Whether it was cut at the limit of steps.</param>
    /// <param name="allEnded">Whether all threads ended: what is found after that is no part of a step.</param>
    public void End(KernelHost host, bool isCut, bool allEnded)
    {
        log.Stop();
        IsOver = true;
        if (isPending)
            Finish(host.ThreadCount, ends: !allEnded && (host.GivenUp != null || (host.Finding != null && !host.Deadlocked)));
        if (isCut || WasBlocked)
            return;
        Course.EnabledAt(Course.Length) = 0;
        AtEnd(host);
    }

    /// <summary>Lets the next runs follow the first steps of the execution only.</summary>
    public void Next(out bool exhausted)
    {
        IsOver = WasBlocked = false;
        exhausted = !GoBack();
        given = Course.Length;
    }

    /// <summary>The first of those that are planned from here on, taken out; or -1.</summary>
    protected abstract int TakePlanned(int length);

    /// <summary>Whether all is looked at that begins with the first steps, but not with a turn that sleeps.</summary>
    protected abstract bool IsDone(int length, ulong awake);

    /// <summary>Nothing is planned yet after so many steps.</summary>
    protected abstract void Clear(int length);

    /// <summary>The execution has come to an end.</summary>
    protected abstract void AtEnd(KernelHost host);

    /// <summary>Those that sleep after so many steps.</summary>
    protected ReadOnlySpan<Sleeper> AsleepAt(int length)
    {
        var all = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(sleepers);
        return all[sleepersAt[length]..(length == Course.Length ? all.Length : sleepersAt[length + 1])];
    }

    /// <summary>Threads that sleep after so many steps, with all outcomes that their step can have.</summary>
    protected ulong ThreadsAsleepAt(int length)
    {
        var result = 0UL;
        var asleep = AsleepAt(length);
        foreach (var sleeper in asleep)
        {
            var outcomes = 0;
            foreach (var other in asleep)
                outcomes += Turn.ThreadOf(other.Turn) == Turn.ThreadOf(sleeper.Turn) ? 1 : 0;
            if (outcomes >= sleeper.Options)
                result |= 1UL << Turn.ThreadOf(sleeper.Turn);
        }

        return result;
    }

    /// <summary>What a step touched.</summary>
    protected Footprint FootprintOf(int step) => new(Course.Footprints, Course[step].Footprint, Course[step].Ends);

    private bool TryChoose(KernelHost host, ulong enabled)
    {
        var length = Course.Length;
        if (sleepersAt.Length <= length + 1)
            Array.Resize(ref sleepersAt, 2 * sleepersAt.Length);
        var (turn, planned) = (next, false);
        next = -1;
        while (turn < 0 && (turn = TakePlanned(length)) >= 0)
        {
            planned = true;
            if ((enabled >> Turn.ThreadOf(turn) & 1) == 0 || IsAsleep(length, turn))
                turn = -1;                               // what it waits for, or touches, could not be known
        }

        if (turn < 0 && !planned)
            turn = First(enabled & ~ThreadsAsleepAt(length));
        if (turn < 0)
            return false;
        if (!planned)
            Clear(length + 1);
        var thread = Turn.ThreadOf(turn);
        ref readonly var operation = ref host.Announced(thread);
        var obstacle = host.ObstacleOf(thread);
        pending = new CourseStep
        {
            Thread = thread,
            Options = operation.Kind == OperationKind.Choose ? (int)operation.Argument : 0,
            Outcome = Turn.OutcomeOf(turn),
            IsOpen = !planned || Turn.OutcomeOf(turn) < 0,
            Obstacle = obstacle,
            Cell = obstacle == Obstacle.None ? -1 : host.CellOf(thread),
            ThreadsBefore = host.ThreadCount,
        };
        SawWaiting |= obstacle is Obstacle.Change or Obstacle.Unknown;
        if (pending.Options > 0 && pending.Outcome < 0)
            pending.Outcome = OutcomeFrom(length, thread, 0, pending.Options);
        isPending = pending.Outcome >= 0 || pending.Options == 0;
        return isPending;
    }

    // Without a preemption, if that is possible.
    private int First(ulong awake)
        => awake == 0 ? -1 : position > 0 && (awake >> last & 1) != 0 ? last : BitOperations.TrailingZeroCount(awake);

    private void Finish(int threads, bool ends)
    {
        isPending = false;
        pending.Ends = ends;
        var from = Course.Length;
        var (start, end) = (sleepersAt[from], sleepers.Count);
        Course.Add(in pending, log, threads);
        sleepersAt[from + 1] = end;

        // Who goes on sleeping does the same as before: nothing that it depends on was done.
        var done = FootprintOf(from);
        for (var i = start; i < end; i++)
        {
            if (Turn.ThreadOf(sleepers[i].Turn) != pending.Thread && !sleepers[i].Footprint.DependsOn(in done))
                sleepers.Add(sleepers[i]);
        }
    }

    private bool GoBack()
    {
        while (Course.Length > 0)
        {
            ref readonly var step = ref Course.Back();
            var length = Course.Length;
            sleepers.RemoveRange(sleepersAt[length + 1], sleepers.Count - sleepersAt[length + 1]);
            sleepers.Add(new Sleeper(step.Turn, step.Options, new Footprint(Course.Footprints, step.Footprint, step.Ends)));
            var outcome = step.IsOpen && step.Options > 0 ? OutcomeFrom(length, step.Thread, step.Outcome + 1, step.Options) : -1;
            if (outcome >= 0)
                next = Turn.Of(step.Thread, outcome);
            if (outcome >= 0 || !IsDone(length, Course.EnabledAt(length) & ~ThreadsAsleepAt(length)))
                return true;
        }

        return false;
    }

    private int OutcomeFrom(int length, int thread, int first, int options)
    {
        for (var outcome = first; outcome < options; outcome++)
        {
            if (!IsAsleep(length, Turn.Of(thread, outcome)))
                return outcome;
        }

        return -1;
    }

    private bool IsAsleep(int length, int turn)
    {
        foreach (var sleeper in AsleepAt(length))
        {
            if (sleeper.Turn == turn)
                return true;
        }

        return false;
    }
}

/// <summary>A step that was looked at.</summary>
/// <param name="Turn">Whose turn it was.</param>
/// <param name="Options">How many outcomes it can have.</param>
/// <param name="Footprint">What it touched.</param>
internal readonly record struct Sleeper(int Turn, int Options, Footprint Footprint);
