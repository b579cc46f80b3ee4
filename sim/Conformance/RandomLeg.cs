using Fscrypt.Sim.Conformance.Live;

namespace Fscrypt.Sim.Conformance;

/// <summary>Random sequences on the running kernel and on the model.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="model">The model.</param>
internal sealed class RandomLeg(KernelLeg kernel, ModelLeg model)
{
    /// <summary>Runs a sequence on both and compares; a difference is told of the smallest part that has one.</summary>
    /// <param name="sequence">What to do.</param>
    /// <param name="smallest">What differs, with the kernel's answers; or what was run.</param>
    public Comparison Compare(RecordedSequence sequence, out RecordedSequence smallest)
    {
        smallest = kernel.Run(sequence, leavesOut: true);
        var compared = model.Compare(smallest);
        if (compared.Match || compared.NotModelled)
            return compared;
        var steps = SequenceShrinker.Shrink(smallest.Steps, some =>
            model.Compare(kernel.Run(sequence with { Steps = some }, leavesOut: true)) is { Match: false, NotModelled: false });
        smallest = kernel.Run(sequence with { Steps = steps }, leavesOut: true);
        return model.Compare(smallest);
    }
}
