using System.Diagnostics;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>Inodes are asked about and evicted in the order that the trace events of the kernel that runs tell, operation by operation.</summary>
[Collection(LiveFactAttribute.Alone)]
public static class LiveEvictionsTests
{
    private const int Sequences = 60;

    [LiveFact]
    public static void Inodes_go_in_the_order_of_the_running_kernel()
    {
        using var kernel = new KernelLeg(isSystemWide: false);
        var model = new EvictionLeg(new KernelConfiguration());
        var older = new EvictionLeg(new KernelConfiguration { Release = KernelRelease.Named("v6.1")! });
        var (events, differ, others) = (0, new List<string>(), 0);
        for (var i = 0; i < Sequences; i++)
        {
            var sequence = kernel.Run(new RandomSequences(1)[i], out var told, leavesOut: true);
            events += told.Sum(t => t.Count);
            if (model.Compare(sequence, told) is { Match: false } row)
                differ.Add($"{row.Sequence}: {row.FirstDifference}");
            others += older.Compare(sequence, told).Match ? 0 : 1;
        }

        Assert.Equal("", string.Join('\n', differ));
        Assert.True(events > 200 && others > 0, $"{events} events; {others} sequences go otherwise on an older kernel");
    }

    [LiveFact]
    public static void What_happened_otherwise_is_a_difference()
    {
        using var kernel = new KernelLeg(isSystemWide: false);
        RecordedStep[] steps = [Step("add_key", "K1"), Step("mkdir", "d"), Step("set_policy", "d", "K1"), Step("create", "d/f"), Step("create", "d/g"), Step("sync"), Step("rm_key", "K1")];
        var sequence = kernel.Run(new RecordedSequence("s", null, steps), out var told);
        string[] expected = ["drop(d,1)", "EVICT(d)", "drop(g,1)", "EVICT(g)", "drop(f,1)", "EVICT(f)"];
        Assert.Equal(expected, told[6]);
        var model = new EvictionLeg(new KernelConfiguration());
        Assert.True(model.Compare(sequence, told).Match);
        IReadOnlyList<string>[] otherwise = [.. told.Take(6), [.. expected.Reverse()]];
        Assert.StartsWith("step 7, root rm_key K1: the kernel's inodes: EVICT(f) drop(f,1)", model.Compare(sequence, otherwise).FirstDifference, StringComparison.Ordinal);
        Assert.False(model.Compare(sequence, [.. told.Take(6), [.. expected.Skip(2)]]).Match);
    }

    [LiveFact]
    public static void No_instance_of_the_tracer_is_left_and_those_of_the_dead_are_taken_away()
    {
        using var files = new LiveFileSystem();
        files.Renew();
        var instances = files.MountTracing() + "/instances";
        string Names() => InThere(() => string.Join(' ', Directory.GetDirectories(instances).Select(Path.GetFileName)));
        T InThere<T>(Func<T> ask)
        {
            T answer = default!;
            files.InOwnNamespace(() =>
            {
                answer = ask();
                return 0;
            });
            return answer;
        }

        // No process has so great a number.
        var dead = TraceEvents.NameFor(int.MaxValue);
        InThere(() => Directory.CreateDirectory(Path.Combine(instances, dead)));
        using (var events = new TraceEvents(files))
        {
            Assert.Contains(TraceEvents.NameFor(Environment.ProcessId), Names(), StringComparison.Ordinal);
            Assert.DoesNotContain(dead, Names(), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(TraceEvents.NameFor(Environment.ProcessId), Names(), StringComparison.Ordinal);

        // Nor is one of a command that is killed while it has one.
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in new[] { typeof(KernelLeg).Assembly.Location, "conform", "--kernel", Recording })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var name = TraceEvents.NameFor(process.Id);
        Assert.True(Comes(() => Names().Contains(name, StringComparison.Ordinal)));
        process.Kill();
        Assert.True(Comes(() => !Names().Contains(name, StringComparison.Ordinal)));
    }

    private static string Recording => Path.Combine(Documents.KernelMapTests.Root(), "properties", "Conformance", "Recordings", "linux-6.18.json");

    private static bool Comes(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > TimeSpan.FromSeconds(60))
                return false;
            Thread.Sleep(10);
        }

        return true;
    }

    private static RecordedStep Step(string operation, params string[] arguments) => new("root", operation, arguments, default);
}
