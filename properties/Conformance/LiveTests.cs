using System.Diagnostics;
using System.Text.Json;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;
using Fscrypt.Sim.Model;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>
/// The kernel that runs, where it can be asked; elsewhere these have nothing to look at, and <c>conform</c> says why.
/// </summary>
public sealed class LiveTests
{
    private const int Sequences = 40;
    private static readonly string? Refusal = Probe.Refusal();

    [Fact]
    public void Recorded_sequences_have_the_same_results_now()
    {
        if (Refusal != null)
            return;
        using var kernel = new KernelLeg(isSystemWide: false);
        List<Comparison> compared = [.. RecordedFile.Read(Recording).Sequences.Select(kernel.Compare)];
        Assert.Equal("", string.Join("\n", compared.Where(c => !c.Match && !c.NotModelled).Select(c => $"{c.Sequence}: {c.FirstDifference}")));
        Assert.Equal(94, compared.Count(c => c.Match));
    }

    [Fact]
    public void A_changed_result_is_a_difference()
    {
        if (Refusal != null)
            return;
        using var kernel = new KernelLeg(isSystemWide: false);
        var sequence = Sequence(new RecordedStep("root", "rm_key", ["K1"], JsonDocument.Parse("""{"ret": "EBUSY"}""").RootElement));
        Assert.Equal("root rm_key K1: recorded was EBUSY, this kernel answers ENOKEY", kernel.Compare(sequence).FirstDifference);
    }

    [Theory]
    [InlineData("create", "../outside")]
    [InlineData("symlink", "/etc", "s")]
    [InlineData("symlink", "../etc", "s")]
    [InlineData("create", "/etc/outside")]
    [InlineData("drop_caches", "2")]
    public void What_would_reach_out_of_the_image_is_refused(string operation, params string[] arguments)
    {
        if (Refusal != null)
            return;
        using var kernel = new KernelLeg(isSystemWide: false);
        Assert.Throws<NotExpressibleException>(() => kernel.Run(Sequence(new RecordedStep("root", operation, arguments, default))));
        Assert.False(File.Exists("/etc/outside") || File.Exists("/outside"));
    }

    [Fact]
    public void Nothing_is_left()
    {
        if (Refusal != null)
            return;
        var before = Mounts();
        using (var kernel = new KernelLeg(isSystemWide: false))
        {
            kernel.Run(new RandomSequences(1)[0], leavesOut: true);
            Assert.Equal(before, Mounts());
        }

        Assert.Equal(before, Mounts());
        Assert.Equal("", Images());
    }

    // The command is killed in the middle of its work, with everything mounted.
    [Theory]
    [InlineData("-KILL")]
    [InlineData("-INT")]
    public void Nothing_is_left_of_what_is_killed(string signal)
    {
        if (Refusal != null)
            return;
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in new[] { typeof(RandomLeg).Assembly.Location, "conform", "--random", "100000" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        Assert.StartsWith("running kernel", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        Assert.StartsWith("seed", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        Assert.False(process.HasExited);
        using (var kill = Process.Start("kill", [signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        process.WaitForExit();
        for (var i = 0; Images().Length > 0 && i < 200; i++)
            Thread.Sleep(10);
        Assert.Equal("", Images());
        Assert.DoesNotContain("/mnt/fs", Mounts(), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_sequences_are_answered_alike()
    {
        if (Refusal != null)
            return;
        using var kernel = new KernelLeg(isSystemWide: false);
        var leg = new RandomLeg(kernel, new ModelLeg(new KernelConfiguration()));
        var random = new RandomSequences(1);
        var different = Enumerable.Range(0, Sequences).Select(i => leg.Compare(random[i], out _)).Where(c => !c.Match).ToList();
        Assert.Equal("", string.Join("\n", different.Select(c => $"{c.Sequence}: {c.FirstDifference}")));
    }

    [Fact]
    public void A_sequence_depends_on_seed_and_number_only()
    {
        static string Text(ulong seed, int number) => string.Join('\n', new RandomSequences(seed)[number].Steps.Select(s => s.Text));
        Assert.Equal(Text(1, 7), Text(1, 7));
        Assert.NotEqual(Text(1, 7), Text(2, 7));
        Assert.Equal(RandomSequences.LengthDefault, new RandomSequences(1)[7].Steps.Count);
    }

    [Fact]
    public void What_shrinks_is_as_small_as_it_gets()
    {
        var smallest = SequenceShrinker.Shrink([.. Enumerable.Range(0, 40)], some => some.Contains(3) && some.Contains(31));
        Assert.Equal([3, 31], smallest);
    }

    private static string Recording
        => Path.Combine(Documents.KernelMapTests.Root(), "properties", "Conformance", "Recordings", "linux-6.18.json");

    private static RecordedSequence Sequence(params RecordedStep[] steps) => new("s", null, steps);

    private static string Mounts() => File.ReadAllText("/proc/mounts");

    private static string Images() => string.Concat(Directory.GetDirectories("/sys/block", "loop*")
        .Select(d => Path.Combine(d, "loop", "backing_file")).Where(File.Exists).Select(File.ReadAllText).Where(t => t.Contains("fscrypt-sim", StringComparison.Ordinal)));
}
