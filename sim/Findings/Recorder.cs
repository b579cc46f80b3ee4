using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// Writes down an execution: each step with the function that does it, and what it changed. After each step all fields of
/// all objects are compared with what they were before, so no change escapes, however it was made.
/// </summary>
/// <param name="host">The machine.</param>
/// <param name="onThreads">Whether each thread has a stack of its own, which nobody else can look at.</param>
internal sealed class Recorder(KernelHost host, bool onThreads) : IStepObserver
{
    private readonly List<RecordedStep> steps = [];
    private readonly List<Access> accesses = [];
    private readonly Dictionary<KernelObject, Snapshot> snapshots = [];
    private readonly Exposures exposures = new(host);

    /// <summary>The steps.</summary>
    public IReadOnlyList<RecordedStep> Steps => steps;

    /// <summary>The accesses of the field that <see cref="Watch"/> names.</summary>
    public IReadOnlyList<Access> Accesses => accesses;

    /// <summary>The copies of key material that there were.</summary>
    public IReadOnlyList<Exposure> Exposures => exposures.All;

    /// <summary>A field whose accesses are noted.</summary>
    public (KernelObject Object, ushort Offset)? Watch { get; init; }

    /// <summary>The functions that the finding was made in, if a thread was running.</summary>
    public IReadOnlyList<Type> FoundIn { get; private set; } = [];

    /// <summary>The execution has ended: the last step is complete.</summary>
    public void End()
    {
        Complete();
        foreach (var step in steps)
            step.Functions ??= [];                       // queued, and never went on
    }

    public void OnStep(KernelThread thread, in Operation operation)
    {
        Complete();
        var functions = onThreads ? Inspection.FunctionsNow(host) : Inspection.Functions(thread);
        Begin(thread, in operation, OperationNames.Of(in operation)).Functions = functions;
        foreach (var step in steps)
        {
            if (step.Thread == thread)
                step.Functions ??= functions;            // it queued, and has not moved since
        }

        NoteAccess(thread, operation.Object, operation.Offset, steps[^1].Functions!);
    }

    // A thread queues while it is on its way to be suspended: its functions are known a little later.
    public void OnQueue(KernelThread thread, in Operation operation)
    {
        Complete();
        Begin(thread, in operation, OperationNames.Of(in operation) + " (queues)");
    }

    public void OnApplied(KernelThread thread, in Operation operation, long result)
        => steps[^1].Result = OperationNames.ResultOf(in operation, result);

    public void OnAccess(KernelThread thread, KernelObject owner, ushort offset, bool write)
    {
        if (Watch == (owner, offset))
            NoteAccess(thread, owner, offset, Inspection.FunctionsNow(host));
    }

    public void OnFinding(Finding finding) => FoundIn = Inspection.FunctionsNow(host);

    private RecordedStep Begin(KernelThread thread, in Operation operation, string name)
    {
        var before = steps.Count == 0 ? null : steps[^1].Thread;
        var step = new RecordedStep
        {
            Number = host.Steps,
            Thread = thread,
            Operation = name,
            Target = OperationNames.TargetOf(in operation),
            About = operation.Object,
            Switch = before == null || before == thread ? null
                : Inspection.HasEnded(before) ? "ended"
                : Inspection.CanRun(before) ? "preempted"
                : "blocked",
            ClockBefore = OwnClock(thread),
        };
        steps.Add(step);
        return step;
    }

    private void Complete()
    {
        if (steps.Count == 0)
        {
            Compare([]);
            exposures.Look(0);
            return;
        }

        var last = steps[^1];
        Compare(last.Changes);
        exposures.Look(last.Number);
        last.Clock = Inspection.ClockOf(last.Thread);
        for (var i = steps.Count - 1; i >= 0 && steps[i].Functions == null && !onThreads; i--)
            steps[i].Functions = Inspection.Functions(steps[i].Thread);
    }

    private void Compare(List<RecordedChange> changes)
    {
        foreach (var target in Inspection.Objects(host))
        {
            void Changed(string field, string from, string to)
                => changes.Add(new RecordedChange(target, new TraceChange(target.Name, field, from, to)));

            var now = Snapshot.Of(target);
            if (!snapshots.TryGetValue(target, out var before))
            {
                if (steps.Count > 0)
                    Changed(TraceChange.Memory, TraceChange.None, TraceChange.Live);
            }
            else
            {
                if (before.Memory != now.Memory)
                    Changed(TraceChange.Memory, before.Memory, now.Memory);
                for (var i = 0; i < now.Cells.Length; i++)
                {
                    if (before.Cells[i].Text != now.Cells[i].Text)
                        Changed(now.Cells[i].Field, before.Cells[i].Text, now.Cells[i].Text);
                }
            }

            snapshots[target] = now;
        }
    }

    private void NoteAccess(KernelThread thread, KernelObject owner, ushort offset, IReadOnlyList<Type> functions)
    {
        if (Watch == (owner, offset))
            accesses.Add(new Access(thread.Index, OwnClock(thread), host.Steps, functions));
    }

    private static int OwnClock(KernelThread thread) => Inspection.ClockOf(thread)[thread.Index];

    private sealed record Snapshot(string Memory, CellText[] Cells)
    {
        public static Snapshot Of(KernelObject target) => new(MemoryOf(target), [.. Inspection.Cells(target)]);

        private static string MemoryOf(KernelObject target) => Inspection.LifeOf(target) switch
        {
            Life.Alive => TraceChange.Live,
            Life.WaitingForRcu => "waiting for a grace period",
            _ => "freed",
        };
    }
}

/// <summary>A step as it is being recorded.</summary>
internal sealed class RecordedStep
{
    public required int Number { get; init; }

    public required KernelThread Thread { get; init; }

    public required string Operation { get; init; }

    public required string Target { get; init; }

    public required KernelObject About { get; init; }

    public required string? Switch { get; init; }

    /// <summary>The thread's own time when the step began.</summary>
    public required int ClockBefore { get; init; }

    public string? Result { get; set; }

    /// <summary>The functions that the thread is in, the innermost first; null while they are not known.</summary>
    public IReadOnlyList<Type>? Functions { get; set; }

    public List<RecordedChange> Changes { get; } = [];

    public int[] Clock { get; set; } = [];
}

/// <summary>A change, and the object that changed.</summary>
internal readonly record struct RecordedChange(KernelObject Object, TraceChange Change);

/// <summary>An access of the watched field.</summary>
internal readonly record struct Access(int Thread, int Clock, int Step, IReadOnlyList<Type> Functions);
