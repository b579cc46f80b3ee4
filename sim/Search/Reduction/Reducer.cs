using System.Numerics;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// Goes from execution to execution, depth-first, with sleep sets (Godefroid 1996): a thread whose next step was looked
/// at sleeps until a step that depends on its own is done. So no two executions are equivalent: one of each Mazurkiewicz
/// trace is looked at, if what is put off (<see cref="IsDone"/>) loses none.
/// </summary>
internal abstract class Reducer(Path path, int stepsMax)
{
    private readonly int threads = path.Threads;
    private ulong[] asleep = new ulong[64];
    private ProgramFootprint[] sleepers = new ProgramFootprint[64 * path.Threads];
    private bool begun;

    /// <summary>The execution.</summary>
    protected Path Path => path;

    /// <summary>Goes on to the end of the next execution.</summary>
    public PathEnd Next()
    {
        if (begun && !GoBack())
            return PathEnd.Exhausted;
        if (!begun)
            Begin(0);
        begun = true;
        while (path.Enabled != 0)
        {
            if (path.Length >= stepsMax)
                return PathEnd.Cut;
            var thread = Choose(path.Enabled & ~asleep[path.Length]);
            if (thread < 0)
                return PathEnd.Blocked;
            if ((path.Enabled >> thread & 1) == 0)
                throw new InternalErrorException($"a search planned step {path.Length + 1} for thread {thread}, which cannot do it");
            Go(thread);
        }

        AtEnd();
        return PathEnd.Maximal;
    }

    /// <summary>Writes where the search is: at the end of an execution.</summary>
    public virtual void Write(BinaryWriter to)
    {
        to.Write(begun);
        to.Write(path.Length);
        for (var step = 0; step < path.Length; step++)
            to.Write(path[step].Thread);
        to.WriteRow<ulong>(asleep.AsSpan(0, path.Length + 1));
        to.WriteRow<ProgramFootprint>(sleepers.AsSpan(0, (path.Length + 1) * threads));
    }

    /// <summary>Reads what <see cref="Write"/> wrote, at the beginning: the steps of the execution are done again.</summary>
    public virtual void Read(BinaryReader from)
    {
        begun = from.ReadBoolean();
        for (var left = from.ReadInt32(); left > 0; left--)
            path.Step(from.ReadInt32());
        asleep = from.ReadRow<ulong>();
        sleepers = from.ReadRow<ProgramFootprint>();
    }

    /// <summary>The next thread, at the end of the path.</summary>
    /// <param name="awake">Threads that can run and do not sleep.</param>
    /// <returns>The thread, or -1 if nothing new begins so.</returns>
    protected abstract int Choose(ulong awake);

    /// <summary>Whether all is looked at that begins with the path, but not with a thread that sleeps.</summary>
    protected abstract bool IsDone(ulong awake);

    /// <summary>The path has become longer; nothing that goes on from here is known yet.</summary>
    protected virtual void Begin(int length)
    {
    }

    /// <summary>The path has come to an end.</summary>
    protected virtual void AtEnd()
    {
    }

    /// <summary>Threads that sleep after so many steps.</summary>
    protected ulong AsleepAt(int length) => asleep[length];

    /// <summary>What the next step of one of them touches.</summary>
    protected ref readonly ProgramFootprint SleeperAt(int length, int thread) => ref sleepers[(length * threads) + thread];

    /// <summary>The thread that goes on without a preemption, or the first one.</summary>
    protected int First(ulong awake)
    {
        var last = path.Length == 0 ? -1 : path[path.Length - 1].Thread;
        return awake == 0 ? -1 : last >= 0 && (awake >> last & 1) != 0 ? last : BitOperations.TrailingZeroCount(awake);
    }

    private bool GoBack()
    {
        while (path.Length > 0)
        {
            ref readonly var step = ref path.Back();
            sleepers[(path.Length * threads) + step.Thread] = step.Footprint;
            asleep[path.Length] |= 1UL << step.Thread;
            if (!IsDone(path.Enabled & ~asleep[path.Length]))
                return true;
        }

        return false;
    }

    private void Go(int thread)
    {
        var from = path.Length;
        path.Step(thread);
        if (path.Length == asleep.Length)
        {
            Array.Resize(ref asleep, 2 * path.Length);
            Array.Resize(ref sleepers, asleep.Length * threads);
        }

        // Who goes on sleeping does the same as before: nothing that it depends on was done.
        var still = 0UL;
        ref readonly var done = ref path[from].Footprint;
        for (var rest = asleep[from]; rest != 0; rest &= rest - 1)
        {
            var sleeper = BitOperations.TrailingZeroCount(rest);
            if (SleeperAt(from, sleeper).DependsOn(in done))
                continue;
            still |= 1UL << sleeper;
            sleepers[(path.Length * threads) + sleeper] = SleeperAt(from, sleeper);
        }

        asleep[path.Length] = still;
        Begin(path.Length);
    }
}

/// <summary>How a path came to an end.</summary>
internal enum PathEnd
{
    /// <summary>There is no other one.</summary>
    Exhausted,

    /// <summary>Nobody can go on.</summary>
    Maximal,

    /// <summary>All that can go on sleep: what follows was looked at. That is no deadlock.</summary>
    Blocked,

    /// <summary>It has too many steps.</summary>
    Cut,
}
