namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A plain field that two threads can reach, guarded by a lock or by its owner's life cycle. Reading and writing it is no
/// scheduling point; the race detector sees both.
/// </summary>
public struct Plain<T> : ICell
{
    [Wiring] private KernelObject owner;
    private T value;
    [Epoch] private uint write;
    [Epoch] private uint read;
    [Wiring] private ushort offset;

    /// <summary>A field that starts with a value.</summary>
    public Plain(T value)
    {
        this = default;
        owner = null!;
        this.value = value;
    }

    /// <summary>The field, read or written plainly by the running thread.</summary>
    public T Value
    {
        get
        {
            var thread = owner.Touch();
            if (thread.Host.Attentive)
                thread.Host.PlainAccess(owner, offset, write: false);
            RaceDetector.Read(owner, offset, thread, write, ref read);
            return value;
        }

        set
        {
            var thread = owner.Touch();
            if (thread.Host.Attentive)
                thread.Host.PlainAccess(owner, offset, write: true);
            RaceDetector.Write(owner, offset, thread, ref write, ref read);
            this.value = value;
            if (thread.Host.Attentive)
                thread.Host.PlainWritten(owner, offset);
        }
    }

    /// <summary>
    /// The field, read without what excludes its writers where that is known to be harmless: no finding, and no point of its own.
    /// </summary>
    public readonly T Racy
    {
        get
        {
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, offset, AccessKind.Read);
            return value;
        }
    }

    /// <summary>The value, for rules and reports, which are no thread of the kernel.</summary>
    public readonly T Peek => value;

    readonly ushort ICell.Offset => offset;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => write = read = 0;

    readonly string ICell.Show() => Display.Of(value);
}
