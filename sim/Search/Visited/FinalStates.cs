using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// What the search finds: outcomes, deadlocks, faults, and expectations at all ends. The schedule of each finding is run
/// on a machine of the model at once, which has to find the same.
/// </summary>
internal sealed class FinalStates
{
    private readonly SearchPlan plan;
    private readonly ProgramSteps steps;
    private readonly NodeLog nodes;
    private readonly Register[] registers;
    private readonly Expectation[] expectations;
    private readonly bool deadlocksAreFindings;
    private readonly bool hasInvariants;
    private bool deadlocked;

    public FinalStates(SearchPlan plan, ProgramScenario scenario, ProgramSteps steps, NodeLog nodes)
    {
        this.plan = plan;
        this.steps = steps;
        this.nodes = nodes;
        registers = [.. ProgramInstance.NamesOf(steps.Code).Select(n => new Register(n))];
        expectations = scenario.AskedOf(scenario.ExpectationsOf(registers, () => deadlocked));
        hasInvariants = expectations.Any(e => e.Frequency == Frequency.Invariant);
        deadlocksAreFindings = plan.Scenario.Checks("deadlock");
        Tally = new Tally(expectations.Length, plan.TracesOutcomes);
    }

    /// <summary>All that was found.</summary>
    public Tally Tally { get; }

    /// <summary>Different states that are deadlocks.</summary>
    public long Deadlocks { get; private set; }

    /// <summary>Whether an execution ends in a state that is new because something is not so that is to be so in all of them.</summary>
    public bool IsBrokenInvariant(ReadOnlySpan<int> parts, Arrival at)
    {
        if (!hasInvariants)
            return false;
        Collect(parts);
        for (var i = 0; i < expectations.Length; i++)
        {
            if (expectations[i].Frequency != Frequency.Invariant || expectations[i].Holds())
                continue;
            Tally.CountAsked(i, was: false);
            Tally.CountViolating();
            Found(expectations[i].Name, expectations[i].Finding().Message, at);
            return true;
        }

        return false;
    }

    /// <summary>All threads have ended.</summary>
    /// <param name="parts">The state.</param>
    /// <param name="at">How it was reached.</param>
    public void Complete(ReadOnlySpan<int> parts, Arrival at)
    {
        Collect(parts);
        deadlocked = false;
        var outcome = Tally.CountFinal(registers, () => nodes.ScheduleTo(at.Node, at.Thread));
        if (!Ask(everything: true, at))
            return;
        Tally.CountViolating();
        outcome.Broken++;
    }

    /// <summary>No thread can go on, and some have not ended.</summary>
    public void Stuck(ReadOnlySpan<int> parts, Arrival at)
    {
        Deadlocks++;
        var found = deadlocksAreFindings;
        if (found)
        {
            var waits = new List<string>();
            for (var thread = 0; thread < steps.Threads; thread++)
            {
                if (steps.CellOf(thread, parts[thread]) >= 0)
                    waits.Add(WaitOf(thread, parts));
            }

            Found("deadlock", string.Join("; ", waits), at);
        }

        Collect(parts);
        deadlocked = true;
        if (Ask(everything: false, at) | found)
            Tally.CountViolating();
    }

    /// <summary>Whether an execution ends here: the thread that ran last waits, through who holds what each waits for, for itself.</summary>
    public bool IsCycle(int thread, ReadOnlySpan<int> parts)
    {
        if (!deadlocksAreFindings)
            return false;
        var waiter = thread;
        for (var length = 0; length < steps.Threads && steps.CellOf(waiter, parts[waiter]) >= 0; length++)
        {
            ref readonly var step = ref StepOf(waiter, parts);
            if (step.Kind != StepKind.Disabled || step.Local < 0 || step.Local == thread)
                return step.Kind == StepKind.Disabled && step.Local == thread;
            waiter = step.Local;
        }

        return false;
    }

    /// <summary>The last thread waits for itself: others may be able to go on, and the execution ends.</summary>
    public void Cycle(ReadOnlySpan<int> parts, Arrival at, bool isNew)
    {
        Found("deadlock", $"{WaitOf(at.Thread, parts)}, which waits for {steps.Code.Threads[at.Thread].Name}", at);
        if (!isNew)
            return;
        Deadlocks++;
        Collect(parts);
        deadlocked = true;
        Ask(everything: false, at);
        Tally.CountViolating();
    }

    /// <summary>A step that cannot be done, or a loop without end.</summary>
    public void Fault(ProgramFault fault, Arrival at)
    {
        if (fault.Rule == null || !plan.Scenario.IsAskedFor(fault.Rule))
        {
            Tally.CountGivenUp(fault.Rule == null ? fault.Message : KernelHost.NotAsked(fault.Rule));
            return;
        }

        Found(fault.Rule, fault.Message, at);
        Tally.CountViolating();
    }

    /// <summary>Writes all that was found.</summary>
    public void Write(BinaryWriter to)
    {
        Tally.Write(to);
        to.Write(Deadlocks);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Read(BinaryReader from)
    {
        Tally.Read(from);
        Deadlocks = from.ReadInt64();
    }

    private ref readonly ProgramStep StepOf(int thread, ReadOnlySpan<int> parts)
        => ref steps.Of(thread, parts[thread], parts[steps.CellOf(thread, parts[thread])]);

    // In the words of the machine.
    private string WaitOf(int thread, ReadOnlySpan<int> parts)
    {
        var holder = StepOf(thread, parts).Local;
        var by = holder < 0 ? "" : $" (held by {steps.Code.Threads[holder].Name})";
        var cell = steps.CellOf(thread, parts[thread]) - steps.Threads;
        return $"{steps.Code.Threads[thread].Name} waits for {steps.Code.NameOf(cell)}{by}";
    }

    private void Collect(ReadOnlySpan<int> parts)
    {
        var next = 0;
        for (var thread = 0; thread < steps.Threads; thread++)
        {
            var row = steps.Thread(thread, parts[thread]);
            for (var register = 0; register < steps.Code.Threads[thread].Registers.Length; register++)
                registers[next++].Set(ProgramMachine.RegisterIn(row, register));
        }

        for (var part = steps.Threads; part < steps.Parts; part++)
        {
            if (steps.Code.ObjectOf(part - steps.Threads).Kind == SharedKind.Variable)
                registers[next++].Set(steps.ValueOf(part, parts[part]));
        }
    }

    private bool Ask(bool everything, Arrival at)
    {
        var broken = false;
        for (var i = 0; i < expectations.Length; i++)
        {
            var expectation = expectations[i];
            if (!everything && !expectation.IsAskedInDeadlocks)
                continue;
            var holds = expectation.Holds();
            Tally.CountAsked(i, holds);
            if (!expectation.IsBrokenBy(holds))
                continue;
            broken = true;
            Found(expectation.Name, expectation.Finding().Message, at);
        }

        return broken;
    }

    private void Found(string rule, string message, Arrival at)
    {
        if (Tally.CountKnown(rule, message))
            return;
        var schedule = nodes.ScheduleTo(at.Node, at.Thread);
        var host = new NativeHost<Replay>(new Replay(schedule)) { StepsMax = int.MaxValue };
        var simulation = new Simulation(plan.Scenario, plan.Configuration, host);
        simulation.Execute();
        var finding = simulation.ViolationOf(rule);
        if (finding?.Message != message || host.Preemptions != at.Preemptions || !host.Strategy.IsUsedUp)
        {
            throw new InternalErrorException(
                $"the states say {rule}: {message}, with {at.Preemptions} preemptions; the schedule {string.Join(',', schedule)}, "
                + $"run on a machine, says {finding?.Message ?? "nothing"}, with {host.Preemptions}. {host.Strategy.Divergence}");
        }

        Tally.AddFirst(finding, schedule, at.Preemptions);
    }
}

/// <summary>How a state was reached.</summary>
/// <param name="Node">From where; -1 at the beginning.</param>
/// <param name="Thread">By whose step; -1 at the beginning.</param>
/// <param name="Preemptions">With how many preemptions.</param>
internal readonly record struct Arrival(int Node, int Thread, int Preemptions);
