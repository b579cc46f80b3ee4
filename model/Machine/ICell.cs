namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A lock, counter, field or list head embedded in a <see cref="KernelObject"/>. Cells are mutable structs: they are
/// used in place, through the field that holds them, and never copied by the model.
/// </summary>
internal interface ICell
{
    /// <summary>Tells the cell which object it is embedded in.</summary>
    void Attach(KernelObject owner);

    /// <summary>Drops what the watchers remember: called where everything before happens before everything after.</summary>
    void ForgetClocks();

    /// <summary>The value as people read it in a trace.</summary>
    string Show();
}

/// <summary>A field that says where things are, not what they hold: left alone when an object's state is copied.</summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class WiringAttribute : Attribute;

/// <summary>When something happened: what the watchers remember, and nothing that the kernel's future depends on.</summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class EpochAttribute : Attribute;

/// <summary>
/// A field, or a type, whose content is no state, although it can change: filled before the first execution, or a store of what is the
/// same whenever it is made. A search that compares states does not look into it.
/// </summary>
/// <param name="why">Why its content makes no difference to what can still happen.</param>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Class)]
public sealed class NotStateAttribute(string why) : Attribute
{
    /// <summary>Why its content makes no difference to what can still happen.</summary>
    public string Why { get; } = why;
}

/// <summary>Names the field of the elements that a <see cref="KernelList{T}"/> is threaded through.</summary>
/// <param name="field">A field of type <see cref="ListLink"/> of the element type; use <c>nameof</c>.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class LinkedByAttribute(string field) : Attribute
{
    /// <summary>Name of the link's field in the element type.</summary>
    public string Field { get; } = field;
}
