using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.FileSystems;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>The model gives the results that Linux 6.18 was seen to give.</summary>
public static class RecordedTests
{
    private const int Recorded = 102;

    private static string Path => System.IO.Path.Combine(Documents.KernelMapTests.Root(), "properties", "Conformance", "Recordings", "linux-6.18.json");

    /// <summary>They were recorded on ext4. Nothing that they show differs elsewhere, but that a tree can be left in another state, which the rules see.</summary>
    [Theory]
    [InlineData("ext4")]
    [InlineData("f2fs")]
    [InlineData("ubifs")]
    public static void All_sequences_have_the_recorded_results(string fileSystem)
    {
        var leg = new ModelLeg(new KernelConfiguration { FileSystem = FileSystemType.Named(fileSystem)! });
        List<Comparison> compared = [.. RecordedFile.Read(Path).Sequences.Select(leg.Compare)];
        Assert.Equal("", string.Join("\n", compared.Where(c => !c.Match).Select(c => $"{c.Sequence}: {c.FirstDifference}")));
        Assert.Equal(Recorded, compared.Count(c => c.Match));
    }
}
