using System.Numerics;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// What an execution says that is at its end. Where all threads end, or wait for nobody in particular, it is one schedule.
/// A fault, and a cycle of threads that wait for each other, end an execution at once: for each of these that can come
/// first the schedule holds what happened before it and nothing else.
/// </summary>
/// <param name="path">The execution.</param>
/// <param name="endsAtCycles">Whether a deadlock is a violation; otherwise the others go on until nobody can.</param>
internal sealed class PathEnds(Path path, bool endsAtCycles)
{
    private readonly List<Incident> incidents = [];
    private readonly List<int[]> pool = [];
    private short[] schedule = new short[64];
    private int length;

    /// <summary>How many schedules it takes.</summary>
    public int Count { get; private set; }

    /// <summary>The schedule made last.</summary>
    public ReadOnlySpan<short> Schedule => schedule.AsSpan(0, length);

    /// <summary>Looks at the end of the path.</summary>
    public void Find()
    {
        incidents.Clear();
        if (endsAtCycles)
            FindCycles();
        FindFaults();
        for (var i = incidents.Count - 1; i >= 0; i--)
        {
            if (IsForestalled(i))
                incidents[i] = incidents[i] with { Never = true };
        }

        incidents.RemoveAll(static i => i.Never);
        Count = Math.Max(1, incidents.Count);
    }

    /// <summary>Makes a schedule.</summary>
    /// <param name="number">Which.</param>
    public void Make(int number)
    {
        length = 0;
        if (schedule.Length < path.Length)
            Array.Resize(ref schedule, Math.Max(path.Length, 2 * schedule.Length));
        for (var i = 0; i < path.Length; i++)
        {
            ref readonly var step = ref path[i];
            if (incidents.Count == 0)
                schedule[length++] = (short)step.Thread;
            else if (step.Number <= incidents[number].Past[step.Thread] && (step.Fault != StepFault.InStep || i == incidents[number].Step))
                schedule[length++] = (short)step.Thread;
        }
    }

    private void FindFaults()
    {
        for (var thread = 0; thread < path.Threads; thread++)
        {
            var last = path.LastOf(thread);
            if ((path.Stopped >> thread & 1) == 0 || last < 0)
                continue;
            var past = NewPast();
            path.ClockOf(last).CopyTo(past);
            incidents.Add(new Incident(last, 1UL << thread, past));
        }
    }

    private void FindCycles()
    {
        var machine = path.Machine;
        var seen = 0UL;
        for (var thread = 0; thread < path.Threads; thread++)
        {
            if ((seen >> thread & 1) != 0 || !machine.WaitsForItself(thread))
                continue;
            var members = 0UL;
            var past = NewPast();
            for (var member = thread; (members >> member & 1) == 0; member = machine.HolderOf(member))
            {
                members |= 1UL << member;
                if (path.LastOf(member) is >= 0 and var last)
                    Join(past, path.ClockOf(last));
            }

            seen |= members;
            incidents.Add(new Incident(-1, members, past));
        }
    }

    // Another one has ended every execution in which all is done that this one needs. A fault in a step changes nothing:
    // that step can be left out.
    private bool IsForestalled(int incident)
    {
        for (var i = 0; i < incidents.Count; i++)
        {
            var other = incidents[i];
            if (i == incident || (other.Step >= 0 && path[other.Step].Fault == StepFault.InStep))
                continue;
            var all = true;
            for (var members = other.Members; members != 0 && all; members &= members - 1)
            {
                var member = BitOperations.TrailingZeroCount(members);
                all = path.LastOf(member) < 0 || path[path.LastOf(member)].Number <= incidents[incident].Past[member];
            }

            if (all)
                return true;
        }

        return false;
    }

    private int[] NewPast()
    {
        if (pool.Count == incidents.Count)
            pool.Add(new int[path.Threads]);
        var past = pool[incidents.Count];
        Array.Clear(past);
        return past;
    }

    private static void Join(int[] clock, ReadOnlySpan<int> other)
    {
        for (var i = 0; i < clock.Length; i++)
            clock[i] = Math.Max(clock[i], other[i]);
    }

    /// <summary>What ends an execution before its end.</summary>
    /// <param name="Step">The step with a fault, or -1 for a cycle.</param>
    /// <param name="Members">Whose last steps it takes.</param>
    /// <param name="Past">Of each thread how many steps happened before.</param>
    /// <param name="Never">Whether it never comes first.</param>
    private readonly record struct Incident(int Step, ulong Members, int[] Past, bool Never = false);
}
