namespace Fscrypt.Sim.Model.Machine;

/// <summary>How a step touches a cell. Two accesses commute if both are of one kind, and that is not a write.</summary>
public enum AccessKind : byte
{
    /// <summary>It only looks.</summary>
    Read,

    /// <summary>It changes the cell so that the order of several such changes cannot be seen: atomic_inc, down_read.</summary>
    Add,

    /// <summary>It takes a reference where there is one: refcount_inc, refcount_inc_not_zero that succeeds.</summary>
    Get,

    /// <summary>Anything else.</summary>
    Write,
}

/// <summary>A cell that a step touched.</summary>
/// <param name="Cell">Its number, which is the same in every execution.</param>
/// <param name="Kind">How.</param>
/// <param name="Held">For a spinlock or a lockref: whether it was held afterwards.</param>
public readonly record struct Access(int Cell, AccessKind Kind, bool Held);

/// <summary>
/// What a step of a thread touched, written down while it ran: the effect of its operation, by what it came to, and all that
/// followed up to the next announcement. Searches that reduce ask which steps commute; nothing else reads it.
/// </summary>
/// <remarks>
/// A cell is numbered when it is first seen, by names that no schedule changes: of objects that were there at the checkpoint
/// their number, of others (the thread that allocated it, how many it had allocated before). An object stands for a cell of
/// its own, which every access reads and a free writes. Nothing is allocated in steady state.
/// </remarks>
public sealed class AccessLog
{
    private const uint MadeLater = 1u << 31;
    private const uint OfThread = 3u << 30;
    private const uint OfMachine = 7u << 29;
    private const int FirstLate = 2;
    private const int Secrets = 1 << 16;

    private readonly List<(ulong Freed, int Thread)> late;

    private Access[] accesses = new Access[64];
    private ulong[] keys = new ulong[1024];
    private int[] numbers = new int[1024];
    private int length;

    /// <summary>An empty one.</summary>
    /// <param name="earlier">What an earlier search learnt, or null.</param>
    public AccessLog(AccessLog? earlier = null) => late = earlier == null ? [] : [.. earlier.late];

    /// <summary>
    /// Whether it turned out that steps do not commute that were taken to: then what was left out until now has to be looked
    /// at again, by a search that begins anew with a log that has learnt it.
    /// </summary>
    public bool HasLearned { get; private set; }

    /// <summary>Whether accesses are written down.</summary>
    public bool IsRecording { get; private set; }

    /// <summary>Cells seen up to now: their numbers are below it.</summary>
    public int Cells { get; private set; }

    /// <summary>What was learnt: of what type something was freed, as a hash of its name, and who touched it late.</summary>
    public IReadOnlyList<(ulong Freed, int Thread)> Late => late;

    /// <summary>The names of all cells, in the order of their numbers.</summary>
    public ulong[] Names()
    {
        var names = new ulong[Cells];
        for (var place = 0; place < keys.Length; place++)
        {
            if (keys[place] != 0)
                names[numbers[place]] = keys[place];
        }

        return names;
    }

    /// <summary>Becomes, at the beginning, what another one was.</summary>
    /// <param name="names">Its <see cref="Names"/>.</param>
    /// <param name="learnt">Its <see cref="Late"/>.</param>
    public void Restore(ReadOnlySpan<ulong> names, ReadOnlySpan<(ulong Freed, int Thread)> learnt)
    {
        late.Clear();
        late.AddRange(learnt);
        foreach (var name in names)
            NumberOf(name);
    }

    /// <summary>The accesses of the step, in their order; a cell can come several times.</summary>
    public ReadOnlySpan<Access> Accesses => accesses.AsSpan(0, length);

    /// <summary>A step begins that is to be written down.</summary>
    public void Start()
    {
        length = 0;
        IsRecording = true;
    }

    /// <summary>What comes now is not to be written down.</summary>
    public void Stop() => IsRecording = false;

    /// <summary>The number of a cell of an object.</summary>
    internal int CellOf(KernelObject target, ushort offset) => NumberOf(NameOf(target), offset + 1);

    /// <summary>The number of the cell that stands for a thread's end.</summary>
    internal int EndOf(int thread) => NumberOf(OfThread | (uint)thread, 0);

    /// <summary>A cell of an object is touched, and so the object.</summary>
    internal void Add(KernelObject target, ushort offset, AccessKind kind, bool held = true)
    {
        if (!IsRecording)
            return;
        Add(CellOf(target, offset), kind, held);
        Add(NumberOf(NameOf(target), 0), AccessKind.Read, held: false);
    }

    /// <summary>An object is touched.</summary>
    internal void Touch(KernelObject target)
    {
        if (IsRecording)
            Add(NumberOf(NameOf(target), 0), AccessKind.Read, held: false);
    }

    /// <summary>An object is freed; with a grace period that races with the beginning of some read sections.</summary>
    internal void Free(KernelObject target, bool afterGracePeriod)
    {
        if (!IsRecording)
            return;
        Add(NumberOf(NameOf(target), 0), AccessKind.Write, held: false);
        for (var i = 0; afterGracePeriod && i < late.Count; i++)
        {
            if (late[i].Freed == target.Layout.Name)
                Machine(FirstLate + i, AccessKind.Add);
        }
    }

    /// <summary>A read section begins.</summary>
    internal void EnterSection(int thread)
    {
        for (var i = 0; i < late.Count; i++)
        {
            if (late[i].Thread == thread)
                Machine(FirstLate + i, AccessKind.Read);
        }
    }

    /// <summary>
    /// A thread touches, in a section that began early enough, what waits for a grace period. Had the section begun later
    /// it might not: from now on the beginnings of its sections do not commute with frees of such objects.
    /// </summary>
    internal void TouchLate(KernelObject target, int thread)
    {
        if (late.Contains((target.Layout.Name, thread)))
            return;
        late.Add((target.Layout.Name, thread));
        HasLearned = true;
    }

    /// <summary>A copy of a key's material is made or wiped, which commute, or all copies are looked for: one cell a key.</summary>
    internal void Secret(int key, AccessKind kind) => Machine(Secrets + key, kind);

    /// <summary>A thread is made: threads are numbered in this order.</summary>
    internal void Spawn() => Machine(1, AccessKind.Write);

    /// <summary>A thread ends, or is waited for.</summary>
    internal void End(int thread, AccessKind kind)
    {
        if (IsRecording)
            Add(EndOf(thread), kind, held: false);
    }

    /// <summary>The environment decides something in a thread's step: of the outcomes there is only one.</summary>
    internal void Choose(int thread)
    {
        if (IsRecording)
            Add(NumberOf(OfThread | (uint)thread, 1), AccessKind.Write, held: false);
    }

    private static uint NameOf(KernelObject target)
    {
        if (target.Identity <= target.Host.LastAtCheckpoint)
            return (uint)target.Identity;
        Invariant.Holds(target.Kept != null, "an object that is made in an execution comes from a slab: it needs a name that no schedule changes");
        Invariant.Holds(target.AllocationIndex < 1 << 24, "a thread allocates at most 16 million objects in an execution");
        return MadeLater | (uint)target.AllocatedBy << 24 | (uint)target.AllocationIndex;
    }

    private void Machine(int cell, AccessKind kind)
    {
        if (IsRecording)
            Add(NumberOf(OfMachine, cell), kind, held: false);
    }

    private void Add(int cell, AccessKind kind, bool held)
    {
        if (length == accesses.Length)
            Array.Resize(ref accesses, 2 * length);
        accesses[length++] = new Access(cell, kind, held);
    }

    private int NumberOf(uint name, int cell) => NumberOf((ulong)name << 17 | (uint)cell | 1UL << 63);

    // A key is never 0, which is a free place.
    private int NumberOf(ulong key)
    {
        var place = PlaceOf(key);
        if (keys[place] == key)
            return numbers[place];
        if (2 * Cells >= keys.Length)
        {
            Grow();
            place = PlaceOf(key);
        }

        keys[place] = key;
        numbers[place] = Cells;
        return Cells++;
    }

    private int PlaceOf(ulong key)
    {
        var place = (int)(key * 0x9E3779B97F4A7C15UL >> 40) & (keys.Length - 1);
        while (keys[place] != 0 && keys[place] != key)
            place = (place + 1) & (keys.Length - 1);
        return place;
    }

    private void Grow()
    {
        var (oldKeys, oldNumbers) = (keys, numbers);
        keys = new ulong[2 * oldKeys.Length];
        numbers = new int[keys.Length];
        for (var i = 0; i < oldKeys.Length; i++)
        {
            if (oldKeys[i] == 0)
                continue;
            var place = PlaceOf(oldKeys[i]);
            (keys[place], numbers[place]) = (oldKeys[i], oldNumbers[i]);
        }
    }
}
