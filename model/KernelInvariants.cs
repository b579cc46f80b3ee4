using System.Collections.Immutable;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model;

/// <summary>What is so of a kernel between any two steps, each implication a sentence of its own.</summary>
public sealed class KernelInvariants
{
    /// <summary>The sentences about a kernel.</summary>
    public KernelInvariants(Kernel kernel)
        => All =
        [
            .. InodeInvariants.Of(kernel.SuperBlock, kernel.Inodes),
            .. DentryInvariants.Of(kernel.SuperBlock, kernel.Dentries),
            .. WritebackInvariants.Of(kernel.SuperBlock, kernel.Inodes, kernel.Writeback),
            .. KeyInvariants.Of(kernel.Keyring, kernel.Inodes),
            .. kernel.FileSystemInvariants,
        ];

    /// <summary>All of them. An earlier one may be why a later one is broken too.</summary>
    public ImmutableArray<StateInvariant> All { get; }

    /// <summary>The first sentence that is not so, or null.</summary>
    /// <param name="atRest">Whether no system call is under way.</param>
    /// <param name="ignored">A sentence that is not asked.</param>
    public StateInvariant? FirstBroken(bool atRest = false, string? ignored = null)
    {
        foreach (var invariant in All)
        {
            if ((atRest || !invariant.AtRest) && invariant.Sentence != ignored && invariant.FindBroken() != null)
                return invariant;
        }

        return null;
    }
}
