namespace Fscrypt.Sim.Scenarios;

/// <summary>Registers by name, in the order in which they were first named.</summary>
public sealed class RegisterSet
{
    private readonly OrderedDictionary<string, Register> registers = new(StringComparer.Ordinal);

    /// <summary>All of them, in their order.</summary>
    public IReadOnlyList<Register> All => registers.Values;

    /// <summary>The names, in their order.</summary>
    public IReadOnlyList<string> Names => registers.Keys;

    /// <summary>The register with a name; made if it is not there.</summary>
    public Register Named(string name)
    {
        if (!registers.TryGetValue(name, out var register))
            registers.Add(name, register = new Register(name));
        return register;
    }

    /// <summary>The register with a name, or null.</summary>
    public Register? Find(string name) => registers.GetValueOrDefault(name);
}
