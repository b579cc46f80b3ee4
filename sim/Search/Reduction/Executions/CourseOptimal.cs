using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>
/// Optimal dynamic partial-order reduction with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas, POPL'14 and JACM 64(4),
/// 2017), as <see cref="OptimalReduction"/>, of executions whose steps touch many cells.
/// </summary>
/// <remarks>
/// <para>
/// A finding ends an execution, and what others would still have done may race with it: the step with it depends on all
/// steps, also on those that are announced. What the environment decides is never reversed: each outcome is a step of its
/// own, tried where the choice was first met. What a step would touch in another order is known only when it is run; until
/// then it is taken to touch what it did. A turn that is held for known because of that is not lost: where it is known from
/// begins with a step that truly conflicts, and that race is reversed there. Once an execution was ended by a finding this
/// does not hold any more, nor that whoever can run will run: from then on a sequence is known only where its own steps
/// sleep, and there can be executions that are given up.
/// </para>
/// <para>
/// Where the step then touches less than it was taken to, an execution can be given up too: it was looked at already. So it is
/// with 16 of 9,192 of <c>races/sync-vs-remove</c>, where two tasks wait on one queue for works of their own. Who reads that its
/// work is done takes itself out of the queue in the same step, and that conflicts with the other's step that looks at the
/// queue; so the read was planned behind that one, before the work is done. But then it only finds that it has to sleep,
/// conflicts with nothing that the other did, and its execution with the read at the front was looked at before. To take it
/// to touch less would lose executions where it does not.
/// </para>
/// </remarks>
internal sealed class CourseOptimal : CourseReducer
{
    private readonly WakeupTrees<Footprint> trees = new();
    private readonly WakeupSequence<Footprint> sequence = new();
    private readonly List<Sleeper> initials = [];
    private readonly Access[] wanted = new Access[1];
    private int[] known = [];
    private int[] candidates = new int[64];
    private int count;
    private bool sawEnd;                                 // whether a step has ended an execution

    public CourseOptimal(AccessLog? earlier)
        : base(earlier) => trees.Clear(0);

    public override void Write(BinaryWriter to)
    {
        base.Write(to);
        to.Write(sawEnd);
        trees.Write(to, Course.Length + 1, WriteFootprint);
    }

    public override void Read(BinaryReader from)
    {
        base.Read(from);
        sawEnd = from.ReadBoolean();
        trees.Read(from, ReadFootprint);
    }

    protected override int TakePlanned(int length) => trees.IsEmpty(length) ? -1 : trees.Take(length);

    protected override bool IsDone(int length, ulong awake) => trees.IsEmpty(length);

    protected override void Clear(int length) => trees.Clear(length);

    protected override void AtEnd(KernelHost host)
    {
        if (known.Length < Course.Threads)
            known = new int[Course.Threads];
        var end = Course.Length - 1;
        sawEnd |= end >= 0 && Course[end].Ends;
        for (var step = 0; step < Course.Length; step++)
            Reverse(step);
        for (var thread = 0; thread < host.ThreadCount; thread++)
        {
            if (host.Announced(thread).Kind == OperationKind.None)
                continue;
            if (end >= 0 && Course[end].Ends && thread != Course[end].Thread && (Course.EnabledAt(end) >> thread & 1) != 0)
                PlanInstead(end, thread);
            else if (!host.CanRun(thread))
                ReverseWanted(host, thread);
        }
    }

    /// <summary>Reverses the races of a step with those before it.</summary>
    private void Reverse(int number)
    {
        ref readonly var step = ref Course[number];
        Course.Known(step.Thread, step.PreviousOfThread, known);
        count = 0;
        for (var i = step.Touches; i < step.TouchesEnd; i++)
        {
            ref readonly var touch = ref Course.TouchAt(i);
            AddCandidates(touch.Previous, touch.Kind, touch.Cell == step.Cell && IsBlocking(step.Obstacle));
        }

        for (var i = 0; step.Ends && i < number; i++)
            AddCandidate(i);
        var head = step.Cell < 0 ? -1 : PreviousOn(step.Cell, number);
        if (step.Obstacle == Obstacle.Sleep)
            Learn(Waker(head, step.Thread));
        else if (step.Obstacle == Obstacle.Thread && head >= 0)
            Learn(Course.TouchAt(head).Step);
        Reverse(step.Thread, step.Turn, FootprintOf(number), step.Obstacle, head);
    }

    /// <summary>What a thread wants that cannot go on races too, with what is in its way.</summary>
    private void ReverseWanted(KernelHost host, int thread)
    {
        var obstacle = host.ObstacleOf(thread);
        if (!IsBlocking(obstacle))
            return;
        var cell = host.CellOf(thread);
        wanted[0] = new Access(cell, obstacle == Obstacle.Change ? AccessKind.Read : AccessKind.Write, Held: false);
        Course.Known(thread, Course.LastOf(thread), known);
        count = 0;
        var head = Course.LastOnCell(cell);
        AddCandidates(head, wanted[0].Kind, deeply: true);
        Reverse(thread, thread, new Footprint(Course.Footprints, Course.Footprints.NumberOf(wanted), Ends: false), obstacle, head);
    }

    // Before a step that ended the execution, has another thread go on. What follows then was not seen, so that nothing
    // but the same turn makes it known.
    private void PlanInstead(int end, int thread)
    {
        if ((ThreadsAsleepAt(end) >> thread & 1) == 0)
            Plan(end, thread, FootprintOf(end));
    }

    /// <summary>
    /// Reverses the races of a step with the candidates that it is in an immediate race with: nothing happened between the
    /// two. Where the step can be kept from happening, what lies between may be what let it happen (a release) and cannot
    /// change places with it; then those before it are tried too.
    /// </summary>
    private void Reverse(int thread, int turn, in Footprint footprint, Obstacle obstacle, int head)
    {
        Array.Sort(candidates, 0, count);
        for (var i = count - 1; i >= 0; i--)
        {
            var first = candidates[i];
            ref readonly var step = ref Course[first];
            if (step.Thread == thread || known[step.Thread] >= step.Number)
                continue;
            if (IsBlocking(obstacle) && !CanRunWithout(first, thread, obstacle, head))
                continue;
            Plan(first, turn, in footprint);
            Learn(first);
        }
    }

    // Who sleeps and who waits for a thread is let go by one step alone, which therefore happened before.
    private static bool IsBlocking(Obstacle obstacle) => obstacle is not (Obstacle.None or Obstacle.Sleep or Obstacle.Thread);

    /// <summary>Whether a thread could do its step if another step, and all that happened after that one, were not done.</summary>
    private bool CanRunWithout(int first, int thread, Obstacle obstacle, int head)
    {
        var skipped = false;
        for (var touch = head; touch >= 0; touch = Course.TouchAt(touch).Previous)
        {
            ref readonly var access = ref Course.TouchAt(touch);
            if (access.Step >= first && (access.Step == first || Course.HappenedBefore(first, access.Step)))
            {
                skipped |= access.Kind == AccessKind.Add;
                continue;
            }

            switch (obstacle)
            {
                case Obstacle.Holder:
                    return !access.Held;
                case Obstacle.Queue:
                    return CouldRunAfter(access.Step, thread);
                case Obstacle.QueueOfWriter:
                    return !skipped && CouldRunAfter(access.Step, thread);
                case Obstacle.Unknown:
                    return Course.LastOf(thread) > access.Step || CouldRunAfter(access.Step, thread);
                default:
                    if (access.Kind != AccessKind.Read)
                        return true;
                    if (Course[access.Step].Thread == thread)
                        return false;                    // it saw the count then
                    break;
            }
        }

        return obstacle is Obstacle.Holder or Obstacle.Unknown;
    }

    private bool CouldRunAfter(int step, int thread) => (Course.EnabledAt(step + 1) >> thread & 1) != 0;

    private void AddCandidates(int touch, AccessKind kind, bool deeply)
    {
        for (touch = Course.Conflicting(touch, kind); touch >= 0; touch = Course.Conflicting(Course.TouchAt(touch).Previous, kind))
        {
            ref readonly var access = ref Course.TouchAt(touch);
            AddCandidate(access.Step);
            ref readonly var step = ref Course[access.Step];
            if (access.Kind == AccessKind.Write && (!deeply || known[step.Thread] >= step.Number))
                return;
        }
    }

    private void AddCandidate(int step)
    {
        if (count > 0 && candidates[count - 1] == step)
            return;
        if (count == candidates.Length)
            Array.Resize(ref candidates, 2 * count);
        candidates[count++] = step;
    }

    private int PreviousOn(int cell, int number)
    {
        ref readonly var step = ref Course[number];
        for (var i = step.Touches; i < step.TouchesEnd; i++)
        {
            if (Course.TouchAt(i).Cell == cell)
                return Course.TouchAt(i).Previous;
        }

        return -1;
    }

    /// <summary>The step that woke a thread: the first wake-up after it queued.</summary>
    private int Waker(int head, int thread)
    {
        var waker = -1;
        for (var touch = head; touch >= 0; touch = Course.TouchAt(touch).Previous)
        {
            ref readonly var access = ref Course.TouchAt(touch);
            if (Course[access.Step].Thread == thread && access.Kind != AccessKind.Read)
                break;
            if (access.Kind == AccessKind.Write)
                waker = access.Step;
        }

        return waker;
    }

    private void Learn(int step)
    {
        if (step >= 0)
            Course.Join(known, Course.ClockOf(step));
    }

    /// <summary>Has a thread do its step before another step, unless that is known or planned.</summary>
    private void Plan(int before, int turn, in Footprint footprint)
    {
        sequence.Clear();
        initials.Clear();
        initials.AddRange(AsleepAt(before));
        for (var i = before + 1; i < Course.Length; i++)
        {
            if (!Course.HappenedBefore(before, i) && IsKnown(Course[i].Turn, FootprintOf(i)))
                return;
        }

        if (!IsKnown(turn, in footprint) && (initials.Count == 0 || sawEnd))
            trees.Insert(before, sequence, weakly: !sawEnd);
    }

    /// <summary>Adds a step to the sequence, unless it is one that sleeps and could begin the sequence.</summary>
    private bool IsKnown(int turn, in Footprint footprint)
    {
        for (var i = initials.Count - 1; i >= 0; i--)
        {
            if (initials[i].Turn == turn)
                return true;
            if (Turn.ThreadOf(initials[i].Turn) == Turn.ThreadOf(turn) || initials[i].Footprint.DependsOn(in footprint))
                initials.RemoveAt(i);
        }

        sequence.Add(turn, in footprint);
        return false;
    }
}
