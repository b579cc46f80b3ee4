using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// struct lockref: a spinlock and a count in one word (<c>d_lockref</c>). The lockless forms work only while the lock is
/// free, so they see it held; the count of a dead object is negative.
/// </summary>
/// <remarks>
/// The kernel's lockless forms are relaxed; here they order both ways, because what their callers rely on (read sections,
/// dependencies through the pointer) is ordered in ways the detector does not follow. A missing order there is not found.
/// </remarks>
public struct LockRef : ICell
{
    /// <summary>The count of a dead object.</summary>
    public const int DeadCount = -128;

    [Wiring] private object owner;                       // the lock's class until the cell is attached, its object from then on
    private SyncClock sync;
    private int count;
    private byte holder;                                 // index of the thread + 1
    [Wiring] private LockNumber @class;
    [Wiring] private ushort offset;

    /// <summary>A free lock and a count of zero.</summary>
    public LockRef(LockClass @class)
    {
        this = default;
        owner = @class;
    }

    /// <summary>spin_lock of the lock inside.</summary>
    [Site]
    public Step Acquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.LockRefAcquire, null, function, line));

    /// <summary>spin_lock_nested of the lock inside.</summary>
    /// <param name="nested">The class it counts as here.</param>
    [Site]
    public Step Acquire(LockClass nested, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.LockRefAcquire, nested, function, line));

    /// <summary>spin_trylock of the lock inside.</summary>
    [Site]
    public Step<bool> TryAcquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Owner.AnnounceAcquire(offset, OperationKind.LockRefTry, null, function, line));

    /// <summary>spin_unlock of the lock inside: always a point, since the lockless forms see it held.</summary>
    public Step Release() => new(Owner.AnnounceRelease(offset, OperationKind.LockRefRelease, quiet: false));

    /// <summary>lockref_get: one more reference for somebody who has one.</summary>
    public Step Get() => new(Owner.Announce(offset, OperationKind.LockRefGet));

    /// <summary>lockref_get_not_dead: false if the object is dead.</summary>
    public Step<bool> GetNotDead() => new(Owner.Announce(offset, OperationKind.LockRefGetNotDead));

    /// <summary>lockref_put_return: the count after it, or -1 if the lock is held or the count was not positive.</summary>
    public Step<int> PutReturn() => new(Owner.Announce(offset, OperationKind.LockRefPutReturn));

    /// <summary>lockref_put_or_lock: true if another reference remained; otherwise the lock is held and the count untouched.</summary>
    public Step<bool> PutOrLock() => new(Owner.Announce(offset, OperationKind.LockRefPutOrLock));

    /// <summary>The count, read or written by the holder of the lock.</summary>
    public int Count
    {
        get
        {
            Holding(write: false);
            return count;
        }

        set
        {
            Holding(write: true);
            count = value;
            if (Owner.Host.Attentive)
                Owner.Host.PlainWritten(Owner, offset);
        }
    }

    /// <summary>The count, for rules and reports, and for a new object that nobody else can reach.</summary>
    public readonly int Peek => count;

    /// <summary>Sets the count of an object that no other thread can reach yet.</summary>
    public void Initialize(int count)
    {
        Owner.Touch();
        if (Owner.Host.Attentive)
            Owner.Host.Accessed(Owner, offset, AccessKind.Write);
        this.count = count;
    }

    /// <summary>Whether the running thread holds the lock.</summary>
    public readonly bool IsHeldByCurrent => holder == Owner.Host.Current.Index + 1;

    internal readonly int Holder => holder - 1;

    private readonly KernelObject Owner => Unsafe.As<KernelObject>(owner);

    public void Attach(KernelObject owner)
    {
        @class = owner.Host.LockOrder.NumberOf(this.owner as LockClass);
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => sync.Forget();

    readonly string ICell.Show() => holder == 0 ? Display.Of(count) : $"{Display.Of(count)}, held by {Owner.Host.Threads[holder - 1].Name}";

    internal void OnAcquire(KernelThread thread, LockClass? nested)
    {
        Invariant.Holds(holder == 0, "a lockref's lock is acquired only when it is free");
        var counted = ClassOf(thread, nested);
        thread.Host.LockOrder.Nest(thread, counted);
        Take(thread, counted);
    }

    internal bool OnTry(KernelThread thread)
    {
        if (holder != 0)
            return false;
        Take(thread, @class);
        return true;
    }

    internal void OnRelease(KernelThread thread)
    {
        LockOrder.Pop(thread, Owner, offset, spins: true);
        sync.Release(thread);
        holder = 0;
        thread.Host.Recheck(Owner, offset);
    }

    internal void OnGet(KernelThread thread)
    {
        if (count < 0)
        {
            var target = new Operation(Owner, offset, OperationKind.LockRefGet).Target;
            thread.Host.Report(new Finding("reference-count", $"{thread.Name} takes a reference on {target}, which is dead") { Object = Owner });
        }

        Order(thread);
        count++;
    }

    internal bool OnGetNotDead(KernelThread thread)
    {
        if (count < 0)
            return false;
        Order(thread);
        count++;
        return true;
    }

    internal int OnPutReturn(KernelThread thread)
    {
        if (holder != 0 || count <= 0)
            return -1;
        Order(thread);
        return --count;
    }

    internal bool OnPutOrLock(KernelThread thread)
    {
        if (count > 1)
        {
            Order(thread);
            count--;
            return true;
        }

        OnAcquire(thread, nested: null);
        return false;
    }

    private void Take(KernelThread thread, LockNumber counted)
    {
        sync.Acquire(thread);
        holder = (byte)(thread.Index + 1);
        thread.Host.LockOrder.Push(thread, Owner, offset, counted, shared: false, spins: true);
        thread.Host.Recheck(Owner, offset);
    }

    private void Order(KernelThread thread)
    {
        sync.Acquire(thread);
        sync.Release(thread);
    }

    private void Holding(bool write)
    {
        var thread = Owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(Owner, offset, write);
        if (holder != thread.Index + 1 && thread.HasTakenOut(Owner, offset))
        {
            ReportUnlocked(thread);
            return;
        }

        Invariant.Holds(holder == thread.Index + 1, "a lockref's count is read and written plainly under its lock only");
    }

    // A kernel without this acquire: the count is touched while another thread holds the lock, or after one that is not known to be over.
    private readonly void ReportUnlocked(KernelThread thread)
    {
        if (holder != 0 || !sync.IsKnownTo(thread))
            thread.Host.Report(new Finding("data-race", $"{thread.Name} uses the count of {Owner.TargetOf(offset)} without its lock") { Object = Owner, Offset = offset });
    }

    private readonly LockNumber ClassOf(KernelThread thread, LockClass? nested)
        => nested == null ? @class : thread.Host.LockOrder.NumberOf(nested);
}
