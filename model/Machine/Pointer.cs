using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>A pointer that threads publish and read without a lock: <c>i_crypt_info</c>, <c>s_master_keys</c>.</summary>
public struct Pointer<T> : ICell
    where T : class
{
    [Wiring] private KernelObject owner;
    private T? value;
    private SyncClock sync;
    [Epoch] private uint write;
    [Epoch] private uint read;

    /// <summary>The pointer, read or written plainly by the running thread.</summary>
    public T? Value
    {
        get
        {
            var thread = owner.Touch();
            if (thread.Host.Attentive)
                thread.Host.PlainAccess(owner, Offset, write: false);
            RaceDetector.Read(owner, Offset, thread, write, ref read);
            return value;
        }

        set
        {
            var thread = owner.Touch();
            if (thread.Host.Attentive)
                thread.Host.PlainAccess(owner, Offset, write: true);
            RaceDetector.Write(owner, Offset, thread, ref write, ref read);
            sync.Clear(thread);
            this.value = value;
            if (thread.Host.Attentive)
                thread.Host.PlainWritten(owner, Offset);
        }
    }

    /// <summary>READ_ONCE: no order.</summary>
    public StepTo<T> ReadOnce() => new(owner.Announce(Offset, OperationKind.PointerRead));

    /// <summary>smp_load_acquire, rcu_dereference.</summary>
    [Site]
    public StepTo<T> LoadAcquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(owner.Announce(Offset, owner.Host.Keeps(function, line) ? OperationKind.PointerReadAcquire : OperationKind.PointerRead));

    /// <summary>smp_store_release, rcu_assign_pointer.</summary>
    [Site]
    public Step StoreRelease(T? value, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(owner.Announce(Offset, owner.Host.Keeps(function, line) ? OperationKind.PointerWriteRelease : OperationKind.PointerWrite, reference: value));

    /// <summary>WRITE_ONCE: no order.</summary>
    public Step WriteOnce(T? value) => new(owner.Announce(Offset, OperationKind.PointerWrite, reference: value));

    /// <summary>cmpxchg_release from NULL; true if this thread's value went in.</summary>
    [Site]
    public Step<bool> PublishIfNull(T value, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(owner.Announce(Offset, OperationKind.PointerCompareExchange, argument: owner.Host.Keeps(function, line) ? 0 : 1, reference: value));

    /// <summary>The pointer, for rules and reports, which are no thread of the kernel.</summary>
    public readonly T? Peek => value;

    public void Attach(KernelObject owner) => this.owner = owner;

    public void ForgetClocks()
    {
        write = read = 0;
        sync.Forget();
    }

    readonly string ICell.Show() => Display.Of(value);

    // The effects below run on Pointer<object>: a pointer has the same layout whatever it points to.
    internal T? OnRead(KernelThread thread, bool acquire)
    {
        if (acquire)
            sync.Acquire(thread);
        return value;
    }

    internal void OnWrite(KernelThread thread, T? next, bool release)
    {
        write = thread.Epoch;
        if (release)
            sync.Release(thread);
        else
            sync.Clear(thread);
        value = next;
    }

    internal bool OnPublishIfNull(KernelThread thread, T? next, bool release)
    {
        if (value != null)
            return false;
        OnWrite(thread, next, release);
        return true;
    }

    // Not kept: for two bytes the field would be eight larger.
    private readonly ushort Offset => owner.OffsetOf(ref Unsafe.AsRef(in this));
}
