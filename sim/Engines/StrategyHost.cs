using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Engines;

/// <summary>A machine on which a strategy chooses at each point, and the schedule that it chose is kept.</summary>
public abstract class StrategyHost<TStrategy> : KernelHost
    where TStrategy : struct, IStrategy
{
    private short[] schedule = new short[256];

    /// <summary>A machine that a strategy schedules.</summary>
    protected StrategyHost(TStrategy strategy, bool pointsAll)
    {
        Strategy = strategy;
        PointsAll = pointsAll;
    }

    /// <summary>Steps after which an execution is cut.</summary>
    public int StepsMax { get; init; } = 1_000_000;

    /// <summary>Whether the last execution was cut at <see cref="StepsMax"/>, by its strategy, or by who gave it up.</summary>
    public bool WasCut
    {
        get => field || GivenUp != null;
        private set;
    }

    /// <summary>The thread of each step of the last execution, and the outcome of each choice of data, in their order.</summary>
    public ReadOnlySpan<short> Schedule => schedule.AsSpan(0, ScheduleLength);

    /// <summary>Switches of the last execution away from a thread that could go on.</summary>
    public int Preemptions { get; private set; }

    /// <summary>Entries of <see cref="Schedule"/>.</summary>
    protected int ScheduleLength { get; private set; }

#pragma warning disable CA1051 // A mutable struct, called in place: a property would copy it.
    /// <summary>Who decides.</summary>
    public TStrategy Strategy;
#pragma warning restore CA1051

    /// <summary>A new execution begins.</summary>
    protected void BeginExecution()
    {
        ScheduleLength = 0;
        WasCut = false;
        Preemptions = 0;
        Strategy.Begin();
    }

    protected override int ChooseThread(ulong enabled, int current)
    {
        if (Steps >= StepsMax)
        {
            WasCut = true;
            return -1;
        }

        var chosen = !TStrategy.Always && (enabled & (enabled - 1)) == 0
            ? System.Numerics.BitOperations.TrailingZeroCount(enabled)
            : Strategy.Choose(this, enabled, current);
        WasCut |= chosen < 0;
        if (chosen != current && current >= 0)
            Preemptions += (int)(enabled >> current & 1);
        Note((short)chosen);
        return chosen;
    }

    protected override int ChooseData(int options)
    {
        var chosen = !TStrategy.Always && options == 1 ? 0 : Strategy.ChooseData(options);
        Note((short)chosen);
        return chosen;
    }

    private void Note(short entry)
    {
        if (ScheduleLength == schedule.Length)
            Array.Resize(ref schedule, 2 * ScheduleLength);
        schedule[ScheduleLength++] = entry;
    }
}
