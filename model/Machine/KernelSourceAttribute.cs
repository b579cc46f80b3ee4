namespace Fscrypt.Sim.Model.Machine;

/// <summary>Says which function of the kernel a method stands for.</summary>
/// <param name="file">Its file, from the root of the kernel's tree.</param>
/// <param name="function">Its name.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KernelSourceAttribute(string file, string function) : Attribute
{
    /// <summary>Its file, from the root of the kernel's tree.</summary>
    public string File { get; } = file;

    /// <summary>Its name.</summary>
    public string Function { get; } = function;

    /// <summary>What the method leaves out, and why that is no loss here.</summary>
    public string? Omits { get; init; }
}
