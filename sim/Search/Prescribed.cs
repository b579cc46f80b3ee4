using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// The schedule that a search has worked out, one after another, without allocating. <see cref="Replay"/> says why it
/// cannot follow one; here that is a mistake of the search.
/// </summary>
internal struct Prescribed : IStrategy
{
    private short[] schedule = new short[64];
    private int length;
    private int position;

    public Prescribed()
    {
    }

    public static bool Always => true;

    /// <summary>Whether the last execution was the schedule, from its first entry to its last.</summary>
    public readonly bool WasFollowed => position == length;

    /// <summary>Sets the schedule of the next execution.</summary>
    public void Set(ReadOnlySpan<short> next)
    {
        if (next.Length > schedule.Length)
            schedule = new short[Math.Max(next.Length, 2 * schedule.Length)];
        next.CopyTo(schedule);
        length = next.Length;
    }

    public void Begin() => position = 0;

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        var thread = position < length ? schedule[position++] : -1;
        if (thread >= 0 && (enabled >> thread & 1) != 0)
            return thread;
        position = length + 1;
        return -1;
    }

    public readonly int ChooseData(int options) => 0;

    public readonly bool Next() => true;
}
