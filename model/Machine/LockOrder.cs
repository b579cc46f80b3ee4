using System.Numerics;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Watches locks as lockdep does: the order in which classes nest must have no cycle, a thread must not end or sleep with
/// a spinlock, and must release what it took itself.
/// </summary>
internal sealed class LockOrder
{
    private readonly ulong[] after = new ulong[LockClass.Limit];
    private readonly ulong[] atCheckpoint = new ulong[LockClass.Limit];
    private readonly LockClass?[] classes = new LockClass?[LockClass.Limit];

    public void Checkpoint() => after.CopyTo(atCheckpoint, 0);

    public void Restore() => atCheckpoint.CopyTo(after, 0);

    /// <summary>A blocking acquisition of a lock of <paramref name="wanted"/>: it nests inside all that the thread holds.</summary>
    public void Nest(KernelThread thread, LockClass wanted)
    {
        for (var i = 0; i < thread.HeldCount; i++)
        {
            var held = thread.Held[i].Class;
            if ((after[held.Number] >> wanted.Number & 1) == 0)
                AddEdge(thread, held, wanted);
        }
    }

    public static void Push(KernelThread thread, KernelObject owner, ushort offset, LockClass @class, bool shared, bool spins)
    {
        if (thread.HeldCount == thread.Held.Length)
            Array.Resize(ref thread.Held, 2 * thread.HeldCount);
        thread.Held[thread.HeldCount++] = new HeldLock { Object = owner, Offset = offset, Class = @class, Shared = shared };
        thread.Host.Counters.LockAcquisitions++;
        if (spins)
            thread.AtomicDepth++;
    }

    public static void Pop(KernelThread thread, KernelObject owner, ushort offset, bool spins)
    {
        for (var i = thread.HeldCount - 1; i >= 0; i--)
        {
            if (!ReferenceEquals(thread.Held[i].Object, owner) || thread.Held[i].Offset != offset)
                continue;
            thread.HeldCount--;
            for (; i < thread.HeldCount; i++)
                thread.Held[i] = thread.Held[i + 1];
            if (spins)
                thread.AtomicDepth--;
            return;
        }

        var target = new Operation(owner, offset, OperationKind.SpinRelease).Target;
        thread.Host.Report(new Finding("lock-misuse", $"{thread.Name} releases {target}, which it does not hold") { Object = owner, Offset = offset });
    }

    public static void Exits(KernelThread thread)
    {
        if (thread.HeldCount > 0)
        {
            thread.Host.Report(new Finding(
                "lock-misuse", $"{thread.Name} ends and still holds {thread.Held[thread.HeldCount - 1].Class.Name}"));
        }

        if (thread.RcuDepth > 0)
            thread.Host.Report(new Finding("lock-misuse", $"{thread.Name} ends inside an RCU read section"));
    }

    public static void MightSleep(KernelThread thread, string what)
    {
        if (thread.AtomicDepth == 0)
            return;
        var holding = thread.HeldCount > 0 ? thread.Held[thread.HeldCount - 1].Class.Name : "an RCU read section";
        thread.Host.Report(new Finding("sleep-in-atomic", $"{thread.Name} may sleep ({what}) inside {holding}"));
    }

    private void AddEdge(KernelThread thread, LockClass held, LockClass wanted)
    {
        classes[held.Number] = held;
        classes[wanted.Number] = wanted;
        if (held == wanted || Reaches(wanted.Number, held.Number))
        {
            var how = held == wanted ? "a second lock of the same class" : "and elsewhere they nest the other way round";
            thread.Host.Report(new Finding("lock-order", $"{thread.Name} takes {wanted.Name} inside {held.Name}, {how}"));
        }

        after[held.Number] |= 1UL << wanted.Number;
    }

    private bool Reaches(int from, int to)
    {
        ulong seen = 0;
        var open = after[from];
        while (open != 0)
        {
            if ((open >> to & 1) != 0)
                return true;
            var next = BitOperations.TrailingZeroCount(open);
            seen |= 1UL << next;
            open = (open | after[next]) & ~seen;
        }

        return false;
    }
}
