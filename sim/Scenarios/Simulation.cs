using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Scenarios;

/// <summary>How an execution ended.</summary>
public enum ExecutionEnd
{
    /// <summary>All threads and the last part ended, and nothing bad was seen.</summary>
    Complete,

    /// <summary>A rule or an expectation is violated: <see cref="Simulation.Violation"/>.</summary>
    Violated,

    /// <summary>It was cut: too many steps, or the strategy gave it up.</summary>
    Cut,
}

/// <summary>A scenario on a kernel on a machine: ready to be executed as often as its engine likes.</summary>
public sealed class Simulation
{
    private readonly KernelHost host;
    private readonly Kernel kernel;
    private readonly bool[] held;

    /// <summary>Boots the kernel, runs the set-up, and keeps the state after it.</summary>
    /// <exception cref="InvalidOperationException">The set-up itself breaks a rule: a mistake in the scenario or the model.</exception>
    public Simulation(Scenario scenario, KernelConfiguration configuration, KernelHost host)
    {
        this.host = host;
        kernel = new Kernel(host, configuration);
        Instance = scenario.Create(kernel);
        if (!host.RunAlone(Instance.Setup))
            throw new InvalidOperationException($"the set-up of {scenario.Name} does not end well: {host.Finding?.Message ?? "it was cut"}");
        host.Checkpoint();
        held = new bool[Instance.Expectations.Length];
    }

    /// <summary>The scenario on this kernel.</summary>
    public ScenarioInstance Instance { get; }

    /// <summary>What was violated in the last execution, or null.</summary>
    public Finding? Violation => host.Finding;

    /// <summary>Steps of the last execution.</summary>
    public int Steps => host.Steps;

    /// <summary>The violation of <paramref name="rule"/> in the last execution, or null. Several expectations can be violated at one end.</summary>
    public Finding? ViolationOf(string rule)
    {
        if (host.Finding?.Rule == rule)
            return host.Finding;
        for (var i = 0; Ended && i < held.Length; i++)
        {
            if (Instance.Expectations[i].Name == rule && Instance.Expectations[i].IsBrokenBy(held[i]))
                return Instance.Expectations[i].Finding();
        }

        return null;
    }

    /// <summary>Whether the last execution ended in a deadlock (it is counted so, and not as complete).</summary>
    public bool WasDeadlock => host.Finding?.Rule == "deadlock";

    /// <summary>Whether the last execution came to its end, with all threads; only then the expectations were looked at.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether each expectation's condition was so at the end of the last execution.</summary>
    public ReadOnlySpan<bool> Held => held;

    /// <summary>Runs the threads, the last part, and the rules that look at the end. Allocates nothing unless something is found.</summary>
    public ExecutionEnd Execute()
    {
        host.Restore();
        Ended = false;
        foreach (var register in Instance.Registers)
            register.Clear();
        if (!host.RunTogether(Instance.Threads) || !host.RunAlone(Instance.Finally))
            return host.Finding == null ? ExecutionEnd.Cut : ExecutionEnd.Violated;
        Ended = true;
        kernel.CheckAtEnd();
        for (var i = 0; i < held.Length; i++)
        {
            var expectation = Instance.Expectations[i];
            held[i] = expectation.Holds();
            if (expectation.IsBrokenBy(held[i]))
                host.Report(expectation.Finding());
        }

        return host.Finding == null ? ExecutionEnd.Complete : ExecutionEnd.Violated;
    }

    /// <summary>The outcome of the last execution as one number: equal registers, equal number.</summary>
    public ulong OutcomeHash()
    {
        ulong hash = 0;
        foreach (var register in Instance.Registers)
            hash = (hash * 0x9E3779B97F4A7C15UL) ^ register.Hash;
        return hash;
    }
}
