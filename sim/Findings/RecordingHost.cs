using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Findings;

/// <summary>Follows a schedule, and suspends each thread at each point, so that the functions it is in can be seen.</summary>
internal sealed class RecordingHost : NativeHost<Replay>
{
    public RecordingHost(ReadOnlySpan<short> schedule)
        : base(new Replay(schedule)) => AlwaysSuspend = true;
}
