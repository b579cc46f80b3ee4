using System.Numerics;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Watches locks as lockdep does: the order in which classes nest must have no cycle, a thread must not end or sleep with
/// a spinlock, and must release what it took itself.
/// </summary>
internal sealed class LockOrder
{
    private readonly ulong[] before = new ulong[LockClass.Limit];          // by class: those inside which it was taken
    private readonly ulong[] atCheckpoint = new ulong[LockClass.Limit];
    private readonly LockClass?[] classes = new LockClass?[LockClass.Limit];

    /// <summary>A lock of a class is made.</summary>
    public LockNumber NumberOf(LockClass? made)
    {
        if (made == null)
            return default;
        if (classes[made.Number] == null)
            classes[made.Number] = made;
        return LockNumbers.Of(made);
    }

    /// <summary>The kernel's name of locks of a class.</summary>
    public string NameOf(LockNumber @class) => NameOf(@class.Index());

    /// <summary>The class with a number, if a lock of it was made.</summary>
    public LockClass? Find(int number) => classes[number];

    /// <summary>Whether locks of a class may be tried.</summary>
    public bool MayTry(LockNumber @class) => @class.IsTried() || classes[@class.Index()] is { TriedUndeclared: true };

    /// <summary>Writes down what was taken inside what, where that is not as at the checkpoint.</summary>
    public void Write(StateEncoder encoder)
    {
        for (var i = 0; i < before.Length; i++)
        {
            if (before[i] == atCheckpoint[i])
                continue;
            encoder.Add((ulong)i);
            encoder.Add(before[i]);
        }
    }

    public void Checkpoint() => before.CopyTo(atCheckpoint, 0);

    public void Restore() => atCheckpoint.CopyTo(before, 0);

    /// <summary>A blocking acquisition of a lock of <paramref name="wanted"/>: it nests inside all that the thread holds.</summary>
    public void Nest(KernelThread thread, LockNumber wanted)
    {
        var unseen = thread.HeldClasses & ~before[wanted.Index()];
        if (unseen != 0)
            AddEdges(thread, unseen, wanted.Index());
    }

    public void Push(KernelThread thread, KernelObject owner, ushort offset, LockNumber @class, bool shared, bool spins)
    {
        if (thread.HeldCount == thread.Held.Length)
            Array.Resize(ref thread.Held, 2 * thread.HeldCount);
        ref var held = ref thread.Held[thread.HeldCount++];
        held.Object = owner;
        held.Offset = offset;
        held.Class = (byte)@class.Index();
        held.Shared = shared;
        held.Outside = thread.HeldClasses;
        thread.HeldClasses |= 1UL << @class.Index();
        thread.Host.Counters.LockAcquisitions++;
        thread.Host.Cost?.OnTaken(thread, owner, offset, @class.Index());
        if (spins)
            thread.EnterAtomic();
    }

    public static void Pop(KernelThread thread, KernelObject owner, ushort offset, bool spins)
    {
        thread.Host.Cost?.OnReleased(thread, owner, offset);
        var last = thread.HeldCount - 1;
        if (last >= 0 && thread.Held[last].Is(owner, offset))
        {
            thread.HeldClasses = thread.Held[last].Outside;
            thread.HeldCount = last;
            if (spins)
                thread.LeaveAtomic();
            return;
        }

        PopInner(thread, owner, offset, spins);
    }

    private static void PopInner(KernelThread thread, KernelObject owner, ushort offset, bool spins)
    {
        for (var i = thread.HeldCount - 2; i >= 0; i--)
        {
            if (!thread.Held[i].Is(owner, offset))
                continue;
            thread.HeldClasses = thread.Held[i].Outside;
            for (thread.HeldCount--; i < thread.HeldCount; i++)
            {
                thread.Held[i] = thread.Held[i + 1] with { Outside = thread.HeldClasses };
                thread.HeldClasses |= 1UL << thread.Held[i].Class;
            }

            if (spins)
                thread.LeaveAtomic();
            return;
        }

        var target = new Operation(owner, offset, OperationKind.SpinRelease).Target;
        thread.Host.Report(new Finding("lock-misuse", $"{thread.Name} releases {target}, which it does not hold") { Object = owner, Offset = offset });
    }

    public void Exits(KernelThread thread)
    {
        if (thread.HeldCount > 0)
        {
            thread.Host.Report(new Finding(
                "lock-misuse", $"{thread.Name} ends and still holds {NameOf(thread.Held[thread.HeldCount - 1].Class)}"));
        }

        if (thread.RcuDepth > 0)
            thread.Host.Report(new Finding("lock-misuse", $"{thread.Name} ends inside an RCU read section"));
    }

    public void MightSleep(KernelThread thread, LockNumber wanted)
    {
        if (thread.AtomicDepth > 0)
            ReportSleep(thread, NameOf(wanted));
    }

    public void MightSleep(KernelThread thread, string what)
    {
        if (thread.AtomicDepth > 0)
            ReportSleep(thread, what);
    }

    private void ReportSleep(KernelThread thread, string what)
    {
        var holding = thread.HeldCount > 0 ? NameOf(thread.Held[thread.HeldCount - 1].Class) : "an RCU read section";
        thread.Host.Report(new Finding("sleep-in-atomic", $"{thread.Name} may sleep ({what}) inside {holding}"));
    }

    private void AddEdges(KernelThread thread, ulong outer, int wanted)
    {
        for (; outer != 0; outer &= outer - 1)
        {
            var held = BitOperations.TrailingZeroCount(outer);
            if (held == wanted || Reaches(wanted, held))
            {
                var how = held == wanted ? "a second lock of the same class" : "and elsewhere they nest the other way round";
                thread.Host.Report(new Finding("lock-order", $"{thread.Name} takes {NameOf(wanted)} inside {NameOf(held)}, {how}"));
            }

            before[wanted] |= 1UL << held;
        }
    }

    /// <summary>Whether <paramref name="inner"/> was taken inside <paramref name="outer"/>, or inside what was.</summary>
    private bool Reaches(int outer, int inner)
    {
        ulong seen = 0;
        var open = before[inner];
        while (open != 0)
        {
            if ((open >> outer & 1) != 0)
                return true;
            var next = BitOperations.TrailingZeroCount(open);
            seen |= 1UL << next;
            open = (open | before[next]) & ~seen;
        }

        return false;
    }

    private string NameOf(int @class) => classes[@class]!.Name;
}
