namespace Fscrypt.Sim.Model.Machine;

/// <summary>A watcher's own field inside an object: no thread of the kernel reads it, and no watcher watches it.</summary>
public struct Note<T> : ICell
{
    [Wiring] private KernelObject owner;
    private T value;
    [Wiring] private ushort offset;

    /// <summary>What is noted.</summary>
    public T Value
    {
        readonly get
        {
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, offset, AccessKind.Read);
            return value;
        }

        set
        {
            owner.WillChange();
            if (owner.Host.Attentive)
                owner.Host.Accessed(owner, offset, AccessKind.Write);
            this.value = value;
        }
    }

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public readonly void ForgetClocks()
    {
    }

    readonly string ICell.Show() => Display.Of(value);
}
