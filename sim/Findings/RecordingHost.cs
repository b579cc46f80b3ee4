using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Findings;

/// <summary>Follows a schedule, and suspends each thread at each point, so that the functions it is in can be seen.</summary>
internal sealed class RecordingHost : NativeHost<Replay>
{
    public RecordingHost(ReadOnlySpan<short> schedule)
        : base(new Replay(schedule)) => AlwaysSuspend = true;

    /// <summary>Sees who is chosen, where a schedule is to go round in a circle.</summary>
    public LoopWatch? Loop { get; set; }

    protected override int ChooseThread(ulong enabled, int current)
    {
        var chosen = base.ChooseThread(enabled, current);
        Loop?.Chosen(enabled, chosen);
        return chosen;
    }
}
