using System.Runtime.CompilerServices;

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
            this.value = value;
            if (thread.Host.Attentive)
                thread.Host.PlainWritten(owner, Offset);
        }
    }

    /// <summary>
    /// The field, read without what excludes its writers where that is known to be harmless: no finding, and no point of its own.
    /// </summary>
    public readonly T Racy
    {
        get
        {
            owner.Touch();
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, Offset, AccessKind.Read);
            return value;
        }
    }

    /// <summary>The value, for rules and reports, which are no thread of the kernel.</summary>
    public readonly T Peek => value;

    public void Attach(KernelObject owner) => this.owner = owner;

    public void ForgetClocks() => write = read = 0;

    readonly string ICell.Show() => Display.Of(value);

    // Not kept: for two bytes the field would be eight larger.
    private readonly ushort Offset => owner.OffsetOf(ref Unsafe.AsRef(in this));
}
