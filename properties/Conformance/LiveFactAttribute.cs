using Fscrypt.Sim.Conformance.Live;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>A test that asks the kernel that runs: skipped, with the reason, where that cannot be done.</summary>
public sealed class LiveFactAttribute : FactAttribute
{
    /// <summary>The collection of the classes that have such tests: what one of them leaves is not to be taken for another one's.</summary>
    public const string Alone = "the running kernel";

    public LiveFactAttribute() => Skip = Refusal;

    /// <summary>Why it cannot be done, or null.</summary>
    internal static string? Refusal { get; } = Probe.Refusal();
}

/// <summary>The same for a test with several rows.</summary>
public sealed class LiveTheoryAttribute : TheoryAttribute
{
    public LiveTheoryAttribute() => Skip = LiveFactAttribute.Refusal;
}
