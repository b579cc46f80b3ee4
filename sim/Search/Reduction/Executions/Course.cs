using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>
/// The steps of the execution that a search with reduction stands in: what each touched, and what happened before what
/// (Lamport 1978, as vector clocks: Mattern 1989), where conflicts, the order of each thread, and the creation of a thread
/// order. Nothing is known of the machine's state but who could run before each step, and which locks were held after it.
/// </summary>
internal sealed partial class Course
{
    private readonly Footprints footprints = new();
    private CourseStep[] steps = new CourseStep[64];
    private ulong[] enabled = new ulong[65];
    private Touch[] touches = new Touch[1024];
    private int[] lastOnCell = [];
    private int[] lastOfThread = [];
    private int[] createdBy = [];
    private int[] clocks = [];
    private int width = 4;

    /// <summary>Makes an empty one.</summary>
    public Course() => Widen();

    /// <summary>Steps done.</summary>
    public int Length { get; private set; }

    /// <summary>Threads that a clock has room for.</summary>
    public int Threads => width;

    /// <summary>The sets of accesses that steps had.</summary>
    public Footprints Footprints => footprints;

    /// <summary>A step.</summary>
    public ref readonly CourseStep this[int step] => ref steps[step];

    /// <summary>An access of a step.</summary>
    public ref readonly Touch TouchAt(int touch) => ref touches[touch];

    /// <summary>Threads that could do the next step after so many.</summary>
    public ref ulong EnabledAt(int length) => ref enabled[length];

    /// <summary>The last access of a cell, or -1.</summary>
    public int LastOnCell(int cell) => cell < lastOnCell.Length ? lastOnCell[cell] : -1;

    /// <summary>The last step of a thread, or -1.</summary>
    public int LastOf(int thread) => lastOfThread[thread];

    /// <summary>Of each thread how many steps happened before a step, itself included.</summary>
    public ReadOnlySpan<int> ClockOf(int step) => clocks.AsSpan(step * width, width);

    /// <summary>What a thread knows before its next step, if its last one is given: that one's clock, or its creator's.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="last">Its last step, or -1.</param>
    /// <param name="into">The clock.</param>
    public void Known(int thread, int last, Span<int> into)
    {
        var from = last >= 0 ? last : createdBy[thread];
        if (from < 0)
            into.Clear();
        else
            ClockOf(from).CopyTo(into);
    }

    /// <summary>Whether a step happened before a later one, or is it.</summary>
    public bool HappenedBefore(int earlier, int later)
        => clocks[(later * width) + steps[earlier].Thread] >= steps[earlier].Number;

    /// <summary>Adds a step.</summary>
    /// <param name="turn">Who did it, and how it could have been kept from it.</param>
    /// <param name="log">What it touched.</param>
    /// <param name="threads">Threads of the execution after it.</param>
    public void Add(in CourseStep turn, AccessLog log, int threads)
    {
        while (threads > width)
            Widen();
        if (Length == steps.Length)
            Grow();
        if (lastOnCell.Length < log.Cells)
        {
            var before = lastOnCell.Length;
            Array.Resize(ref lastOnCell, Math.Max(2 * before, log.Cells));
            lastOnCell.AsSpan(before).Fill(-1);
        }

        ref var step = ref steps[Length];
        step = turn;
        var last = lastOfThread[step.Thread];
        step.PreviousOfThread = last;
        step.Number = last < 0 ? 1 : steps[last].Number + 1;
        step.Footprint = footprints.NumberOf(log.Accesses);
        step.Touches = Length == 0 ? 0 : steps[Length - 1].TouchesEnd;
        step.TouchesEnd = step.Touches;
        AddTouches(ref step, log.Accesses);
        SetClock(in step);
        for (var cells = step.Touches; cells < step.TouchesEnd; cells++)
            lastOnCell[touches[cells].Cell] = cells;
        lastOfThread[step.Thread] = Length;
        for (; step.ThreadsBefore < threads; threads--)
            createdBy[threads - 1] = Length;
        Length++;
    }

    /// <summary>Takes the last step back.</summary>
    public ref readonly CourseStep Back()
    {
        ref readonly var step = ref steps[--Length];
        lastOfThread[step.Thread] = step.PreviousOfThread;
        for (var i = step.TouchesEnd - 1; i >= step.Touches; i--)
            lastOnCell[touches[i].Cell] = touches[i].Previous;
        return ref step;
    }

    /// <summary>
    /// The access to go on with, looking back from one, for those that conflict with a kind: of a row of the same kind, which
    /// do not, none has to be looked at.
    /// </summary>
    public int Conflicting(int touch, AccessKind kind)
        => touch >= 0 && touches[touch].Kind == kind && kind != AccessKind.Write ? touches[touch].PreviousOther : touch;

    private void AddTouches(ref CourseStep step, ReadOnlySpan<Access> accesses)
    {
        var set = footprints[step.Footprint];
        while (step.Touches + set.Length > touches.Length)
            Array.Resize(ref touches, 2 * touches.Length);
        foreach (var entry in set)
        {
            var (cell, kind) = (Footprints.CellOf(entry), Footprints.KindOf(entry));
            var previous = lastOnCell[cell];
            touches[step.TouchesEnd++] = new Touch
            {
                Cell = cell,
                Kind = kind,
                Held = HeldAfter(accesses, cell),
                Step = Length,
                Previous = previous,
                PreviousOther = previous >= 0 && touches[previous].Kind == kind ? touches[previous].PreviousOther : previous,
            };
        }
    }

    // The last access tells.
    private static bool HeldAfter(ReadOnlySpan<Access> accesses, int cell)
    {
        for (var i = accesses.Length - 1; i >= 0; i--)
        {
            if (accesses[i].Cell == cell)
                return accesses[i].Held;
        }

        return false;
    }

    // Behind a write on its cell everything before that happened before it too.
    private void SetClock(in CourseStep step)
    {
        var clock = clocks.AsSpan(Length * width, width);
        Known(step.Thread, step.PreviousOfThread, clock);
        for (var i = step.Touches; i < step.TouchesEnd; i++)
        {
            ref readonly var own = ref touches[i];
            for (var other = Conflicting(own.Previous, own.Kind); other >= 0; other = Conflicting(touches[other].Previous, own.Kind))
            {
                Join(clock, ClockOf(touches[other].Step));
                if (touches[other].Kind == AccessKind.Write)
                    break;
            }
        }

        clock[step.Thread] = step.Number;
    }

    /// <summary>Raises each entry of a clock to that of another.</summary>
    public static void Join(Span<int> clock, ReadOnlySpan<int> other)
    {
        for (var i = 0; i < clock.Length; i++)
            clock[i] = Math.Max(clock[i], other[i]);
    }

    private void Grow()
    {
        Array.Resize(ref steps, 2 * Length);
        Array.Resize(ref enabled, (2 * Length) + 1);
        Array.Resize(ref clocks, 2 * clocks.Length);
    }

    private void Widen()
    {
        var before = width;
        width *= 2;
        Array.Resize(ref lastOfThread, width);
        Array.Resize(ref createdBy, width);
        if (clocks.Length == 0)
            before = 0;
        lastOfThread.AsSpan(before).Fill(-1);
        createdBy.AsSpan(before).Fill(-1);
        var wider = new int[steps.Length * width];
        for (var step = 0; step < Length; step++)
            clocks.AsSpan(step * before, before).CopyTo(wider.AsSpan(step * width));
        clocks = wider;
    }
}

/// <summary>A step of an execution.</summary>
internal struct CourseStep
{
    /// <summary>Who did it.</summary>
    public int Thread;

    /// <summary>What the environment decided in it.</summary>
    public int Outcome;

    /// <summary>How many outcomes there were; 0 if it had nothing to decide.</summary>
    public int Options;

    /// <summary>Whether all outcomes are to be tried here.</summary>
    public bool IsOpen;

    /// <summary>Whether it ended the execution, with a finding or because it was given up.</summary>
    public bool Ends;

    /// <summary>What could have kept the thread from it.</summary>
    public Obstacle Obstacle;

    /// <summary>The cell where that stood.</summary>
    public int Cell;

    /// <summary>Threads of the execution before it.</summary>
    public int ThreadsBefore;

    /// <summary>Which of the thread's steps it is, from 1.</summary>
    public int Number;

    /// <summary>The thread's step before it, or -1.</summary>
    public int PreviousOfThread;

    /// <summary>The number of the set of its accesses.</summary>
    public int Footprint;

    /// <summary>Its accesses: from here,</summary>
    public int Touches;

    /// <summary>to before here.</summary>
    public int TouchesEnd;

    /// <summary>Whose turn it was.</summary>
    public readonly int Turn => Options == 0 ? Thread : Reduction.Turn.Of(Thread, Outcome);
}

/// <summary>An access of a step: one a cell.</summary>
internal struct Touch
{
    public int Cell;
    public AccessKind Kind;

    /// <summary>For a spinlock: whether it was held after the step.</summary>
    public bool Held;
    public int Step;

    /// <summary>The access of the cell before it, or -1.</summary>
    public int Previous;

    /// <summary>The last one before it that was of another kind, or -1.</summary>
    public int PreviousOther;
}
