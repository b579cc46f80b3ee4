using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>A thread runs for a number of steps, or as long as it can.</summary>
/// <param name="Thread">The thread.</param>
/// <param name="Steps">How many; <see cref="AsLongAsItCan"/> for no limit.</param>
public readonly record struct Turn(int Thread, int Steps)
{
    /// <summary>Until the thread waits, or ends.</summary>
    public const int AsLongAsItCan = int.MaxValue;
}

/// <summary>
/// Gives the threads their turns, one after another; who cannot go on loses the rest of a turn. After the last one whoever
/// runs goes on as long as it can, then the first that can.
/// </summary>
/// <param name="turns">The turns.</param>
internal struct Turns(Turn[] turns) : IStrategy
{
    private int turn;
    private int taken;

    public static bool Always => true;

    public void Begin() => turn = taken = 0;

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        for (; turn < turns.Length; turn++, taken = 0)
        {
            var (thread, steps) = turns[turn];
            if ((enabled >> thread & 1) == 0 || taken >= steps)
                continue;
            taken++;
            return thread;
        }

        return current >= 0 && (enabled >> current & 1) != 0 ? current : BitOperations.TrailingZeroCount(enabled);
    }

    public readonly int ChooseData(int options) => 0;

    public readonly bool Next() => false;
}
