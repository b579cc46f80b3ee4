using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// One recorded schedule again: the thread of each step, and the outcome of each choice of data, in their order. Where
/// the execution cannot follow, it is given up, and <see cref="Divergence"/> says at which step.
/// </summary>
/// <remarks>
/// A schedule in which an execution was cut at its number of steps is followed up to there by a host with the same limit.
/// </remarks>
public struct Replay : IStrategy
{
    private readonly short[] schedule;
    private int position;
    private int step;

    /// <summary>A replay.</summary>
    /// <param name="schedule">What a host recorded.</param>
    public Replay(ReadOnlySpan<short> schedule) => this.schedule = schedule.ToArray();

    public static bool Always => true;

    /// <summary>The first step that could not be done as recorded, counted from 1; 0 when there was none.</summary>
    public int DivergedAt { get; private set; }

    /// <summary>Which step could not be done as recorded, and why, in one sentence; null when there was none.</summary>
    public string? Divergence { get; private set; }

    /// <summary>Whether every entry was followed. An execution that ended before has diverged as well.</summary>
    public readonly bool IsUsedUp => position == schedule.Length;

    public void Begin()
    {
        position = step = DivergedAt = 0;
        Divergence = null;
    }

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        if (Divergence != null)
            return -1;
        step++;
        if (IsUsedUp)
            return Diverge($"the schedule ends before it, but {Threads(enabled)} can still run");
        var thread = schedule[position];
        if (thread >= KernelHost.ThreadsMax || (thread >= 0 && (enabled >> thread & 1) == 0))
            return Diverge($"thread {thread} of the schedule cannot run, {Threads(enabled)} can");
        position++;
        return thread;                                   // -1: here the recorded strategy gave up
    }

    public int ChooseData(int options)
    {
        if (Divergence != null)
            return 0;
        if (IsUsedUp)
            return Diverge("the schedule ends before its choice of data") + 1;
        var outcome = schedule[position];
        if (outcome < 0 || outcome >= options)
            return Diverge($"outcome {outcome} of the schedule is none of the {options} of its choice of data") + 1;
        position++;
        return outcome;
    }

    public readonly bool Next() => false;

    private int Diverge(string why)
    {
        DivergedAt = step;
        Divergence = $"step {step} diverges: {why}";
        return -1;
    }

    private static string Threads(ulong mask)
    {
        var numbers = new List<int>();
        for (; mask != 0; mask &= mask - 1)
            numbers.Add(BitOperations.TrailingZeroCount(mask));
        return (numbers.Count == 1 ? "thread " : "threads ") + string.Join(", ", numbers);
    }
}
