using System.Diagnostics;
using System.Numerics;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search;

/// <summary>
/// The execution of a program that a depth-first search stands in, on the program's own machine. The next one begins as it
/// does: the machine goes back to the state in which the last decision was taken, and only what follows is run.
/// </summary>
/// <remarks>
/// It comes to the end of an execution in which all threads end. One that ends in another way, by a fault, a deadlock, a
/// broken invariant or the limit of steps, it leaves where that is seen: a machine of the model tells what it comes to.
/// </remarks>
/// <param name="code">The program.</param>
/// <param name="stepsMax">Steps after which an execution is cut.</param>
/// <param name="endsAtCycles">Whether a thread that waits for itself ends an execution.</param>
/// <param name="isBroken">Whether a state breaks an invariant; null if there is none.</param>
internal sealed class Backtracking(ProgramCode code, int stepsMax, bool endsAtCycles, Func<ProgramMachine, bool>? isBroken)
{
    private readonly ProgramMachine machine = new(code);
    private readonly int threads = code.Threads.Length;
    private Fork[] forks = new Fork[64];                  // one a decision
    private long[] rows = [];                             // the state at each of them
    private int forkCount;
    private short[] schedule = new short[64];
    private int length;
    private int preemptions;
    private ulong live;                                   // threads that have not ended
    private ulong enabled;
    private int last;                                     // the thread that ran last, or -1
    private bool isFresh;
    private bool stopsAtStart;

    /// <summary>The machine, at the end of the execution.</summary>
    public ProgramMachine Machine => machine;

    /// <summary>The thread of each step.</summary>
    public ReadOnlySpan<short> Schedule => schedule.AsSpan(0, length);

    /// <summary>Switches away from a thread that could go on.</summary>
    public int Preemptions => preemptions;

    /// <summary>Goes back to the beginning of the program; nothing is known of any execution.</summary>
    public void Reset()
    {
        machine.Reset();
        (forkCount, length, preemptions, live, enabled, last) = (0, 0, 0, 0, 0, -1);
        (isFresh, stopsAtStart) = (true, false);
        for (var thread = 0; thread < threads; thread++)
        {
            if (machine.Advance(thread))
                live |= 1UL << thread;
            stopsAtStart |= machine.Fault != null || MustStop(thread);
        }

        for (var thread = 0; thread < threads; thread++)
            enabled |= machine.IsEnabled(thread) ? 1UL << thread : 0;
        stopsAtStart |= isBroken != null && !stopsAtStart && isBroken(machine);
    }

    /// <summary>Runs the execution that a strategy stands at; the one before it ran here too, if this is not fresh.</summary>
    /// <returns>Whether all threads ended; otherwise it stands before the end.</returns>
    public bool Run(ref DepthFirst strategy)
    {
        if (isFresh)
        {
            isFresh = false;
            strategy.Begin();
        }
        else
        {
            var decision = strategy.Given.Length - 1;
            // It was taken behind the place where this stopped, and so will this be.
            if (decision >= forkCount)
                return false;
            GoBack(decision);
            strategy.BeginAt(decision);
        }

        if (stopsAtStart)
            return false;
        while (enabled != 0)
        {
            if (length >= stepsMax)
                return false;
            var thread = (enabled & (enabled - 1)) == 0 ? BitOperations.TrailingZeroCount(enabled) : Choose(ref strategy);
            if (thread != last && last >= 0)
                preemptions += (int)(enabled >> last & 1);
            if (length == schedule.Length)
                Array.Resize(ref schedule, 2 * length);
            schedule[length++] = (short)thread;
            last = thread;
            if (!Step(thread))
                return false;
        }

        return live == 0;
    }

    private int Choose(ref DepthFirst strategy)
    {
        var taken = strategy.Taken.Length;
        var chosen = strategy.Choose(enabled, last);
        if (strategy.Taken.Length == taken)
            return chosen;                                // the bound decided
        Debug.Assert(taken == forkCount, "there is a fork for each decision that was taken");
        var row = machine.State;
        if (forkCount == forks.Length)
            Array.Resize(ref forks, 2 * forkCount);
        if (rows.Length < forks.Length * row.Length)
            Array.Resize(ref rows, forks.Length * row.Length);
        row.CopyTo(rows.AsSpan(forkCount * row.Length));
        forks[forkCount++] = new Fork(live, enabled, last, length, preemptions);
        return chosen;
    }

    private void GoBack(int decision)
    {
        var row = machine.State.Length;
        machine.Load(rows.AsSpan(decision * row, row));
        (live, enabled, last, length, preemptions) = forks[decision];
        forkCount = decision;
    }

    // False: the execution ends here, or is over in a way that is not seen from here.
    private bool Step(int thread)
    {
        var (kind, cell) = machine.Announced(thread);
        machine.Step(thread);
        if (machine.Fault != null)
            return false;
        var bit = 1UL << thread;
        enabled &= ~bit;
        if (!machine.Advance(thread))
        {
            if (machine.Fault != null)
                return false;
            live &= ~bit;
        }
        else if (machine.IsEnabled(thread))
        {
            enabled |= bit;
        }

        if (kind is not (InstructionKind.Read or InstructionKind.Await))
            Recheck(cell, live & ~bit);
        return !MustStop(thread) && (isBroken == null || !isBroken(machine));
    }

    // Only those that announced an operation on a cell that was changed have to be asked again.
    private void Recheck(int cell, ulong others)
    {
        for (; others != 0; others &= others - 1)
        {
            var thread = BitOperations.TrailingZeroCount(others);
            if (machine.CellOf(thread) != cell)
                continue;
            if (machine.IsEnabled(thread))
                enabled |= 1UL << thread;
            else
                enabled &= ~(1UL << thread);
        }
    }

    private bool MustStop(int thread)
        => endsAtCycles && (live >> thread & 1) != 0 && (enabled >> thread & 1) == 0 && machine.WaitsForItself(thread);

    /// <summary>Where a decision was taken.</summary>
    private readonly record struct Fork(ulong Live, ulong Enabled, int Last, int Length, int Preemptions);
}
