using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>What a scenario gives a name to: an open file, or a mapping.</summary>
/// <param name="slot">The place in the table of descriptors.</param>
internal sealed class Descriptor(FileSlot slot) : KernelObject(slot.Host)
{
    /// <summary>What is mapped under this name, or null.</summary>
    public Note<Mapping?> Mapping;

    /// <summary>The place in the table of descriptors.</summary>
    public FileSlot Slot { get; } = slot;

    public override string Name => $"map:{Slot.Name}";
}
