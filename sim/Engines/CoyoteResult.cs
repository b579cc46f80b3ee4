using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Engines;

/// <summary>What executions under Coyote showed.</summary>
public sealed class CoyoteResult
{
    /// <summary>Executions that ended well.</summary>
    public long Complete { get; private set; }

    /// <summary>Executions that ended in a deadlock.</summary>
    public long Deadlocked { get; private set; }

    /// <summary>Executions that ended in another violation.</summary>
    public long Violated { get; private set; }

    /// <summary>Executions that were cut: too many steps, or a trace that does not fit.</summary>
    public long Cut { get; private set; }

    /// <summary>All executions, each counted once.</summary>
    public long Executions => Complete + Deadlocked + Violated + Cut;

    /// <summary>Steps of all executions.</summary>
    public long Steps { get; private set; }

    /// <summary>What was found in the last execution, or null.</summary>
    public Finding? Finding { get; private set; }

    /// <summary>The schedule in which it was found, as <see cref="Fscrypt.Sim.Search.Replay"/> takes it.</summary>
    public short[] Schedule { get; private set; } = [];

    /// <summary>The same in Coyote's words, which its command line replays too; empty without a finding.</summary>
    public string Trace { get; internal set; } = "";

    internal void Count(CoyoteExecution execution, ExecutionEnd end)
    {
        Steps += execution.Host.Steps;
        if (end == ExecutionEnd.Complete)
            Complete++;
        else if (end == ExecutionEnd.Cut)
            Cut++;
        else if (execution.Simulation.WasDeadlock)
            Deadlocked++;
        else
            Violated++;
        if (end != ExecutionEnd.Violated)
            return;
        Finding = execution.Simulation.Violation;
        Schedule = execution.Host.Schedule.ToArray();
    }
}
