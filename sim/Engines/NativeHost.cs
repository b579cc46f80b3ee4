using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Engines;

/// <summary>All threads on one OS thread, as coroutines; a strategy chooses at each point. Nothing is allocated in steady state.</summary>
public class NativeHost<TStrategy> : StrategyHost<TStrategy>
    where TStrategy : struct, IStrategy
{
    /// <summary>A machine that a strategy schedules.</summary>
    public NativeHost(TStrategy strategy, bool pointsAll = false)
        : base(strategy, pointsAll)
    {
    }

    /// <summary>Whether all threads of the last execution ended, whatever came after them.</summary>
    public bool AllEnded { get; private set; }

    public override bool RunTogether(ReadOnlySpan<ThreadBody> bodies)
    {
        BeginExecution();
        AllEnded = base.RunTogether(bodies);
        Log?.Stop();
        return AllEnded;
    }
}
