using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Model;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>The model gives the results that Linux 6.18 was seen to give.</summary>
public static class RecordedTests
{
    private const int Recorded = 102;

    private static string Path => System.IO.Path.Combine(Documents.KernelMapTests.Root(), "properties", "Conformance", "Recordings", "linux-6.18.json");

    [Fact]
    public static void All_sequences_have_the_recorded_results()
    {
        var leg = new ModelLeg(new KernelConfiguration());
        List<Comparison> compared = [.. RecordedFile.Read(Path).Sequences.Select(leg.Compare)];
        Assert.Equal("", string.Join("\n", compared.Where(c => !c.Match).Select(c => $"{c.Sequence}: {c.FirstDifference}")));
        Assert.Equal(Recorded, compared.Count(c => c.Match));
    }
}
