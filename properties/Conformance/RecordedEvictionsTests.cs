using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>Inodes are asked for and evicted in the order that the trace events of Linux 6.18 told, operation by operation.</summary>
public static class RecordedEvictionsTests
{
    // t16: the first "echo 2" freed nothing in that run; it is best effort, and 6.18 did free something in the other sequences that
    // begin like it.
    private const string Known = """
        t16 non-empty files, key present: echo 2, then 1, then 2 (which inodes leave?), root drop_caches 2:
          kernel: 
          model:  drop(f,0) drop(empty,0) drop(g,0) drop(d,0) EVICT(empty) EVICT(d)
        """;

    private static string Path
        => System.IO.Path.Combine(Documents.KernelMapTests.Root(), "properties", "Conformance", "Recordings", "linux-6.18-evictions.json");

    [Fact]
    public static void Inodes_go_in_the_recorded_order()
    {
        var sequences = RecordedEvictions.Read(Path);
        Assert.Equal(13, sequences.Count);
        Assert.Equal(180, sequences.Sum(s => s.Steps.Sum(t => t.Events.Count)));
        var differences = string.Join("\n", sequences.SelectMany(s => Differences(s, new KernelConfiguration())));
        Assert.Equal(Known, differences);
    }

    [Fact]
    public static void The_order_of_a_kernel_before_the_parents_went_too_is_another()
    {
        var older = new KernelConfiguration { Release = KernelRelease.Named("v6.1")! };
        Assert.NotEmpty(RecordedEvictions.Read(Path).SelectMany(s => Differences(s, older)));
    }

    private static List<string> Differences(RecordedEvictions sequence, KernelConfiguration configuration)
    {
        var events = new EvictionLeg(configuration).Run(sequence.ToScenario())!;
        var differences = new List<string>();
        for (var i = 0; i < sequence.Steps.Count; i++)
        {
            Assert.StartsWith("OK", events[i].Answer, StringComparison.Ordinal);
            var (expected, actual) = (string.Join(' ', sequence.Steps[i].Events), string.Join(' ', events[i].Events));
            if (expected != actual)
                differences.Add($"{sequence.Title}, {sequence.Steps[i].Text}:\n  kernel: {expected}\n  model:  {actual}");
        }

        return differences;
    }
}
