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

    [Wiring] private KernelObject owner;
    [Wiring] private readonly LockClass @class;
    private SyncClock sync;
    private int count;
    private short holder;                                // index of the thread + 1
    [Wiring] private ushort offset;

    /// <summary>A free lock and a count of zero.</summary>
    public LockRef(LockClass @class)
    {
        this = default;
        owner = null!;
        this.@class = @class;
    }

    /// <summary>spin_lock of the lock inside.</summary>
    public Step Acquire() => new(owner.Announce(offset, OperationKind.LockRefAcquire));

    /// <summary>spin_lock_nested of the lock inside.</summary>
    /// <param name="nested">The class it counts as here.</param>
    public Step Acquire(LockClass nested) => new(owner.Announce(offset, OperationKind.LockRefAcquire, reference: nested));

    /// <summary>spin_trylock of the lock inside.</summary>
    public Step<bool> TryAcquire() => new(owner.Announce(offset, OperationKind.LockRefTry));

    /// <summary>spin_unlock of the lock inside: always a point, since the lockless forms see it held.</summary>
    public Step Release() => new(owner.Announce(offset, OperationKind.LockRefRelease));

    /// <summary>lockref_get: one more reference for somebody who has one.</summary>
    public Step Get() => new(owner.Announce(offset, OperationKind.LockRefGet));

    /// <summary>lockref_get_not_dead: false if the object is dead.</summary>
    public Step<bool> GetNotDead() => new(owner.Announce(offset, OperationKind.LockRefGetNotDead));

    /// <summary>lockref_put_return: the count after it, or -1 if the lock is held or the count was not positive.</summary>
    public Step<int> PutReturn() => new(owner.Announce(offset, OperationKind.LockRefPutReturn));

    /// <summary>lockref_put_or_lock: true if another reference remained; otherwise the lock is held and the count untouched.</summary>
    public Step<bool> PutOrLock() => new(owner.Announce(offset, OperationKind.LockRefPutOrLock));

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
            if (owner.Host.Attentive)
                owner.Host.PlainWritten(owner, offset);
        }
    }

    /// <summary>The count, for rules and reports, and for a new object that nobody else can reach.</summary>
    public readonly int Peek => count;

    /// <summary>Sets the count of an object that no other thread can reach yet.</summary>
    public void Initialize(int count)
    {
        owner.Touch();
        this.count = count;
    }

    /// <summary>Whether the running thread holds the lock.</summary>
    public readonly bool IsHeldByCurrent => holder == owner.Host.Current.Index + 1;

    internal readonly int Holder => holder - 1;

    readonly ushort ICell.Offset => offset;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => sync.Clear();

    readonly string ICell.Show() => holder == 0 ? Display.Of(count) : $"{Display.Of(count)}, held by {owner.Host.Threads[holder - 1].Name}";

    internal void OnAcquire(KernelThread thread, LockClass? nested)
    {
        Invariant.Holds(holder == 0, "a lockref's lock is acquired only when it is free");
        thread.Host.LockOrder.Nest(thread, nested ?? @class);
        Take(thread, nested ?? @class);
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
        LockOrder.Pop(thread, owner, offset, spins: true);
        sync.Release(thread);
        holder = 0;
        thread.Host.Recheck(owner, offset);
    }

    internal void OnGet(KernelThread thread)
    {
        if (count < 0)
        {
            var target = new Operation(owner, offset, OperationKind.LockRefGet).Target;
            thread.Host.Report(new Finding("reference-count", $"{thread.Name} takes a reference on {target}, which is dead") { Object = owner });
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

    private void Take(KernelThread thread, LockClass counted)
    {
        sync.Acquire(thread);
        holder = (short)(thread.Index + 1);
        thread.Host.LockOrder.Push(thread, owner, offset, counted, shared: false, spins: true);
        thread.Host.Recheck(owner, offset);
    }

    private void Order(KernelThread thread)
    {
        sync.Acquire(thread);
        sync.Release(thread);
    }

    private void Holding(bool write)
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(owner, offset, write);
        Invariant.Holds(holder == thread.Index + 1, "a lockref's count is read and written plainly under its lock only");
    }
}
