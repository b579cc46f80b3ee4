using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>A scenario on a machine that stops at the end of a schedule, where all threads are suspended.</summary>
internal sealed class SuspendedMachine
{
    private readonly NativeHost<Replay> host;
    private readonly Simulation simulation;
    private readonly StateEncoder encoder;

    public SuspendedMachine(Scenario scenario, KernelConfiguration? configuration = null)
    {
        host = new NativeHost<Replay>(default) { AlwaysSuspend = true };
        simulation = new Simulation(scenario, configuration ?? new KernelConfiguration(), host);
        encoder = new StateEncoder(host, clocks: false, Instance.Threads, Instance.Finally, Instance.Registers);
    }

    public KernelHost Host => host;

    public ScenarioInstance Instance => simulation.Instance;

    /// <summary>The state as it stands.</summary>
    public ReadOnlySpan<ulong> Words => encoder.Encode();

    /// <summary>Runs a schedule to its end, and no last part.</summary>
    public void GoTo(params ReadOnlySpan<short> schedule)
        => Assert.True(TryGoTo(schedule), $"{host.Strategy.Divergence} {host.Finding?.Message}");

    /// <summary>The same for a schedule that there may not be.</summary>
    public bool TryGoTo(params ReadOnlySpan<short> schedule)
    {
        host.Restore();
        foreach (var register in Instance.Registers)
            register.Reset();
        host.Strategy = new Replay(schedule);
        host.RunTogether(Instance.Threads);
        return host.Strategy.IsUsedUp;
    }

    /// <summary>The state at the end of a schedule, as the encoder writes it down, until the next one is asked for.</summary>
    public ReadOnlySpan<ulong> WordsAt(params ReadOnlySpan<short> schedule)
    {
        GoTo(schedule);
        return Words;
    }

    /// <summary>The same as a text.</summary>
    public string StateAt(params ReadOnlySpan<short> schedule) => string.Join(' ', WordsAt(schedule).ToArray());
}
