using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// Looks, while a schedule is followed, whether its end is a state that it came through before, and whether what lies between
/// is fair: then it can be gone round for ever.
/// </summary>
internal sealed class LoopWatch
{
    private readonly KernelHost host;
    private readonly StateEncoder encoder;
    private readonly List<(UInt128 State, ulong Enabled, int Thread)> steps = [];

    /// <summary>Watches a machine, right after its checkpoint.</summary>
    public LoopWatch(KernelHost host, ScenarioInstance instance)
    {
        this.host = host;
        encoder = new StateEncoder(host, clocks: false, instance.Threads, instance.Finally, instance.Registers);
    }

    /// <summary>The livelock that the schedule ends with, or null.</summary>
    public Finding? Finding { get; private set; }

    /// <summary>An execution begins.</summary>
    public void Begin()
    {
        steps.Clear();
        Finding = null;
    }

    /// <summary>A thread was chosen, in a state in which all are suspended; -1 where the schedule ends.</summary>
    public void Chosen(ulong enabled, int thread)
    {
        var state = FingerprintStore.FingerprintOf(encoder.Encode());
        if (thread >= 0)
        {
            steps.Add((state, enabled, thread));
            return;
        }

        var before = steps.FindIndex(s => s.State == state);
        if (before < 0)
            return;
        var (moving, always) = (0UL, ulong.MaxValue);
        foreach (var step in steps.Skip(before))
        {
            moving |= 1UL << step.Thread;
            always &= step.Enabled;
        }

        if ((always & ~moving) == 0)
            Finding = Livelock.Finding(moving, Live(), i => host.Threads[i].Name);
    }

    private ulong Live()
    {
        var live = 0UL;
        for (var i = 0; i < host.ThreadCount; i++)
            live |= Inspection.HasEnded(host.Threads[i]) ? 0 : 1UL << i;
        return live;
    }
}
