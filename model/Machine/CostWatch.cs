namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What <see cref="WorkCounters"/> cannot know without memory: which locks, for how long, what was evicted in vain, and how long secrets
/// lay in memory. A machine without a watch spends one comparison with null at each of these places. No state of the kernel.
/// </summary>
/// <param name="host">The machine that it watches.</param>
public sealed class CostWatch(KernelHost host)
{
    private readonly long[] taken = new long[LockClass.Limit];
    private readonly long[] longest = new long[LockClass.Limit];
    private readonly HashSet<int> evicted = [];
    private Held[] held = new Held[64];
    private int heldCount;
    private int copies;
    private int copiesSince;

    /// <summary>Inodes that were evicted although they have a name, and no key of theirs is gone.</summary>
    public long BystandersEvicted { get; private set; }

    /// <summary>Inodes that were read from the disk again after they were evicted.</summary>
    public long Refaults { get; private set; }

    /// <summary>Copies of key material in memory, times steps.</summary>
    public long Exposure { get; private set; }

    /// <summary>Steps for which a lock was held the longest, others' steps included.</summary>
    public long LongestHold { get; private set; }

    /// <summary>Begins to count anew, at the beginning of an execution: no lock is held.</summary>
    public void Begin()
    {
        Array.Clear(taken);
        Array.Clear(longest);
        evicted.Clear();
        heldCount = 0;
        BystandersEvicted = Refaults = Exposure = LongestHold = 0;
        copies = 0;
        for (var key = 0; key < host.Secrets.Keys; key++)
            copies += host.Secrets.Count(key);
        copiesSince = host.Steps;
    }

    /// <summary>Ends what is counted by steps.</summary>
    public void End() => PassTime();

    /// <summary>How often locks of a class were taken, and for how many steps one was held the longest.</summary>
    /// <param name="class">The number of the class.</param>
    public (long Taken, long LongestHold) OfClass(int @class) => (taken[@class], longest[@class]);

    internal void OnTaken(KernelThread thread, KernelObject owner, ushort offset, int @class)
    {
        taken[@class]++;
        if (heldCount == held.Length)
            Array.Resize(ref held, 2 * heldCount);
        held[heldCount++] = new Held(thread, owner, offset, @class, host.Steps);
    }

    internal void OnReleased(KernelThread thread, KernelObject owner, ushort offset)
    {
        for (var i = heldCount - 1; i >= 0; i--)
        {
            ref var one = ref held[i];
            if (one.Offset != offset || !ReferenceEquals(one.Owner, owner) || !ReferenceEquals(one.Thread, thread))
                continue;
            var steps = host.Steps - one.Since;
            longest[one.Class] = Math.Max(longest[one.Class], steps);
            LongestHold = Math.Max(LongestHold, steps);
            one = held[--heldCount];
            return;
        }
    }

    internal void OnEvicted(int number, bool isBystander)
    {
        evicted.Add(number);
        if (isBystander)
            BystandersEvicted++;
    }

    internal void OnRead(int number)
    {
        if (evicted.Contains(number))
            Refaults++;
    }

    internal void OnCopies(int change)
    {
        PassTime();
        copies += change;
    }

    private void PassTime()
    {
        Exposure += (long)copies * (host.Steps - copiesSince);
        copiesSince = host.Steps;
    }

    private readonly record struct Held(KernelThread Thread, KernelObject Owner, ushort Offset, int Class, int Since);
}
