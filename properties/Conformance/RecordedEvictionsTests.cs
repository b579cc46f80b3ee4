using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
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
        var diagnostics = new Diagnostics("evictions", sequence.ToScenario());
        var syntax = ScenarioParser.Parse(diagnostics)!;
        Assert.Equal("", diagnostics.Format());
        Assert.Equal([], CallModel.MissingIn(syntax).Select(m => m.What));

        var events = sequence.Steps.Select(_ => new List<string>()).ToArray();
        ScenarioInstance? instance = null;
        var scenario = new KernelScenario("evictions", "", kernel =>
        {
            instance = CallBinding.Bind(syntax, "evictions", kernel);
            kernel.SuperBlock.Device.EndsLater = true;             // as a real disk's I/O does
            kernel.SuperBlock.Device.Later.Initialize(1_000);
            var step = 0;
            void Tell(string text)
            {
                while (!instance.Registers[step].Is("-"))
                    step++;
                events[step].Add(text);
            }

            kernel.Inodes.FileSystem = new WatchedFileSystem(kernel.Inodes.FileSystem, Tell, i => NameOf(i, kernel.Disk));
            return instance;
        });
        _ = new Simulation(scenario, configuration, new NativeHost<DepthFirst>(new DepthFirst(0)));

        var differences = new List<string>();
        for (var i = 0; i < events.Length; i++)
        {
            Assert.StartsWith("OK", instance!.Registers[i].Text, StringComparison.Ordinal);
            var (expected, actual) = (string.Join(' ', sequence.Steps[i].Events), string.Join(' ', events[i]));
            if (expected != actual)
                differences.Add($"{sequence.Title}, {sequence.Steps[i].Text}:\n  kernel: {expected}\n  model:  {actual}");
        }

        return differences;
    }

    private static string NameOf(Inode inode, Disk disk)
        => inode.Number.Value == 0 ? "-" : inode.OnDisk.Label == 0 ? "?" : disk.FileNameOf(inode.OnDisk.Label);
}
