using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A field that some thread reads or writes without the lock that guards it. Each operation says how the kernel does it:
/// marked (READ_ONCE, WRITE_ONCE, acquire, release) or unmarked and known to be harmless (<see cref="ReadRacy"/>).
/// </summary>
/// <remarks>
/// Writes are scheduling points, because a lockless reader sees them in the middle of a critical section. A plain write by
/// the lock's holder against a marked or racy read is no finding: the kernel's own detector takes aligned plain writes for
/// atomic (KCSAN_ASSUME_PLAIN_WRITES_ATOMIC, on by default).
/// </remarks>
/// <typeparam name="T">A type of at most four bytes.</typeparam>
public struct Shared<T> : ICell
    where T : unmanaged
{
    private SharedCell cell;

    /// <summary>A field that starts with a value.</summary>
    public Shared(T value)
    {
        this = default;
        cell.Bits = SharedCell.ToBits(value);
    }

    /// <summary>Plain read by a thread that holds what excludes the writers.</summary>
    public T Value => SharedCell.FromBits<T>(cell.ReadPlain());

    /// <summary>Plain write by a thread that holds what excludes other writers and plain readers.</summary>
    public Step Set(T value) => new(cell.Announce(OperationKind.SharedSet, SharedCell.ToBits(value)));

    /// <summary>Unmarked read without the lock, known to be harmless: no order, no finding. docs/FIDELITY.md lists them.</summary>
    public Step<T> ReadRacy() => new(cell.Announce(OperationKind.SharedRead));

    /// <summary>Unmarked write without the lock, known to be harmless: no order, no finding. docs/FIDELITY.md lists them.</summary>
    public Step WriteRacy(T value) => new(cell.Announce(OperationKind.SharedWriteRacy, SharedCell.ToBits(value)));

    /// <summary>READ_ONCE: no order.</summary>
    public Step<T> ReadOnce() => new(cell.Announce(OperationKind.SharedRead));

    /// <summary>WRITE_ONCE: no order.</summary>
    public Step WriteOnce(T value) => new(cell.Announce(OperationKind.SharedWrite, SharedCell.ToBits(value)));

    /// <summary>smp_load_acquire.</summary>
    [Site]
    public Step<T> LoadAcquire([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(cell.Announce(cell.Keeps(function, line) ? OperationKind.SharedReadAcquire : OperationKind.SharedRead));

    /// <summary>smp_store_release.</summary>
    [Site]
    public Step StoreRelease(T value, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(cell.Announce(cell.Keeps(function, line) ? OperationKind.SharedWriteRelease : OperationKind.SharedWrite, SharedCell.ToBits(value)));

    /// <summary>The value, for rules and reports, which are no thread of the kernel.</summary>
    public readonly T Peek => SharedCell.FromBits<T>(cell.Bits);

    /// <summary>Sets the value in an object that no other thread can reach yet.</summary>
    public void Initialize(T value) => cell.WritePlain(SharedCell.ToBits(value));

    public void Attach(KernelObject owner) => cell.Attach(owner);

    public void ForgetClocks() => cell.ForgetClocks();

    readonly string ICell.Show() => Display.Of(Peek);
}

/// <summary>What all shared fields have in common: the value as bits, so that effects need not know its type.</summary>
internal struct SharedCell : ICell, IStatePart
{
    [Wiring] private KernelObject owner;
    internal int Bits;
    private int published;                               // the row of what the last write published, if it did: its epoch is the write's
    private uint write;
    private uint read;

    public static int ToBits<T>(T value)
        where T : unmanaged
    {
        Invariant.Holds(Unsafe.SizeOf<T>() <= sizeof(int), "a shared field has at most four bytes");
        var bits = 0;
        Unsafe.As<int, T>(ref bits) = value;
        return bits;
    }

    public static T FromBits<T>(int bits)
        where T : unmanaged => Unsafe.As<int, T>(ref bits);

    // Not kept: for two bytes the cell would be eight larger.
    private readonly ushort Offset => owner.OffsetOf(ref Unsafe.AsRef(in this));

    public readonly bool Keeps(string function, int line) => owner.Host.Keeps(function, line);

    private readonly SyncClock Published => new(published, published == 0 ? 0 : write);

    public void Attach(KernelObject owner) => this.owner = owner;

    public void ForgetClocks()
    {
        write = read = 0;
        published = 0;
    }

    readonly void IStatePart.WriteState(StateEncoder encoder)
    {
        encoder.Add((ulong)Bits);
        encoder.AddEpoch(write);
        encoder.AddEpoch(read);
        var clock = Published;
        encoder.AddPublished(ref clock);
    }

    readonly string ICell.Show() => Display.Of(Bits);

    public int ReadPlain()
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(owner, Offset, write: false);
        RaceDetector.Read(owner, Offset, thread, write, ref read);
        return Bits;
    }

    public void WritePlain(int bits)
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.Accessed(owner, Offset, AccessKind.Write);
        RaceDetector.Write(owner, Offset, thread, ref write, ref read);
        Publish(thread, isRelease: false);
        Bits = bits;
    }

    public readonly KernelThread Announce(OperationKind kind, long argument = 0)
        => owner.Announce(Offset, kind, quiet: false, argument);

    public long OnRead(KernelThread thread, bool acquire)
    {
        if (acquire)
            Published.Acquire(thread);
        return Bits;
    }

    public void OnWrite(KernelThread thread, long bits, OperationKind kind)
    {
        if (kind == OperationKind.SharedSet)
            RaceDetector.Write(owner, Offset, thread, ref write, ref read);
        else if (kind != OperationKind.SharedWriteRacy)
            write = thread.Epoch;
        Publish(thread, isRelease: kind == OperationKind.SharedWriteRelease);
        Bits = (int)bits;
    }

    private void Publish(KernelThread thread, bool isRelease)
    {
        var clock = Published;
        if (isRelease)
            clock.Release(thread);
        else
            clock.Clear(thread);
        published = clock.Row;
    }
}
