using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>A slot of a process's table of descriptors.</summary>
/// <param name="host">Its machine.</param>
/// <param name="name">What people call it.</param>
public sealed class FileSlot(KernelHost host, string name) : KernelObject(host)
{
    /// <summary>fdt->fd[n]: the open file, or null.</summary>
    [KernelName("fd")]
    public Pointer<OpenFile> File;

    /// <summary>Whether several threads of the process use it: then whoever works on the file takes a reference, which is steps.</summary>
    [field: Wiring]
    public bool IsShared { get; init; }

    public override string Name => $"fd:{name}";
}
