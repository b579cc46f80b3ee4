using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>Lets a search of states run a scenario: it chooses at each step, and sees the state when all threads are suspended.</summary>
internal sealed class StatesHost(ExecutedStates search) : NativeHost<StatesWalk>(new StatesWalk(search))
{
    /// <summary>Whether the state can be looked at when the next thread is chosen.</summary>
    public bool Suspends
    {
        get => AlwaysSuspend;
        set => AlwaysSuspend = value;
    }

    public override bool RunTogether(ReadOnlySpan<ThreadBody> bodies)
    {
        var ended = base.RunTogether(bodies);
        search.ThreadsEnded();
        return ended;
    }
}

/// <summary>Asks a search of states who runs next.</summary>
internal readonly struct StatesWalk(ExecutedStates search) : IStrategy
{
    public static bool Always => true;

    public void Begin()
    {
    }

    public int Choose(KernelHost host, ulong enabled, int current) => search.Choose(enabled, current);

    public int ChooseData(int options) => search.ChooseData(options);

    public bool Next() => true;
}
