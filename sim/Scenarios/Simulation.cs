using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Scenarios;

/// <summary>How an execution ended.</summary>
public enum ExecutionEnd
{
    /// <summary>All threads and the last part ended, and nothing bad was seen.</summary>
    Complete,

    /// <summary>Threads were left that could not go on, in a scenario where that is no violation.</summary>
    Deadlocked,

    /// <summary>A rule or an expectation is violated: <see cref="Simulation.Violation"/>.</summary>
    Violated,

    /// <summary>It was cut: too many steps, or the strategy gave it up.</summary>
    Cut,
}

/// <summary>A scenario on a kernel on a machine: ready to be executed as often as its engine likes.</summary>
public sealed class Simulation
{
    private readonly KernelHost host;
    private readonly bool[] held;
    private readonly int[] invariants;

    /// <summary>Boots the kernel, if there is one, runs the set-up, and keeps the state after it.</summary>
    /// <exception cref="ScenarioException">The set-up does not end well: a mistake in the scenario.</exception>
    public Simulation(Scenario scenario, KernelConfiguration configuration, KernelHost host)
    {
        this.host = host;
        host.IgnoredRules = [.. scenario.WithoutRules, .. RuleBook.NotAsked(scenario.IsAskedFor).Where(RuleBook.IsLookedAtOnly)];
        host.EndingRules =
        [
            .. RuleBook.NotAsked(scenario.IsAskedFor).Where(r => !RuleBook.IsLookedAtOnly(r)),
            .. ProgramFault.Rules.Where(r => !scenario.IsAskedFor(r)),
        ];
        Instance = scenario.Bind(host, configuration);
        Instance.Expectations = scenario.AskedOf(Instance.Expectations);
        if (Instance.Setup != null && !host.RunAlone(Instance.Setup))
            throw SetupFailure(scenario);
        host.Checkpoint();
        foreach (var register in Instance.Registers)
            register.Keep();
        held = new bool[Instance.Expectations.Length];
        invariants = [.. Enumerable.Range(0, held.Length).Where(i => Instance.Expectations[i].Frequency == Frequency.Invariant)];
        host.AtEachState = invariants.Length == 0 ? null : LookAtState;
    }

    /// <summary>The scenario on this kernel.</summary>
    public ScenarioInstance Instance { get; }

    /// <summary>What was violated in the last execution, or null.</summary>
    public Finding? Violation => host.Finding;

    /// <summary>Why the last execution was given up, or null.</summary>
    public string? GivenUp => host.GivenUp;

    /// <summary>Steps of the last execution.</summary>
    public int Steps => host.Steps;

    /// <summary>The violation of <paramref name="rule"/> in the last execution, or null. Several expectations can be violated at one end.</summary>
    public Finding? ViolationOf(string rule)
    {
        if (host.Finding?.Rule == rule)
            return host.Finding;
        for (var i = 0; i < held.Length; i++)
        {
            if (Asks(i) && Instance.Expectations[i].Name == rule && Instance.Expectations[i].IsBrokenBy(held[i]))
                return Instance.Expectations[i].Finding();
        }

        return null;
    }

    /// <summary>Whether the last execution ended in a deadlock (it is counted so, and not as complete).</summary>
    public bool WasDeadlock => host.Deadlocked;

    /// <summary>Which expectation about all states did not hold in one, where the last execution ended then; or -1.</summary>
    public int BrokenInvariant { get; private set; }

    /// <summary>Whether the last execution came to its end, with all threads.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether each expectation's condition was so at the end of the last execution, if it was asked.</summary>
    public ReadOnlySpan<bool> Held => held;

    /// <summary>Whether an expectation was asked of the last execution.</summary>
    public bool Asks(int expectation)
        => Ended || (WasDeadlock && Instance.Expectations[expectation].IsAskedInDeadlocks) || expectation == BrokenInvariant;

    /// <summary>Called when the threads of an execution have ended or were dropped, before the last part; null for nobody.</summary>
    public Action? WhenThreadsEnd { get; set; }

    /// <summary>Runs the threads, the last part, and the rules that look at the end. Allocates nothing unless something is found.</summary>
    public ExecutionEnd Execute()
    {
        host.Restore();
        Ended = false;
        BrokenInvariant = -1;
        foreach (var register in Instance.Registers)
            register.Reset();
        var ended = host.RunTogether(Instance.Threads);
        WhenThreadsEnd?.Invoke();
        Ended = ended && (Instance.Finally == null || host.RunAlone(Instance.Finally));
        if (Ended)
            Instance.CheckAtEnd?.Invoke();
        if (Ended || WasDeadlock)
            Ask();
        return host.Finding != null ? ExecutionEnd.Violated
            : Ended ? ExecutionEnd.Complete
            : WasDeadlock ? ExecutionEnd.Deadlocked
            : ExecutionEnd.Cut;
    }

    /// <summary>The outcome of the last execution as one number: equal registers, equal number.</summary>
    public ulong OutcomeHash() => Register.HashOf(Instance.Registers);

    private void LookAtState()
    {
        Instance.Collect?.Invoke();
        foreach (var i in invariants)
        {
            if (Instance.Expectations[i].Holds())
                continue;
            host.Report(Instance.Expectations[i].Finding());
            held[i] = false;
            BrokenInvariant = i;
            return;
        }
    }

    private void Ask()
    {
        Instance.Collect?.Invoke();
        for (var i = 0; i < held.Length; i++)
        {
            if (!Asks(i))
                continue;
            var expectation = Instance.Expectations[i];
            held[i] = expectation.Holds();
            if (expectation.IsBrokenBy(held[i]))
                host.Report(expectation.Finding());
        }
    }

    private ScenarioException SetupFailure(Scenario scenario) => host.Finding?.Exception is ScenarioException mistake
        ? mistake
        : new ScenarioException(
            $"the set-up of {scenario.Name} does not end well: {host.Finding?.Message ?? host.GivenUp ?? "it goes on without end"}");
}

/// <summary>A mistake in a scenario that shows only when it runs. The message says where, and what would be right.</summary>
public sealed class ScenarioException(string message) : Exception(message);
