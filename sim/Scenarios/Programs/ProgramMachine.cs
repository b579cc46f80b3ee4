using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>
/// Interprets a program of shared variables. All of its state is one row of numbers, which can be copied, compared and put
/// back; it chooses nothing, and needs no kernel.
/// </summary>
/// <remarks>
/// <para>
/// Of each thread <see cref="Advance"/> runs what only it can see, up to its next shared access, which is announced; <see
/// cref="Step"/> does that. After a <see cref="Fault"/> nothing runs any more.
/// </para>
/// <para>
/// The row: a number for each cell (a variable's value; a lock's holder + 1; the readers of a semaphore, or -1 - its
/// writer), for each semaphore the head of its queue and how often each thread holds it for reading, and for each thread
/// its <see cref="Pc"/> and what follows there, its registers, and its counters.
/// </para>
/// </remarks>
public sealed partial class ProgramMachine
{
    /// <summary>Rounds of loops without a shared access, after which an execution is cut.</summary>
    public const int RoundsMax = 10_000;

    // Of a thread, from where it begins in the row. What it announced: the cell + 1 (0 for nothing), and operands.
    private const int Pc = 0;
    private const int Announcement = 1;
    private const int First = 2;
    private const int Second = 3;
    private const int Queued = 4;                         // 1 as a reader, 2 as a writer
    private const int NextWaiter = 5;                     // the thread behind it + 1
    private const int Registers = 6;

    private readonly long[] initial;
    private readonly long[] state;
    private readonly long[] stack;
    private readonly int[] threadAt;
    private readonly int[] queueAt;                       // of the semaphore that a cell is

    /// <summary>Makes a machine at the beginning of a program: no thread has announced anything.</summary>
    public ProgramMachine(ProgramCode code)
    {
        Code = code;
        queueAt = new int[code.Cells];
        threadAt = new int[code.Threads.Length];
        var length = code.Cells;
        for (var cell = 0; cell < code.Cells; cell++)
        {
            if (code.ObjectOf(cell).Kind != SharedKind.Semaphore)
                continue;
            queueAt[cell] = length;
            length += 1 + threadAt.Length;
        }

        for (var i = 0; i < threadAt.Length; i++)
        {
            threadAt[i] = length;
            length += Registers + code.Threads[i].Registers.Length + code.Threads[i].Counters;
        }

        initial = new long[length];
        for (var cell = 0; cell < code.Cells; cell++)
            initial[cell] = code.ObjectOf(cell).Initial;
        state = (long[])initial.Clone();
        stack = new long[code.StackDepth];
    }

    /// <summary>The program.</summary>
    public ProgramCode Code { get; }

    /// <summary>The whole state, but for a fault.</summary>
    public ReadOnlySpan<long> State => state;

    /// <summary>What ended the execution, or null.</summary>
    public ProgramFault? Fault { get; private set; }

    /// <summary>What the last step read: the value of a variable, or whether a lock was taken.</summary>
    public long Result { get; private set; }

    /// <summary>Goes back to the beginning.</summary>
    public void Reset() => Load(initial);

    /// <summary>Goes to a state that <see cref="State"/> was once.</summary>
    public void Load(ReadOnlySpan<long> other)
    {
        other.CopyTo(state);
        Fault = null;
        Result = 0;
    }

    /// <summary>The value of a variable; of a lock its holder + 1; of a semaphore its readers, or -1 - its writer.</summary>
    public long ValueOf(int cell) => state[cell];

    /// <summary>The value of a register, by its number.</summary>
    public long RegisterOf(int thread, int register) => state[threadAt[thread] + Registers + register];

    /// <summary>Whether a thread has nothing to do any more.</summary>
    public bool HasEnded(int thread)
        => state[threadAt[thread] + Announcement] == 0 && state[threadAt[thread] + Pc] == Code.Threads[thread].Code.Length;

    /// <summary>The instruction that a thread announced, or null.</summary>
    public Instruction? AnnouncedBy(int thread)
        => state[threadAt[thread] + Announcement] == 0 ? null : Code.Threads[thread].Code[(int)state[threadAt[thread] + Pc]];

    /// <summary>The shared access that a thread announced.</summary>
    public ProgramAccess Announced(int thread)
        => AnnouncedBy(thread) is { } instruction
            ? new ProgramAccess(instruction.Kind, (int)state[threadAt[thread] + Announcement] - 1)
            : new ProgramAccess(InstructionKind.None, -1);

    /// <summary>The cell that a thread announced an access to, or -1.</summary>
    internal int CellOf(int thread) => (int)state[threadAt[thread] + Announcement] - 1;

    /// <summary>
    /// Runs a thread up to its next shared access, which is announced then; does nothing if one is announced already.
    /// </summary>
    /// <returns>Whether there is one; otherwise the thread has ended, or there is a <see cref="Fault"/>.</returns>
    public bool Advance(int thread)
    {
        var at = threadAt[thread];
        if (Fault != null)
            return false;
        if (state[at + Announcement] != 0)
            return true;
        var code = Code.Threads[thread].Code;
        var pc = (int)state[at + Pc];
        var rounds = 0;
        while (pc < code.Length)
        {
            var instruction = code[pc];
            if (instruction.Kind >= InstructionKind.Read)
            {
                state[at + Pc] = pc;
                return Announce(thread, instruction);
            }

            if (instruction.Kind == InstructionKind.Again && ++rounds >= RoundsMax)
                return Fail(ProgramFaultKind.EndlessLoop, thread, instruction);
            pc = Execute(thread, instruction, pc);
            if (pc < 0)
                return false;
        }

        state[at + Pc] = pc;
        return false;
    }

    /// <summary>An instruction that only its thread can see.</summary>
    /// <returns>The next one, or -1 after a fault.</returns>
    private int Execute(int thread, Instruction instruction, int pc)
    {
        ref var target = ref instruction.Target < 0 ? ref state[0] : ref state[threadAt[thread] + Registers + instruction.Target];
        switch (instruction.Kind)
        {
            case InstructionKind.Set:
                return TryEvaluate(thread, instruction, instruction.First!, 0, out target) ? pc + 1 : -1;
            case InstructionKind.Unless:
                return !TryEvaluate(thread, instruction, instruction.First!, 0, out var condition) ? -1
                    : condition == 0 ? instruction.Next : pc + 1;
            case InstructionKind.Times:
                target = instruction.Count;
                return pc + 1;
            case InstructionKind.Round:
                if (target == 0)
                    return instruction.Next;
                target--;
                return pc + 1;
            default:
                return instruction.Next;
        }
    }

    /// <summary>Finds the cell, and what the operands are: they cannot change until the step.</summary>
    private bool Announce(int thread, Instruction instruction)
    {
        var at = threadAt[thread];
        var element = 0L;
        if (instruction.Index != null && !TryEvaluate(thread, instruction, instruction.Index, 0, out element))
            return false;
        var shared = instruction.Object!;
        if ((ulong)element >= (ulong)shared.Size)
            return Fail(ProgramFaultKind.IndexOutOfBounds, thread, instruction, element, shared.Name);
        if (instruction.First != null && instruction.Kind != InstructionKind.Read
            && !TryEvaluate(thread, instruction, instruction.First, 0, out state[at + First]))
            return false;
        if (instruction.Second != null && !TryEvaluate(thread, instruction, instruction.Second, 0, out state[at + Second]))
            return false;
        state[at + Announcement] = shared.FirstCell + element + 1;
        return true;
    }

    private bool TryEvaluate(int thread, Instruction instruction, Expression expression, long loaded, out long value)
    {
        var registers = state.AsSpan(threadAt[thread] + Registers);
        if (expression.TryEvaluate(registers, Code.Threads[thread].Id, loaded, stack, out value))
            return true;
        return Fail(ProgramFaultKind.DivisionByZero, thread, instruction);
    }

    private bool Fail(ProgramFaultKind kind, int thread, Instruction instruction, long index = 0, string about = "")
    {
        Fault = new ProgramFault(kind, Code.Threads[thread].Name, instruction, index, about);
        return false;
    }
}

/// <summary>A shared access that is announced.</summary>
/// <param name="Kind">What it does; None if the thread has ended.</param>
/// <param name="Cell">To which cell; -1 if the thread has ended.</param>
public readonly record struct ProgramAccess(InstructionKind Kind, int Cell)
{
    /// <summary>Whether it only reads: two of those commute.</summary>
    public bool OnlyReads => Kind is InstructionKind.Read or InstructionKind.Await;
}

/// <summary>What a step touches.</summary>
/// <param name="Cell">The cell; -1 for none.</param>
/// <param name="Writes">Whether it changes it. Of a semaphore all steps do: who stands in its queue is part of it.</param>
public readonly record struct ProgramFootprint(int Cell, bool Writes) : IFootprint<ProgramFootprint>
{
    /// <summary>That of a step that touches nothing.</summary>
    public static ProgramFootprint None { get; } = new(-1, false);

    /// <summary>Whether the order of two steps makes a difference: both touch the same, and not both only read it.</summary>
    public bool DependsOn(in ProgramFootprint other) => Cell == other.Cell && (Writes || other.Writes);
}
