using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>Something that is shared: a variable, a lock, a semaphore, or an array of them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="FirstCell">The cell of its first element; the others follow.</param>
/// <param name="Size">How many elements.</param>
/// <param name="IsArray">Whether it is used with an index.</param>
/// <param name="Initial">The value of each element of a variable at the beginning.</param>
public sealed record SharedObject(string Name, SharedKind Kind, int FirstCell, int Size, bool IsArray, long Initial)
{
    /// <summary>Name of an element: <c>x</c>, <c>a[2]</c>.</summary>
    public string NameOf(int element)
        => IsArray ? string.Create(CultureInfo.InvariantCulture, $"{Name}[{element}]") : Name;
}

/// <summary>A thread of a program; copies have the same code.</summary>
/// <param name="Name">Its name: <c>a</c>, or <c>p[0]</c> of a copy.</param>
/// <param name="Id">Its number among its copies, from 0.</param>
/// <param name="Code">What it does.</param>
/// <param name="Registers">The names of its registers, in the order in which the text sets them.</param>
/// <param name="Counters">Counters of repetitions that it needs at once.</param>
public sealed record ProgramThread(
    string Name, int Id, ImmutableArray<Instruction> Code, ImmutableArray<string> Registers, int Counters);

/// <summary>A program of shared variables, ready to be run. It does not change: any number of machines run it.</summary>
public sealed class ProgramCode
{
    private readonly string[] cellNames;
    private readonly SharedObject[] cells;

    internal ProgramCode(string name, ImmutableArray<SharedObject> shared, ImmutableArray<ProgramThread> threads)
    {
        Name = name;
        Shared = shared;
        Threads = threads;
        cells = [.. shared.SelectMany(s => Enumerable.Repeat(s, s.Size))];
        cellNames = [.. cells.Select((s, i) => s.NameOf(i - s.FirstCell))];
        var expressions = threads.SelectMany(t => t.Code).SelectMany(i => new[] { i.Index, i.First, i.Second });
        StackDepth = expressions.Max(e => e?.Depth) ?? 0;
    }

    /// <summary>Name of the scenario.</summary>
    public string Name { get; }

    /// <summary>What is shared, in the order of the text.</summary>
    public ImmutableArray<SharedObject> Shared { get; }

    /// <summary>The threads, in the order of the text.</summary>
    public ImmutableArray<ProgramThread> Threads { get; }

    /// <summary>How many cells are shared: variables, locks and semaphores, element by element.</summary>
    public int Cells => cells.Length;

    /// <summary>Values that an expression has on its stack at once, at most.</summary>
    internal int StackDepth { get; }

    /// <summary>Name of a cell.</summary>
    public string NameOf(int cell) => cellNames[cell];

    /// <summary>What a cell is an element of.</summary>
    public SharedObject ObjectOf(int cell) => cells[cell];
}
