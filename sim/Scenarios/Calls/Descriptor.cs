using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>A slot of the process's table of descriptors, with the name that the scenario gives it.</summary>
internal sealed class Descriptor(KernelHost host, string name) : KernelObject(host)
{
    /// <summary>The open file, or null.</summary>
    public Note<OpenFile?> File;

    /// <summary>What is mapped under this name, or null.</summary>
    public Note<Mapping?> Mapping;

    public override string Name => $"fd:{name}";
}
