using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model;

/// <summary>A kernel: the caches, the file system and the keys, on one machine.</summary>
public sealed class Kernel
{
    /// <summary>Boots a kernel on an empty machine.</summary>
    public Kernel(KernelHost host, KernelConfiguration configuration)
    {
        Host = host;
        Configuration = configuration;
    }

    /// <summary>The machine.</summary>
    public KernelHost Host { get; }

    /// <summary>Which kernel.</summary>
    public KernelConfiguration Configuration { get; }

    /// <summary>
    /// Looks at the state after the last part: breaks of rules that need no watching while threads run. Reports to the host.
    /// </summary>
    public void CheckAtEnd()
    {
    }
}
