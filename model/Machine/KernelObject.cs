using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// An object of the simulated kernel: whatever two kernel threads can reach. Its locks, counters and fields are
/// <see cref="ICell">cells</see>: structs embedded in the object, attached to it when it is made.
/// </summary>
/// <remarks>
/// The address of a cell is (object, offset). That is its identity for dependence, for the race detector and in traces,
/// and it is how a suspended operation finds its cell again: a C# coroutine cannot keep a <c>ref</c> across an await.
/// </remarks>
public abstract class KernelObject
{
    /// <summary>The machine this object lives in.</summary>
    public readonly KernelHost Host;

    internal readonly int Identity;                      // from 1 on in its machine; no run can see it
    internal uint LastAccess;
    internal uint RcuSequence;
    internal int Accesses;                               // a row with the last access by each thread, or 0
    private byte allocatedBy;
    internal Life Life;
    internal bool FreedByRcu;
    [Wiring] internal bool Changed;                      // in this execution

    /// <summary>Makes an object of <paramref name="host"/> and attaches the cells embedded in it.</summary>
    protected KernelObject(KernelHost host)
    {
        Host = host;
        Identity = host.Register(this);
        Layout.Attach(this);
    }

    /// <summary>Index of the thread that allocated the object: the first half of its schedule-independent name.</summary>
    public int AllocatedBy
    {
        get => allocatedBy;
        internal set => allocatedBy = checked((byte)value);
    }

    /// <summary>How many objects its thread had allocated before: the second half of that name.</summary>
    public int AllocationIndex { get; internal set; }

    /// <summary>What it was at the checkpoint, or when the first execution that made it did.</summary>
    internal KeptState? Kept => Host.KeptOf(this);

    /// <summary>What its type is made of. Found in a table: not for every step.</summary>
    internal Layout Layout => Kept?.Layout ?? Layout.Of(GetType());

    /// <summary>What people call the object: <c>ino:12</c>, <c>mk:K1</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the object may be touched: neither freed nor waiting for a grace period.</summary>
    public bool IsAlive => Life == Life.Alive;

    internal ref T Cell<T>(ushort offset)
        => ref Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref Unsafe.As<RawLayout>(this).First, offset));

    internal ushort OffsetOf<T>(ref T cell)
        => (ushort)Unsafe.ByteOffset(ref Unsafe.As<RawLayout>(this).First, ref Unsafe.As<T, byte>(ref cell));

    /// <summary>The state of an object that is not in fields: the buckets of a table.</summary>
    internal virtual void SaveExtra()
    {
    }

    internal virtual void RestoreExtra()
    {
    }

    internal virtual void ForgetExtraClocks()
    {
    }

    /// <summary>Writes down state that is not in fields.</summary>
    internal virtual void WriteExtra(StateEncoder encoder)
    {
    }

    /// <summary>The effect of a look-up in a table, which knows the type of its elements.</summary>
    internal virtual object? ApplyFind(KernelThread thread, in Operation operation)
        => throw new NotSupportedException("only a hash table is searched");

    /// <summary>Name of a cell, as in <c>ino:12.i_lock</c>.</summary>
    internal virtual string TargetOf(ushort offset) => $"{Name}.{Layout.NameOf(this, offset)}";

    /// <summary>The cells as people read them, in the order of their declaration.</summary>
    internal virtual IEnumerable<CellText> ShowCells() => Layout.Show(this);

    internal KernelObject Clone() => (KernelObject)MemberwiseClone();

    /// <summary>The running thread announces an operation on a cell of the object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal KernelThread Announce(
        ushort offset, OperationKind kind, bool quiet = false, long argument = 0, object? reference = null)
        => Host.Current.Announce(this, Operation.Pack(offset, kind, quiet), argument, reference);

    /// <summary>The same for the acquire of a lock, at a site that may be taken out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal KernelThread AnnounceAcquire(ushort offset, OperationKind kind, object? nested, string function, int line)
        => Host.KeepsLock(this, offset, kind, function, line) ? Announce(offset, kind, reference: nested) : Host.AnnounceTakenOut(this, offset);

    /// <summary>The same for its release, which is taken out where the acquire was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal KernelThread AnnounceRelease(ushort offset, OperationKind kind, bool quiet)
        => Host.Sites != null && Host.Current.SkipsRelease(this, offset) ? Host.Root.Announce(0, OperationKind.TakenOut) : Announce(offset, kind, quiet);

    /// <summary>Called before the object changes: its state will be put back at the next execution.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void WillChange()
    {
        if (!Changed)
            Host.Changes(this);
    }

    /// <summary>Called before anything else looks at the object: records the access, and reports the touch of a dead object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal KernelThread Touch()
    {
        var thread = Host.Current;
        TouchBy(thread);
        return thread;
    }

    /// <inheritdoc cref="Touch"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void TouchBy(KernelThread thread)
    {
        if (LastAccess != thread.Epoch)                  // never equal when the object is dead
            Lifetimes.Touched(this, thread);
    }

    public override string ToString() => Name;

    private sealed class RawLayout
    {
        public byte First = 0;
    }
}

/// <summary>The state of an object that each execution begins with.</summary>
/// <param name="Target">The object.</param>
/// <param name="Layout">What its type is made of.</param>
/// <param name="State">A copy of it.</param>
internal sealed record KeptState(KernelObject Target, Layout Layout, KernelObject State)
{
    public void Restore()
    {
        Layout.Copy(State, Target);
        Target.RestoreExtra();
    }
}

/// <summary>Where an object of a slab is in its life.</summary>
public enum Life : byte
{
    /// <summary>May be touched.</summary>
    Alive,

    /// <summary>Handed to call_rcu: only read sections that began before may touch it.</summary>
    WaitingForRcu,

    /// <summary>Freed: nobody may touch it.</summary>
    Freed,
}
