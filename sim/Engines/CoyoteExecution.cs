using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Engines;

/// <summary>
/// A scenario as a test of Coyote's: <see cref="Run"/> is the test, and <see cref="End"/> comes after each iteration,
/// whatever became of it. The kernel is booted and set up once, and restored at each iteration.
/// </summary>
public sealed class CoyoteExecution
{
    private ExecutionEnd? end;

    /// <summary>Boots the kernel and runs the set-up.</summary>
    public CoyoteExecution(Scenario scenario, KernelConfiguration configuration, int stepsMax)
    {
        Host = new CoyoteHost { StepsMax = stepsMax };
        Simulation = new Simulation(scenario, configuration, Host);
    }

    /// <summary>The machine.</summary>
    public CoyoteHost Host { get; }

    /// <summary>The scenario on it.</summary>
    public Simulation Simulation { get; }

    /// <summary>One iteration, called by Coyote on its root thread. A violation fails it.</summary>
    public void Run()
    {
        end = null;
        end = Simulation.Execute();
        Host.FailIfFound();
    }

    /// <summary>Ends the threads of the iteration. Called by the thread that runs the iterations.</summary>
    /// <returns>How the execution ended.</returns>
    public ExecutionEnd End()
    {
        Host.EndThreads();
        return end ?? (Simulation.Violation == null ? ExecutionEnd.Cut : ExecutionEnd.Violated);
    }
}
