using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// How long executions of a scenario are, and who does how much in them: the mean of <see cref="Runs"/> executions of a
/// random walk, whose schedules are no part of the search. It depends on the plan and its seed only, is made before the
/// search begins, and does not change, so that all workers share it and execution i is the same whoever runs it.
/// </summary>
/// <remarks>
/// The number of a thread depends on the schedule where several start threads, so a thread is known by its place: its
/// creator's, and how many that had started before.
/// </remarks>
public sealed class Profile
{
    /// <summary>Executions that are looked at. Events are counted over all of them: an event of a thread weighs so much.</summary>
    public const int Runs = 16;

    private readonly int[][] startedBy;                  // the places of those that a place starts; before them, of the first threads
    private readonly long[] events;
    private readonly (CellName Cell, long[] Events)[] contended;

    internal Profile(
        (int Steps, int Choices) most, int[][] startedBy, long[] events, (CellName Cell, long[] Events)[] contended)
    {
        (StepsMax, ChoicesMax) = most;
        this.startedBy = startedBy;
        this.events = events;
        this.contended = contended;
    }

    /// <summary>Steps of one execution, at most.</summary>
    public int StepsMax { get; }

    /// <summary>Points of one execution at which several threads could run, at most.</summary>
    public int ChoicesMax { get; }

    /// <summary>How many cells two threads or more touch, one of them not only reading.</summary>
    public int Contended => contended.Length;

    /// <summary>Runs the executions.</summary>
    public static Profile Of(SearchPlan plan)
    {
        var builder = new ProfileBuilder();
        using var search = new NativeSearch<Profiling>(plan, new SearchProgress(null));
        search.Repeat(new Profiling(~plan.Seed, builder), Runs);
        return builder.Build();
    }

    /// <summary>Where a thread is known from.</summary>
    /// <param name="creator">The place of its creator, or -1.</param>
    /// <param name="before">How many threads that had started before.</param>
    /// <returns>Its place, or -1 if it was never seen.</returns>
    internal int PlaceOf(int creator, int before) => before < startedBy[creator + 1].Length ? startedBy[creator + 1][before] : -1;

    /// <summary>The events of the thread at each place, with those of the threads that it starts.</summary>
    internal long[] Events() => events;

    /// <summary>The same of events on one contended cell.</summary>
    internal long[] EventsOn(int cell) => contended[cell].Events;

    /// <summary>Name of a contended cell.</summary>
    internal CellName NameOf(int cell) => contended[cell].Cell;
}

/// <summary>
/// A cell, by a name that it has in every execution and on every machine: of an object the type, its maker, and how many
/// that one had made before. Objects that were always there differ by their type only: then it is several cells at once.
/// </summary>
internal readonly record struct CellName(Type Type, int Maker, int MadeBefore, ushort Offset)
{
    public static CellName Of(in Operation operation)
        => new(operation.Object.GetType(), operation.Object.AllocatedBy, operation.Object.AllocationIndex, operation.Offset);

    /// <summary>Whether an operation is on that cell.</summary>
    public bool Is(in Operation operation)
        => operation.Offset == Offset && Dependence.IsOnCell(operation.Kind) && operation.Object is { } target
            && target.AllocationIndex == MadeBefore && target.AllocatedBy == Maker && target.GetType() == Type;
}

/// <summary>Who started whom in the execution that runs: threads are told one after another, by their creators.</summary>
internal sealed class Creations
{
    private readonly int[] started = new int[KernelHost.ThreadsMax];
    private int first;
    private int known;

    public void Begin()
    {
        Array.Clear(started);
        first = known = 0;
    }

    /// <summary>The next thread that has not been told.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="thread">Its number.</param>
    /// <param name="creator">The number of its creator, or -1.</param>
    /// <param name="before">How many threads that had started before.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryNext(KernelHost host, out int thread, out int creator, out int before)
    {
        thread = known;
        (creator, before) = (-1, 0);
        if (known >= host.ThreadCount)
            return false;
        creator = host.Threads[known++].Parent?.Index ?? -1;
        before = creator < 0 ? first++ : started[creator]++;
        return true;
    }
}
