using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

// The state in parts: what one thread knows, and what one cell is. A step looks at one of each and changes no other, so a
// machine that only these two were loaded to does the step as any machine does.
public sealed partial class ProgramMachine
{
    /// <summary>Numbers that <see cref="SaveThread"/> takes.</summary>
    internal int LengthOfThread(int thread) => Registers + Code.Threads[thread].Registers.Length + Code.Threads[thread].Counters;

    /// <summary>Numbers that <see cref="SaveCell"/> takes: the queue of a semaphore is part of it.</summary>
    internal int LengthOfCell(int cell) => IsSemaphore(cell) ? 2 + (3 * threadAt.Length) : 1;

    /// <summary>Value of a register in what <see cref="SaveThread"/> gave.</summary>
    internal static long RegisterIn(ReadOnlySpan<long> thread, int register) => thread[Registers + register];

    /// <summary>What a thread knows; its place in a queue belongs to the semaphore.</summary>
    internal void SaveThread(int thread, Span<long> to)
    {
        state.AsSpan(threadAt[thread], to.Length).CopyTo(to);
        to[Queued] = to[NextWaiter] = 0;
    }

    /// <summary>Puts back what a thread knew. To be followed by <see cref="LoadCell"/>.</summary>
    internal void LoadThread(int thread, ReadOnlySpan<long> from)
    {
        from.CopyTo(state.AsSpan(threadAt[thread]));
        Fault = null;
    }

    /// <summary>What a cell is, if no thread queues for another one.</summary>
    internal void SaveCell(int cell, Span<long> to)
    {
        to[0] = state[cell];
        if (!IsSemaphore(cell))
            return;
        var threads = threadAt.Length;
        state.AsSpan(queueAt[cell], 1 + threads).CopyTo(to[1..]);
        for (var thread = 0; thread < threads; thread++)
        {
            to[2 + threads + (2 * thread)] = state[threadAt[thread] + Queued];
            to[3 + threads + (2 * thread)] = state[threadAt[thread] + NextWaiter];
        }
    }

    /// <summary>Puts back what a cell was; no thread queues for another one then.</summary>
    internal void LoadCell(int cell, ReadOnlySpan<long> from)
    {
        state[cell] = from[0];
        if (!IsSemaphore(cell))
            return;
        var threads = threadAt.Length;
        from.Slice(1, 1 + threads).CopyTo(state.AsSpan(queueAt[cell]));
        for (var thread = 0; thread < threads; thread++)
        {
            state[threadAt[thread] + Queued] = from[2 + threads + (2 * thread)];
            state[threadAt[thread] + NextWaiter] = from[3 + threads + (2 * thread)];
        }
    }

    private bool IsSemaphore(int cell) => Code.ObjectOf(cell).Kind == SharedKind.Semaphore;
}
