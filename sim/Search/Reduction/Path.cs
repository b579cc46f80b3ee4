using System.Diagnostics;
using System.Numerics;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// The execution that a search with reduction stands in: its steps, what happened before what (Lamport 1978, as vector
/// clocks: Mattern 1989), and a copy of the state before each step, to go back to. Where it ends nobody can go on.
/// </summary>
/// <remarks>
/// A thread that divides by zero, and one that waits for itself, end an execution. Here they only stop, and the others go
/// on: what those still do has to be seen, for it may race with what was done. <see cref="PathEnds"/> sorts that out.
/// </remarks>
internal sealed class Path
{
    private readonly ProgramMachine machine;
    private readonly int threads;
    private readonly int row;
    private readonly int[] lastOnCell;
    private readonly int[] lastOfThread;
    private PathStep[] steps = new PathStep[64];
    private ulong[] enabled = new ulong[65];
    private ulong[] stopped = new ulong[65];
    private long[] states;
    private int[] clocks;
    private bool stands;                                  // whether the machine is in the state at the end of the path

    /// <summary>Stands at the beginning of a program.</summary>
    public Path(ProgramCode code)
    {
        machine = new ProgramMachine(code);
        threads = code.Threads.Length;
        row = machine.State.Length;
        lastOnCell = new int[code.Cells];
        lastOfThread = new int[threads];
        Array.Fill(lastOnCell, -1);
        Array.Fill(lastOfThread, -1);
        clocks = new int[64 * threads];
        states = new long[65 * row];
        for (var thread = 0; thread < threads; thread++)
        {
            machine.Advance(thread);
            BeginsWithFault |= machine.Fault != null;
            machine.Load(machine.State);
        }

        machine.State.CopyTo(states);
        for (var thread = 0; thread < threads; thread++)
            enabled[0] |= machine.IsEnabled(thread) ? 1UL << thread : 0;
        stands = true;
    }

    /// <summary>Whether a thread has a fault before anything is shared: then there is one execution, without a step.</summary>
    public bool BeginsWithFault { get; }

    /// <summary>How many threads the program has.</summary>
    public int Threads => threads;

    /// <summary>Steps done.</summary>
    public int Length { get; private set; }

    /// <summary>The machine, in the state at the end of the path.</summary>
    public ProgramMachine Machine
    {
        get
        {
            if (!stands)
                machine.Load(StateAt(Length));
            stands = true;
            return machine;
        }
    }

    /// <summary>Threads that could do the next step after so many.</summary>
    public ulong EnabledAt(int length) => enabled[length];

    /// <summary>Threads that can do the next step.</summary>
    public ulong Enabled => enabled[Length];

    /// <summary>Threads that have had a fault.</summary>
    public ulong Stopped => stopped[Length];

    /// <summary>A step.</summary>
    public ref readonly PathStep this[int step] => ref steps[step];

    /// <summary>The state before a step; after all of them for <see cref="Length"/>.</summary>
    public ReadOnlySpan<long> StateAt(int step) => states.AsSpan(step * row, row);

    /// <summary>Of each thread how many steps happened before a step, itself included.</summary>
    public ReadOnlySpan<int> ClockOf(int step) => clocks.AsSpan(step * threads, threads);

    /// <summary>Whether a step happened before a later one, or is it.</summary>
    public bool HappenedBefore(int earlier, int later)
        => clocks[(later * threads) + steps[earlier].Thread] >= steps[earlier].Number;

    /// <summary>The last step that touched a cell, or -1.</summary>
    public int LastOnCell(int cell) => lastOnCell[cell];

    /// <summary>The last step of a thread, or -1.</summary>
    public int LastOf(int thread) => lastOfThread[thread];

    /// <summary>Does the next step.</summary>
    public void Step(int thread)
    {
        var now = Machine;
        Grow();
        ref var step = ref steps[Length];
        var footprint = now.FootprintOf(thread);
        var before = lastOfThread[thread];
        var onCell = footprint.Cell < 0 ? -1 : lastOnCell[footprint.Cell];
        step = new PathStep
        {
            Thread = thread,
            Footprint = footprint,
            Number = before < 0 ? 1 : steps[before].Number + 1,
            PreviousOfThread = before,
            PreviousOnCell = onCell,
            PreviousWrite = onCell < 0 || steps[onCell].Footprint.Writes ? onCell : steps[onCell].PreviousWrite,
            MayBlock = now.MayBlock(thread),
            TakesLock = footprint.Writes && now.Announced(thread).Kind is InstructionKind.Acquire or InstructionKind.TryAcquire,
        };
        SetClock(in step);
        lastOfThread[thread] = Length;
        if (footprint.Cell >= 0)
            lastOnCell[footprint.Cell] = Length;

        now.Step(thread);
        step.Fault = now.Fault != null ? StepFault.InStep : !now.Advance(thread) && now.Fault != null ? StepFault.AfterStep : StepFault.None;
        Length++;
        stopped[Length] = stopped[Length - 1] | (step.Fault != StepFault.None ? 1UL << thread : 0);
        if (step.Fault != StepFault.None)
            now.Load(now.State);
        now.State.CopyTo(states.AsSpan(Length * row));
        enabled[Length] = EnabledAfter(in step, now);
    }

    /// <summary>Takes the last step back.</summary>
    public ref readonly PathStep Back()
    {
        Debug.Assert(Length > 0, "there is a step");
        ref readonly var step = ref steps[--Length];
        lastOfThread[step.Thread] = step.PreviousOfThread;
        if (step.Footprint.Cell >= 0)
            lastOnCell[step.Footprint.Cell] = step.PreviousOnCell;
        stands = false;
        return ref step;
    }

    // Behind a write on its cell everything before that happened before it too.
    private void SetClock(in PathStep step)
    {
        var clock = clocks.AsSpan(Length * threads, threads);
        if (step.PreviousOfThread < 0)
            clock.Clear();
        else
            ClockOf(step.PreviousOfThread).CopyTo(clock);
        for (var other = step.Footprint.Writes ? step.PreviousOnCell : step.PreviousWrite; other >= 0; other = steps[other].PreviousOnCell)
        {
            Join(clock, ClockOf(other));
            if (steps[other].Footprint.Writes)
                break;
        }

        clock[step.Thread] = step.Number;
    }

    // Only those that announced an operation on a cell that was changed have to be asked again.
    private ulong EnabledAfter(in PathStep step, ProgramMachine now)
    {
        var result = enabled[Length - 1] & ~(1UL << step.Thread);
        if (step.Fault == StepFault.None && now.IsEnabled(step.Thread))
            result |= 1UL << step.Thread;
        if (!step.Footprint.Writes)
            return result;
        for (var others = ~(stopped[Length] | 1UL << step.Thread) & (ulong.MaxValue >> (64 - threads)); others != 0; others &= others - 1)
        {
            var thread = BitOperations.TrailingZeroCount(others);
            if (now.CellOf(thread) == step.Footprint.Cell)
                result = now.IsEnabled(thread) ? result | 1UL << thread : result & ~(1UL << thread);
        }

        return result;
    }

    private static void Join(Span<int> clock, ReadOnlySpan<int> other)
    {
        for (var i = 0; i < clock.Length; i++)
            clock[i] = Math.Max(clock[i], other[i]);
    }

    private void Grow()
    {
        if (Length < steps.Length)
            return;
        Array.Resize(ref steps, 2 * Length);
        Array.Resize(ref clocks, 2 * clocks.Length);
        Array.Resize(ref enabled, (2 * Length) + 1);
        Array.Resize(ref stopped, (2 * Length) + 1);
        Array.Resize(ref states, ((2 * Length) + 1) * row);
    }
}

/// <summary>A step of a path.</summary>
internal struct PathStep
{
    /// <summary>Who did it.</summary>
    public int Thread;

    /// <summary>Which of the thread's steps it is, from 1.</summary>
    public int Number;

    /// <summary>What it touched, by its effect.</summary>
    public ProgramFootprint Footprint;

    /// <summary>The thread's step before it, or -1.</summary>
    public int PreviousOfThread;

    /// <summary>The step before it on its cell, or -1.</summary>
    public int PreviousOnCell;

    /// <summary>The last step before it that changed its cell, or -1.</summary>
    public int PreviousWrite;

    /// <summary>Whether others could have kept the thread from it.</summary>
    public bool MayBlock;

    /// <summary>Whether it took a lock.</summary>
    public bool TakesLock;

    /// <summary>Whether its thread had a fault.</summary>
    public StepFault Fault;
}

/// <summary>When a step's thread had a fault.</summary>
internal enum StepFault : byte
{
    None,

    /// <summary>In the step, which changed nothing then.</summary>
    InStep,

    /// <summary>After it, in what only the thread can see.</summary>
    AfterStep,
}
