using System.Globalization;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Findings;

/// <summary>One schedule of a scenario, run again and written down.</summary>
public sealed class Recording : IDisposable
{
    private readonly SearchPlan plan;
    private readonly StrategyHost<Replay> host;
    private readonly Simulation simulation;
    private readonly FunctionNames names = new();
    private readonly LoopWatch? loop;
    private Recorder recorder = null!;
    private bool ended;

    /// <summary>Follows a schedule, as far as it leads.</summary>
    /// <param name="plan">The scenario and the kernel, and which search the schedule is from.</param>
    /// <param name="schedule">Who runs at each step.</param>
    public Recording(SearchPlan plan, ReadOnlySpan<short> schedule)
    {
        this.plan = plan;
        host = plan.PointsAll
            ? new ThreadedHost<Replay>(new Replay(schedule), pointsAll: true) { StepsMax = plan.StepsMax }
            : new RecordingHost(schedule) { StepsMax = plan.StepsMax };
        simulation = new Simulation(plan.Scenario, plan.Configuration, host);
        if (host is RecordingHost recording && schedule is [.., Livelock.Stop])
            recording.Loop = loop = new LoopWatch(host, simulation.Instance);
        Run(watch: null);
        Steps = [.. recorder.Steps.Select(ToTrace)];
        Stacks = [.. recorder.Steps.Select(s => names.Of(s.Functions!))];
        Tasks = [.. host.Threads.Take(host.ThreadCount).Select(t => t.Name)];
        Exposures = recorder.Exposures;
        Finding = simulation.Violation ?? loop?.Finding;
    }

    /// <summary>How many preemptions a schedule has.</summary>
    public static int PreemptionsOf(SearchPlan plan, ReadOnlySpan<short> schedule)
    {
        var host = new RecordingHost(schedule) { StepsMax = plan.StepsMax };
        new Simulation(plan.Scenario, plan.Configuration, host).Execute();
        return host.Preemptions;
    }

    /// <summary>The steps.</summary>
    public IReadOnlyList<TraceStep> Steps { get; }

    /// <summary>The functions that each step was in, the innermost first.</summary>
    public IReadOnlyList<IReadOnlyList<TraceFunction>> Stacks { get; }

    /// <summary>The copies of key material in memory, and how long they were there.</summary>
    public IReadOnlyList<Exposure> Exposures { get; }

    /// <summary>The names of the tasks.</summary>
    public IReadOnlyList<string> Tasks { get; }

    /// <summary>What was found first, or null.</summary>
    public Finding? Finding { get; }

    /// <summary>Where the execution could not follow the schedule, or null.</summary>
    public string? Divergence => host.Strategy.Divergence;

    /// <summary>Gives the machine up.</summary>
    public void Dispose() => (host as IDisposable)?.Dispose();

    /// <summary>Which rules were found to be broken, this one among them?</summary>
    public bool Breaks(string rule) => ViolationOf(rule) != null;

    /// <summary>The trace of the violation of a rule.</summary>
    /// <exception cref="InternalErrorException">This execution does not violate it: the schedule was recorded in another.</exception>
    public Trace TraceOf(string rule)
    {
        var finding = ViolationOf(rule);
        if (finding == null)
        {
            var why = Divergence == null ? "" : ": " + Divergence;
            throw new InternalErrorException($"a schedule that breaks {rule} does not break it when it is run again{why}");
        }

        ended = simulation.Ended;
        var isOfOneTask = !ended && finding != loop?.Finding;
        return Of(rule, "violated", new TraceFinding(
            finding.Message, isOfOneTask ? finding.Thread : -1, isOfOneTask || ended ? finding.Step : host.Steps, finding.Object?.Name, PlacesOf(finding)));
    }

    /// <summary>The results of the execution, as <see cref="Search.Outcome"/> writes them; null if it did not come to its end.</summary>
    public string? Outcome
        => simulation.Ended ? new Outcome([.. simulation.Instance.Registers.Select(r => KeyValuePair.Create(r.Name, r.Text))]).ToString() : null;

    /// <summary>The trace of an execution for the sake of its results.</summary>
    /// <param name="number">Which of the outcomes it is, from 1.</param>
    public Trace TraceOfOutcome(int number)
    {
        var outcome = Outcome ?? throw new InternalErrorException("a schedule that came to its end does not when it is run again");
        return Of(
            string.Create(CultureInfo.InvariantCulture, $"outcome-{number}"), Trace.OutcomeVerdict,
            new TraceFinding(outcome, -1, host.Steps, null, []));
    }

    private Finding? ViolationOf(string rule) => simulation.ViolationOf(rule) ?? (rule == loop?.Finding?.Rule ? loop.Finding : null);

    private Trace Of(string rule, string verdict, TraceFinding finding)
    {
        var kernel = plan.Scenario.HasKernel ? plan.Configuration : null;
        return new Trace(
            Trace.CurrentFormat,
            Model.ModelVersion.Current,
            plan.Scenario.Name,
            plan.Scenario.Text,
            kernel?.Design.Name,
            kernel?.Release.Name,
            [.. plan.Configuration.Without.Select(f => f.Id)],
            kernel?.FileSystem.Name,
            plan.PointsAll ? "all" : "coarse",
            rule,
            verdict,
            finding,
            plan.Engine,
            plan.Strategy,
            plan.Seed,
            plan.StepsMax,
            host.Preemptions,
            host.Schedule.ToArray(),
            Tasks,
            Steps,
            plan.Scenario.OnlyRules.IsEmpty ? null : plan.Scenario.OnlyRules);
    }

    private void Run((KernelObject Object, ushort Offset)? watch)
    {
        loop?.Begin();
        recorder = new Recorder(host, onThreads: plan.PointsAll) { Watch = watch };
        host.Observer = recorder;
        simulation.Execute();
        recorder.End();
        host.Observer = null;
    }

    private IReadOnlyList<TracePlace> PlacesOf(Finding finding)
    {
        var places = new List<TracePlace>();
        if (ended)
            return places;
        if (finding.Rule is "deadlock" or Livelock.Rule)
        {
            places.AddRange(host.Threads.Take(host.ThreadCount).Where(t => !Inspection.HasEnded(t)).Select(WaitOf));
            return places;
        }

        var what = finding.Rule switch { "data-race" => "later access", "use-after-free" or "reference-count" => "use", _ => "found" };
        places.Add(new TracePlace(what, finding.Thread, finding.Step, names.Of(recorder.FoundIn)));
        if (finding.Object == null)
            return places;
        var memory = recorder.Steps.SelectMany(s => s.Changes.Select(c => (Step: s, c.Object, c.Change)))
            .Where(c => c.Object == finding.Object && c.Change.Field == TraceChange.Memory).ToList();
        var allocated = memory.Find(c => c.Change.From == TraceChange.None).Step;
        var freed = memory.FindLast(c => c.Change.From == TraceChange.Live).Step;
        if (finding.Other >= 0)
            places.Add(EarlierOf(finding));
        if (freed != null)
            places.Add(PlaceOf("freed", freed));
        if (finding.Rule is "use-after-free" or "reference-count")
            places.Add(allocated == null ? new TracePlace("allocated", -1, 0, []) : PlaceOf("allocated", allocated));
        return places;
    }

    private TracePlace WaitOf(KernelThread thread)
    {
        var operation = Inspection.Announced(thread);
        return new TracePlace(
            $"{(Inspection.CanRun(thread) ? "goes on with" : "waits for")} {OperationNames.TargetOf(in operation)}", thread.Index, host.Steps, names.Of(Inspection.Functions(thread)));
    }

    // The detectors keep of the earlier access only who did it and when: the execution is run once more to see it happen.
    private TracePlace EarlierOf(Finding finding)
    {
        Run(watch: (finding.Object!, finding.Offset));
        foreach (var access in recorder.Accesses.Reverse())
        {
            if (access.Thread == finding.Other && access.Clock == finding.OtherClock)
                return new TracePlace("earlier access", access.Thread, access.Step, names.Of(access.Functions));
        }

        // Fields whose accesses are not announced (links of lists, secrets): the last step at that time, best of this object.
        var steps = recorder.Steps.Where(s => s.Thread.Index == finding.Other && s.ClockBefore <= finding.OtherClock
            && s.Clock[finding.Other] >= finding.OtherClock).ToList();
        var step = steps.FindLast(s => s.About == finding.Object || s.Changes.Exists(c => c.Object == finding.Object))
            ?? steps.LastOrDefault();
        return step == null ? new TracePlace("earlier access", finding.Other, 0, []) : PlaceOf("earlier access", step);
    }

    private TracePlace PlaceOf(string what, RecordedStep step)
        => new(what, step.Thread.Index, step.Number, names.Of(step.Functions!));

    private TraceStep ToTrace(RecordedStep step)
    {
        var functions = names.Of(step.Functions!);
        return new TraceStep(
            step.Number,
            step.Thread.Index,
            functions.Count > 0 ? functions[0].Function : step.Thread.Name,
            functions.Count > 0 ? functions[0].Kernel : null,
            step.Functions!.Count - 1,
            step.Operation,
            step.Target,
            step.Result,
            step.Switch,
            [.. step.Changes.Select(c => c.Change)],
            step.Clock);
    }
}
