using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// No memory is leaked (what kmemleak looks for): at rest, whatever is allocated is where the kernel finds it again. Each slab knows where
/// that is; what belongs to a system call is gone by then. What processes own, open files and keys of their own, is not asked.
/// </summary>
internal sealed class LostMemory : IRule
{
    public string Name => "memory-leak";

    public string Summary => "at rest nothing is allocated that nobody finds any more";

    public void CheckAtEnd(Kernel kernel)
    {
        if (kernel.Host.FirstLost() is { } lost)
            kernel.Host.Report(new Finding(Name, $"{lost.Name} is in memory, and nobody finds it any more") { Object = lost });
    }
}
