namespace Fscrypt.Sim.Scenarios.Programs;

// The effects of shared accesses, and which of them can be done.
public sealed partial class ProgramMachine
{
    /// <summary>Whether a thread can do now what it announced. Only who queues for a semaphore, or waits, cannot.</summary>
    public bool IsEnabled(int thread) => IsEnabled(thread, state, state);

    /// <summary>Whether a thread could do what it announced, if what that touches were as it was in another state.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="own">A state in which it has announced it, and stands in the queue where it does in the other.</param>
    /// <param name="shared">The other state.</param>
    public bool IsEnabled(int thread, ReadOnlySpan<long> own, ReadOnlySpan<long> shared)
    {
        var at = threadAt[thread];
        if (own[at + Announcement] == 0)
            return false;
        var instruction = Code.Threads[thread].Code[(int)own[at + Pc]];
        var cell = (int)own[at + Announcement] - 1;
        return instruction.Kind switch
        {
            InstructionKind.Acquire => shared[cell] == 0,
            InstructionKind.DownRead or InstructionKind.DownWrite => own[at + Queued] == 0 || MayTake(thread, cell, shared),
            InstructionKind.Await => Holds(instruction.Comparison, shared[cell], own[at + First]),
            _ => true,
        };
    }

    /// <summary>What the next step of a thread touches now.</summary>
    public ProgramFootprint FootprintOf(int thread) => FootprintOf(thread, state, state);

    /// <summary>
    /// What the next step of a thread would touch, if that were as it was in another state. It is the effect that counts:
    /// who compares and finds another value only reads. A release of what the thread does not hold touches nothing,
    /// because no other thread has a say in that.
    /// </summary>
    /// <param name="thread">The thread.</param>
    /// <param name="own">A state in which it has announced the step.</param>
    /// <param name="shared">The other state.</param>
    public ProgramFootprint FootprintOf(int thread, ReadOnlySpan<long> own, ReadOnlySpan<long> shared)
    {
        var at = threadAt[thread];
        if (own[at + Announcement] == 0)
            return ProgramFootprint.None;
        var cell = (int)own[at + Announcement] - 1;
        var value = shared[cell];
        return Code.Threads[thread].Code[(int)own[at + Pc]].Kind switch
        {
            InstructionKind.Read or InstructionKind.Await => new ProgramFootprint(cell, false),
            InstructionKind.CompareExchange => new ProgramFootprint(cell, value == own[at + First]),
            InstructionKind.TryAcquire => new ProgramFootprint(cell, value == 0),
            InstructionKind.Release when value != thread + 1 => ProgramFootprint.None,
            InstructionKind.UpWrite when value != -1 - thread => ProgramFootprint.None,
            InstructionKind.UpRead when own[queueAt[cell] + 1 + thread] == 0 => ProgramFootprint.None,
            _ => new ProgramFootprint(cell, true),
        };
    }

    /// <summary>Whether a thread's next step is one that others can keep it from: it takes a lock, or waits.</summary>
    public bool MayBlock(int thread) => AnnouncedBy(thread)?.Kind switch
    {
        InstructionKind.Acquire or InstructionKind.Await => true,
        InstructionKind.DownRead or InstructionKind.DownWrite => state[threadAt[thread] + Queued] != 0,
        _ => false,
    };

    /// <summary>Whether the next step of a thread only queues for a semaphore that is not free.</summary>
    public bool MustQueue(int thread)
    {
        var at = threadAt[thread];
        if (state[at + Announcement] == 0 || state[at + Queued] != 0)
            return false;
        var cell = (int)state[at + Announcement] - 1;
        return Code.Threads[thread].Code[(int)state[at + Pc]].Kind switch
        {
            InstructionKind.DownRead => state[cell] < 0 || state[queueAt[cell]] != 0,
            InstructionKind.DownWrite => state[cell] != 0,
            _ => false,
        };
    }

    /// <summary>The thread that must let go before this one can go on; -1 if it is no single one, or none.</summary>
    public int HolderOf(int thread)
    {
        var at = threadAt[thread];
        if (state[at + Announcement] == 0)
            return -1;
        var value = state[state[at + Announcement] - 1];
        return Code.Threads[thread].Code[(int)state[at + Pc]].Kind switch
        {
            InstructionKind.Acquire => (int)value - 1,
            InstructionKind.DownRead or InstructionKind.DownWrite => value < 0 ? (int)(-1 - value) : -1,
            _ => -1,
        };
    }

    /// <summary>Whether a thread that cannot go on waits, through who holds what each waits for, for itself.</summary>
    public bool WaitsForItself(int thread)
    {
        var waiter = thread;
        for (var length = 0; length < threadAt.Length && !IsEnabled(waiter); length++)
        {
            waiter = HolderOf(waiter);
            if (waiter < 0 || waiter == thread)
                return waiter == thread;
        }

        return false;
    }

    /// <summary>Does what a thread announced and can do. Of one that must queue it is still announced afterwards.</summary>
    public void Step(int thread)
    {
        var at = threadAt[thread];
        var instruction = Code.Threads[thread].Code[(int)state[at + Pc]];
        var cell = (int)state[at + Announcement] - 1;
        if (instruction.Kind is InstructionKind.DownRead or InstructionKind.DownWrite)
        {
            if (MustQueue(thread))
            {
                state[at + Queued] = instruction.Kind == InstructionKind.DownWrite ? 2 : 1;
                Append(cell, thread);
                return;
            }

            Take(thread, cell, instruction.Kind == InstructionKind.DownWrite);
        }
        else if (instruction.Kind >= InstructionKind.TryAcquire)
        {
            if (!OnLock(thread, instruction, cell))
                return;
        }
        else if (!OnVariable(thread, instruction, ref state[cell]))
        {
            return;
        }

        state[at + Pc]++;
        state[at + Announcement] = state[at + First] = state[at + Second] = 0;
    }

    private static bool Holds(Comparison comparison, long left, long right) => comparison switch
    {
        Comparison.Equal => left == right,
        Comparison.NotEqual => left != right,
        Comparison.Less => left < right,
        Comparison.LessOrEqual => left <= right,
        Comparison.Greater => left > right,
        _ => left >= right,
    };

    private bool OnVariable(int thread, Instruction instruction, ref long value)
    {
        var at = threadAt[thread];
        var before = value;
        var result = before;
        switch (instruction.Kind)
        {
            case InstructionKind.Read:
                if (!TryEvaluate(thread, instruction, instruction.First!, before, out result))
                    return false;
                break;
            case InstructionKind.Write:
                value = state[at + First];
                break;
            case InstructionKind.CompareExchange:
                result = before == state[at + First] ? 1 : 0;
                if (result != 0)
                    value = state[at + Second];
                break;
            case InstructionKind.FetchAdd:
                value = unchecked(before + state[at + First]);
                break;
            case InstructionKind.Exchange:
                value = state[at + First];
                break;
        }

        Result = instruction.Kind == InstructionKind.Read ? before : result;
        if (instruction.Target >= 0)
            state[at + Registers + instruction.Target] = result;
        return true;
    }

    private bool OnLock(int thread, Instruction instruction, int cell)
    {
        ref var value = ref state[cell];
        switch (instruction.Kind)
        {
            case InstructionKind.TryAcquire:
                Result = value == 0 ? 1 : 0;
                state[threadAt[thread] + Registers + instruction.Target] = Result;
                if (value == 0)
                    value = thread + 1;
                return true;
            case InstructionKind.Acquire:
                value = thread + 1;
                return true;
            case InstructionKind.Release when value == thread + 1:
                value = 0;
                return true;
            case InstructionKind.UpWrite when value == -1 - thread:
                value = 0;
                return true;
            case InstructionKind.UpRead when state[queueAt[cell] + 1 + thread] > 0:
                state[queueAt[cell] + 1 + thread]--;
                value--;
                return true;
            default:
                return Fail(ProgramFaultKind.LockMisuse, thread, instruction, about: Code.NameOf(cell));
        }
    }

    private void Take(int thread, int cell, bool write)
    {
        var at = threadAt[thread];
        if (state[at + Queued] != 0)
            Remove(cell, thread);
        state[at + Queued] = 0;
        if (write)
        {
            state[cell] = -1 - thread;
            return;
        }

        state[cell]++;
        state[queueAt[cell] + 1 + thread]++;
    }

    /// <summary>A writer that is first takes a free semaphore; a reader waits for the writers before it only.</summary>
    private bool MayTake(int thread, int cell, ReadOnlySpan<long> shared)
    {
        var ahead = shared[queueAt[cell]];
        if (shared[threadAt[thread] + Queued] == 2)
            return shared[cell] == 0 && ahead == thread + 1;
        if (shared[cell] < 0)
            return false;
        for (; ahead != thread + 1; ahead = shared[threadAt[(int)ahead - 1] + NextWaiter])
        {
            if (shared[threadAt[(int)ahead - 1] + Queued] == 2)
                return false;
        }

        return true;
    }

    private void Append(int cell, int thread) => Place(cell, 0) = thread + 1;

    private void Remove(int cell, int thread)
    {
        ref var place = ref Place(cell, thread + 1);
        place = state[threadAt[thread] + NextWaiter];
        state[threadAt[thread] + NextWaiter] = 0;
    }

    /// <summary>Where the queue of a semaphore says that a thread (+ 1) is next; where it ends, for 0.</summary>
    private ref long Place(int cell, int waiter)
    {
        ref var place = ref state[queueAt[cell]];
        while (place != waiter)
            place = ref state[threadAt[place - 1] + NextWaiter];
        return ref place;
    }
}
