using System.Runtime.CompilerServices;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search.Visited;

/// <summary>
/// A program as threads and cells that are numbered by what they can be: collapse compression (Holzmann, SPIN workshop
/// 1997). A step of a thread depends on that thread and on the cell it announced, and changes no other, so each pair is
/// interpreted once and looked up from then on.
/// </summary>
/// <remarks>Parts are numbered: the threads first, then the cells. All parts are 0 at the beginning.</remarks>
internal sealed partial class ProgramSteps
{
    /// <summary>What a part can be, at most.</summary>
    public const int NumbersMax = 1 << 29;

    private const int NearMax = 64;

    private readonly ProgramMachine machine;
    private readonly RowTable[] parts;
    private readonly List<int>[] announced;               // of a thread: the cell, or -1, for each of its rows
    private readonly List<ProgramFault> faults = [];
    private readonly long[][] rooms;
    private readonly ProgramStep[][][] near;              // of a thread, by its row and that of the cell, where both are small
    private ulong[] keys = new ulong[1024];               // and of all others
    private ProgramStep[] steps = new ProgramStep[1024];
    private int count;

    /// <summary>A program at its beginning: each thread has announced its first access, or <see cref="FaultAtStart"/>.</summary>
    public ProgramSteps(ProgramCode code)
    {
        machine = new ProgramMachine(code);
        Threads = code.Threads.Length;
        parts = new RowTable[Threads + code.Cells];
        rooms = new long[parts.Length][];
        announced = new List<int>[Threads];
        near = new ProgramStep[Threads][][];
        for (var thread = 0; thread < Threads && machine.Fault == null; thread++)
            machine.Advance(thread);
        FaultAtStart = machine.Fault;
        for (var part = 0; part < parts.Length; part++)
        {
            parts[part] = new RowTable();
            rooms[part] = new long[part < Threads ? machine.LengthOfThread(part) : machine.LengthOfCell(part - Threads)];
            if (part < Threads)
                (announced[part], near[part]) = ([], []);
            Save(part);
        }
    }

    /// <summary>The program.</summary>
    public ProgramCode Code => machine.Code;

    /// <summary>How many threads: so many parts come first.</summary>
    public int Threads { get; }

    /// <summary>How many threads and cells.</summary>
    public int Parts => parts.Length;

    /// <summary>Whether a thread can come to where it was before.</summary>
    public bool HasLoops => Code.Threads.Any(t => t.Code.Any(i => i.Kind == InstructionKind.Again));

    /// <summary>What ended the program before the first step, or null.</summary>
    public ProgramFault? FaultAtStart { get; }

    /// <summary>Bytes that all this takes.</summary>
    public long Bytes { get; private set; }

    /// <summary>The part that is the cell of what a thread announced; -1 if it has ended.</summary>
    public int CellOf(int thread, int local) => announced[thread][local];

    /// <summary>What a thread would do to the cell that it announced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly ProgramStep Of(int thread, int local, int value)
    {
        var rows = near[thread];
        if ((uint)local < (uint)rows.Length && (uint)value < (uint)rows[local].Length && rows[local][value].Kind != StepKind.Unknown)
            return ref rows[local][value];
        return ref OfAny(thread, local, value);
    }

    /// <summary>A fault by the number that a step gives it.</summary>
    public ProgramFault FaultOf(in ProgramStep step) => faults[step.Value];

    /// <summary>What a thread knows: registers are in it.</summary>
    public ReadOnlySpan<long> Thread(int thread, int local) => parts[thread][local];

    /// <summary>Value of a cell, by its part.</summary>
    public long ValueOf(int cell, int value) => parts[cell][value][0];

    private ref readonly ProgramStep OfAny(int thread, int local, int value)
    {
        if (local < NearMax && value < NearMax)
            return ref OfNear(thread, local, value);
        var key = ((ulong)thread << 58 | (ulong)local << 29 | (uint)value) + 1;
        var slot = Place(key);
        if (keys[slot] == key)
            return ref steps[slot];
        var step = Interpret(thread, local, value);
        if (2 * ++count > keys.Length)
            Grow();
        slot = Place(key);
        keys[slot] = key;
        steps[slot] = step;
        return ref steps[slot];
    }

    private ref readonly ProgramStep OfNear(int thread, int local, int value)
    {
        ref var rows = ref near[thread];
        if (local >= rows.Length)
        {
            var known = rows.Length;
            Array.Resize(ref rows, local + 1);
            rows.AsSpan(known).Fill([]);
        }

        if (value >= rows[local].Length)
            Array.Resize(ref rows[local], value + 1);
        rows[local][value] = Interpret(thread, local, value);
        return ref near[thread][local][value];
    }

    private ProgramStep Interpret(int thread, int local, int value)
    {
        var cell = CellOf(thread, local);
        machine.LoadThread(thread, parts[thread][local]);
        machine.LoadCell(cell - Threads, parts[cell][value]);
        return Interpret(thread, cell);
    }

    private ProgramStep Interpret(int thread, int cell)
    {
        if (!machine.IsEnabled(thread))
            return new ProgramStep(StepKind.Disabled, machine.HolderOf(thread), 0);
        machine.Step(thread);
        machine.Advance(thread);
        if (machine.Fault is not { } fault)
            return new ProgramStep(StepKind.Enabled, Save(thread), Save(cell));
        faults.Add(fault);
        return new ProgramStep(StepKind.Faulty, 0, faults.Count - 1);
    }

    private int Save(int part)
    {
        if (part < Threads)
            machine.SaveThread(part, rooms[part]);
        else
            machine.SaveCell(part - Threads, rooms[part]);
        var known = parts[part].Count;
        var number = parts[part].NumberOf(rooms[part]);
        if (number < known)
            return number;
        if (number >= NumbersMax)
            throw new InsufficientMemoryException("a thread or a cell of the program can be in too many states");
        Bytes += RowTable.BytesOf(rooms[part].Length);
        if (part >= Threads)
            return number;
        var access = machine.Announced(part);
        announced[part].Add(access.Cell < 0 ? -1 : Threads + access.Cell);
        return number;
    }

    private int Place(ulong key)
    {
        var slot = (int)(key * 0x9E3779B97F4A7C15UL >> 32) & (keys.Length - 1);
        while (keys[slot] != 0 && keys[slot] != key)
            slot = (slot + 1) & (keys.Length - 1);
        return slot;
    }

    private void Grow()
    {
        var (oldKeys, oldSteps) = (keys, steps);
        keys = new ulong[2 * oldKeys.Length];
        steps = new ProgramStep[2 * oldKeys.Length];
        Bytes += 20L * oldKeys.Length;
        for (var i = 0; i < oldKeys.Length; i++)
        {
            if (oldKeys[i] == 0)
                continue;
            var slot = Place(oldKeys[i]);
            keys[slot] = oldKeys[i];
            steps[slot] = oldSteps[i];
        }
    }
}

/// <summary>What a thread would do.</summary>
/// <param name="Kind">Whether it can.</param>
/// <param name="Local">What the thread is then; of one that cannot go on the holder that it waits for, or -1.</param>
/// <param name="Value">What the cell is then; of a fault its number.</param>
internal readonly record struct ProgramStep(StepKind Kind, int Local, int Value);

/// <summary>Whether a thread can do what it announced.</summary>
internal enum StepKind : byte
{
    /// <summary>It was not looked at yet.</summary>
    Unknown,
    Disabled,
    Enabled,

    /// <summary>It can, and that ends the execution.</summary>
    Faulty,
}
