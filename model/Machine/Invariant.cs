using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>What must hold in our own code. A broken invariant is an internal error, never a finding about the kernel.</summary>
public static class Invariant
{
    /// <summary>Throws unless <paramref name="condition"/> holds.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="because">A sentence that says why it does.</param>
    /// <exception cref="InvariantException">It does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Holds([DoesNotReturnIf(false)] bool condition, string because)
    {
        if (!condition)
            Fail(because);
    }

    [DoesNotReturn]
    private static void Fail(string because) => throw new InvariantException(because);
}

/// <summary>A mistake in the simulator itself.</summary>
public sealed class InvariantException(string because) : Exception($"internal error: this should hold, and does not: {because}");
