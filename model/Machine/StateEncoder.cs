namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Writes down the state of a machine, all of whose threads are suspended, as a row of words: all that the future depends
/// on, and nothing else. Two states with the same row can do the same from here on.
/// </summary>
/// <remarks>
/// <para>
/// The state of a thread is its coroutine as it stands: of each frame, from the innermost to the root, the method, where in
/// it, and the locals that live there; what it announced, and what it holds. Of objects: the cells. Not in it are the clocks
/// and other notes of the watchers (who finds a race depends on them, who reaches which state does not), costs, and names.
/// </para>
/// <para>
/// Objects that were there at the checkpoint have a number each. Those made since are numbered in the order in which a walk
/// comes to them, from the threads and from what changed, so that it makes no difference who allocated them, and what nobody
/// can reach drops out, unless it is alive: that is a leak, which rules look for. Of a freed object nothing is left but that
/// it is freed: who touches it ends the execution.
/// </para>
/// <para>
/// Objects that are not of the kernel (closures, what a system call is bound to) are looked through when the encoder is
/// made: those with a field that can be assigned are part of each state. A type that is not known is an error.
/// </para>
/// </remarks>
public sealed class StateEncoder
{
    // Words that no number of an object is.
    private const ulong NoObject = 0;
    private const ulong AThread = 1UL << 62;
    private const ulong AKnownObject = 2UL << 62;
    private const ulong ANewObject = 3UL << 62;

    private readonly KernelHost host;
    private readonly ClockRanks? clocks;
    private readonly KernelObject[] permanent;            // those of the checkpoint
    private readonly int[] permanentByIdentity;
    private readonly (int Start, int Length)[] kept;      // what they were like then, and after them the holders
    private readonly ulong[] keptWords;
    private readonly KnownObjects known;
    private readonly List<object> fresh = [];             // not of the kernel, and made since the checkpoint
    private readonly List<KernelObject> reached = [];     // to be written
    private ulong[] words = new ulong[1024];
    private int count;
    private int[] stamps = new int[256];                  // by identity: in which row the object has its number
    private int[] numbers = new int[256];
    private int stamp;
    private int lastNumber;

    /// <summary>Learns the state at the checkpoint of a machine.</summary>
    /// <param name="host">The machine, right after the checkpoint was made or restored.</param>
    /// <param name="clocks">
    /// Whether what the watchers know is part of the state: what happened before what, and in which order locks were nested.
    /// Of two states that are equal then the same data races can follow.
    /// </param>
    /// <param name="roots">What threads, results and expectations are bound to.</param>
    /// <exception cref="NotSupportedException">Something is of a type whose state nobody knows how to write.</exception>
    public StateEncoder(KernelHost host, bool clocks, params ReadOnlySpan<object?> roots)
    {
        Invariant.Holds(host.HasCheckpoint, "states are told apart by what changed since the checkpoint");
        this.host = host;
        this.clocks = clocks ? new ClockRanks() : null;
        permanent = [.. host.Permanent];
        permanentByIdentity = new int[permanent.Length == 0 ? 1 : permanent.Max(p => p.Identity) + 1];
        for (var i = 0; i < permanent.Length; i++)
            permanentByIdentity[permanent[i].Identity] = i + 1;
        known = new KnownObjects(permanent, roots);
        kept = new (int, int)[permanent.Length + known.HolderCount];
        Begin();
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i].Start = count;
            WriteKept(i);
            kept[i].Length = count - kept[i].Start;
        }

        keptWords = words[..count];
    }

    /// <summary>Whether what the watchers know is part of the state.</summary>
    internal bool HasClocks => clocks != null;

    /// <summary>The state, until the next one is asked for.</summary>
    /// <exception cref="NotSupportedException">A local or a field is of a type whose state nobody knows how to write.</exception>
    public ReadOnlySpan<ulong> Encode()
    {
        Begin();
        Add((ulong)host.ThreadCount);
        for (var i = 0; i < host.ThreadCount; i++)
            Write(host.ThreadAt(i));
        for (var i = 0; i < permanent.Length; i++)
        {
            if (permanent[i].Changed || permanent[i].Layout.HasRawFields)
                WriteIfChanged(i);
        }

        for (var i = permanent.Length; i < kept.Length; i++)
            WriteIfChanged(i);

        WriteReached();
        foreach (var slab in host.Slabs)
        {
            for (var i = slab.CountAtCheckpoint; i < slab.Count; i++)
            {
                var target = slab[i];
                if (target.Life != Life.Alive || IsNumbered(target))
                    continue;
                AddReference(target);
                WriteReached();
            }
        }

        host.Secrets.Write(this);
        if (clocks != null)
        {
            host.LockOrder.Write(this);
            clocks.Replace(words, host);
        }

        return words.AsSpan(0, count);
    }

    /// <summary>A number of the state.</summary>
    public void Add(ulong word)
    {
        if (count == words.Length)
            Array.Resize(ref words, 2 * count);
        words[count++] = word;
    }

    /// <summary>Numbers of the state.</summary>
    public void Add(ReadOnlySpan<long> row)
    {
        foreach (var number in row)
            Add((ulong)number);
    }

    /// <summary>A reference of the state: the number of its object, which is written too.</summary>
    internal void AddReference(object? target)
    {
        switch (target)
        {
            case null:
                Add(NoObject);
                break;
            case KernelObject of:
                Add((ulong)NumberOf(of));
                break;
            case string text:
                AddText(text);
                break;
            case KernelThread thread:
                Add(AThread | (uint)thread.Index);
                break;
            case KernelHost:
                Add(AThread | uint.MaxValue);
                break;
            case LockClass @class:
                Add(AThread | (uint)@class.Number << 8);
                break;
            default:
                AddOther(target);
                break;
        }
    }

    /// <summary>A text of the state, by a hash of it.</summary>
    internal void AddText(string? text) => Add(text == null ? 0 : StateWriters.HashOf(text));

    /// <summary>A clock of a thread.</summary>
    internal void AddClock(int thread, int clock)
    {
        if (clock != 0)
            clocks!.Note(count, thread, clock);
        Add((uint)clock);
    }

    /// <summary>When a field was written, or read, last.</summary>
    internal void AddEpoch(uint epoch)
    {
        if (clocks == null)
            return;
        if (epoch == 0)
        {
            Add(0);
        }
        else if (Epochs.IsMany(epoch))
        {
            AddRow(Epochs.Clock(epoch));
        }
        else
        {
            Add((ulong)Epochs.Thread(epoch) + 1);
            AddClock(Epochs.Thread(epoch), Epochs.Clock(epoch));
        }
    }

    /// <summary>What was published with a release.</summary>
    internal void AddPublished(ref SyncClock clock)
    {
        if (clocks != null)
            clock.Write(host, this);
    }

    /// <summary>What a frame is in.</summary>
    internal void AddFrame<TStateMachine>(ref TStateMachine machine)
    {
        Add(StateWriter<TStateMachine>.Name);
        StateWriter<TStateMachine>.Write(ref machine, this);
    }

    private void Begin()
    {
        count = 0;
        stamp++;
        lastNumber = permanent.Length;
        clocks?.Clear();
        fresh.Clear();
        reached.Clear();
    }

    private void Write(KernelThread thread)
    {
        if (clocks != null)
            WriteClocks(thread);
        if (thread.Exited)
        {
            Add(NoObject);
            return;
        }

        ref var announced = ref thread.Announced;
        var queued = thread.Queued ? thread.QueuedAsWriter ? 3UL : 1UL : 0UL;
        var waits = thread.WaitsOn == null ? 0UL : thread.Woken ? 3UL : 1UL;
        Add(1 | (ulong)announced.Kind << 8 | (ulong)announced.Offset << 16 | (ulong)thread.NextWaiter << 32 | queued << 40 | waits << 42);
        Add((uint)thread.AtomicDepth | (ulong)(uint)thread.RcuDepth << 16 | (ulong)(uint)thread.HeldCount << 32);
        AddReference(announced.Object);
        // How often something changed is no state; whether it did since the thread looked is.
        Add(announced.Kind != OperationKind.AwaitChange ? (ulong)announced.Argument
            : announced.Object.Cell<ChangeCounter>(announced.Offset).HasChangedSince(announced.Argument) ? 1UL : 0UL);
        AddReference(announced.Reference);
        AddReference(thread.Actor);
        for (var i = 0; i < thread.HeldCount; i++)
        {
            AddReference(thread.Held[i].Object);
            Add((ulong)thread.Held[i].Offset << 16 | (ulong)thread.Held[i].Class << 8 | (thread.Held[i].Shared ? 1UL : 0UL));
        }

        for (var frame = thread.Live; frame != null; frame = frame.Caller)
            frame.WriteState(this);
        Add(NoObject);
    }

    private void WriteClocks(KernelThread thread)
    {
        AddClock(thread.Index, thread.RcuCoveredUpTo);
        AddPublished(ref thread.ExitClock);
        if (thread.Exited)
            return;
        AddPublished(ref thread.WakeClock);
        for (var i = 0; i < host.ThreadCount; i++)
            AddClock(i, thread.Clock[i]);
    }

    private void AddRow(int row)
    {
        Add(AThread);
        for (var i = 0; i < host.ThreadCount; i++)
            AddClock(i, host.Clocks.Row(row)[i]);
    }

    // What was changed and is again as it was at the checkpoint was not changed. What is freed was, whether or not it can be
    // reached: who refers to it may not have changed, and is not written then.
    private void WriteIfChanged(int index)
    {
        var start = count;
        Add(ANewObject | (uint)index);
        WriteKept(index);
        if (words.AsSpan(start + 1, count - start - 1).SequenceEqual(keptWords.AsSpan(kept[index].Start, kept[index].Length)))
            count = start;
    }

    private void WriteKept(int index)
    {
        if (index < permanent.Length)
            Write(permanent[index]);
        else
            known.WriteHolder(index - permanent.Length, this);
    }

    private void WriteReached()
    {
        for (var i = 0; i < reached.Count; i++)
            Write(reached[i]);
        reached.Clear();
    }

    private void Write(KernelObject target)
    {
        var layout = target.Layout;
        var readers = target.Life == Life.WaitingForRcu ? ReadersOf(target) : 0;
        Add(layout.Name);
        Add(target.Life == Life.Alive ? ulong.MaxValue : readers);
        if (target.Life != Life.Alive && readers == 0)
            return;
        AddEpoch(target.LastAccess);
        if (clocks != null && target.Accesses != 0)
            AddRow(target.Accesses);
        layout.Write(target, this);
        target.WriteExtra(this);
    }

    /// <summary>The threads that may touch an object that waits for a grace period, a bit each.</summary>
    private ulong ReadersOf(KernelObject target)
    {
        var readers = 0UL;
        for (var i = 0; i < host.ThreadCount; i++)
        {
            var thread = host.ThreadAt(i);
            if (!thread.Exited && thread.AtomicDepth > 0 && thread.RcuSince < target.RcuSequence)
                readers |= 1UL << i;
        }

        return readers;
    }

    private int NumberOf(KernelObject target)
    {
        var identity = target.Identity;
        if (identity < permanentByIdentity.Length && permanentByIdentity[identity] != 0)
            return permanentByIdentity[identity];
        if (identity >= stamps.Length)
        {
            Array.Resize(ref stamps, 2 * identity);
            Array.Resize(ref numbers, 2 * identity);
        }

        if (stamps[identity] == stamp)
            return numbers[identity];
        if (target.Kept == null)
            throw new NotSupportedException($"a state cannot be written: {target.Name} was made by a thread, and by no slab");
        stamps[identity] = stamp;
        reached.Add(target);
        return numbers[identity] = ++lastNumber;
    }

    private bool IsNumbered(KernelObject target) => target.Identity < stamps.Length && stamps[target.Identity] == stamp;

    private void AddOther(object target)
    {
        var number = known.NumberOf(target);
        if (number >= 0)
        {
            Add(AKnownObject | (uint)number);
            return;
        }

        for (var i = 0; i < fresh.Count; i++)
        {
            if (!ReferenceEquals(fresh[i], target))
                continue;
            Add(ANewObject | (uint)i);
            return;
        }

        Add(ANewObject | (uint)fresh.Count);
        fresh.Add(target);
        StateWriters.Of(target.GetType())(target, this);
    }
}
