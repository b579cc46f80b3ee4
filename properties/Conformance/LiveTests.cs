using System.Diagnostics;
using System.Text.Json;
using FsCheck.Xunit;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>
/// The kernel that runs, where it can be asked; elsewhere these are skipped, with the reason.
/// </summary>
[Collection(LiveFactAttribute.Alone)]
public sealed class LiveTests
{
    private const int Sequences = 40;

    [LiveFact]
    public void Recorded_sequences_have_the_same_results_now()
    {
        using var kernel = new KernelLeg(isSystemWide: false);
        List<Comparison> compared = [.. RecordedFile.Read(Recording).Sequences.Select(kernel.Compare)];
        Assert.Equal("", string.Join("\n", compared.Where(c => !c.Match && !c.NotModelled).Select(c => $"{c.Sequence}: {c.FirstDifference}")));
        Assert.Equal(94, compared.Count(c => c.Match));
    }

    [LiveFact]
    public void A_changed_result_is_a_difference()
    {
        using var kernel = new KernelLeg(isSystemWide: false);
        var sequence = Sequence(new RecordedStep("root", "rm_key", ["K1"], JsonDocument.Parse("""{"ret": "EBUSY"}""").RootElement));
        Assert.Equal("root rm_key K1: recorded was EBUSY, this kernel answers ENOKEY", kernel.Compare(sequence).FirstDifference);
    }

    [LiveTheory]
    [InlineData("create", "../outside")]
    [InlineData("symlink", "/etc", "s")]
    [InlineData("symlink", "../etc", "s")]
    [InlineData("create", "/etc/outside")]
    [InlineData("drop_caches", "2")]
    public void What_would_reach_out_of_the_image_is_refused(string operation, params string[] arguments)
    {
        using var kernel = new KernelLeg(isSystemWide: false);
        Assert.Throws<NotExpressibleException>(() => kernel.Run(Sequence(new RecordedStep("root", operation, arguments, default))));
        Assert.False(File.Exists("/etc/outside") || File.Exists("/outside"));
    }

    [LiveFact]
    public void Nothing_is_left()
    {
        var before = Mounts();
        using (var kernel = new KernelLeg(isSystemWide: false))
        {
            kernel.Run(new RandomSequences(1)[0], leavesOut: true);
            Assert.Equal(before, Mounts());
        }

        Assert.Equal(before, Mounts());
        Assert.Equal("", Images());
    }

    // A step that must not be done, with a file open, another one mapped, and somebody's working directory in there.
    [LiveFact]
    public void Nothing_is_left_of_a_sequence_that_fails_in_its_midst()
    {
        var before = Mounts();
        RecordedStep[] steps =
        [
            Step("root", "add_key", "K1"), Step("root", "mkdir", "d"), Step("root", "set_policy", "d", "K1"), Step("root", "create", "d/f", "hello"),
            Step("root", "open", "F", "d/f", "rw"), Step("root", "mmap", "M", "F"), Step("alice", "chdir", "d"), Step("root", "create", "../outside"),
        ];
        using (var kernel = new KernelLeg(isSystemWide: false))
        {
            Assert.Throws<NotExpressibleException>(() => kernel.Run(Sequence(steps)));
            Assert.DoesNotContain("/fs/d", Descriptors(), StringComparison.Ordinal);

            // The file system went, busy as it was: the next sequence has a fresh one.
            Assert.Equal("", kernel.Run(Sequence(Step("root", "ls", "."))).Steps[0].Result.GetProperty("names").ToString().Trim('[', ']'));
        }

        Assert.Equal(before, Mounts());
        Assert.Equal("", Images());
    }

    [LiveFact]
    public void What_is_recorded_here_is_what_was_recorded()
    {
        var to = Path.Combine(Path.GetTempPath(), $"recorded-{Environment.ProcessId}.json");
        try
        {
            using var output = new StringWriter();
            var code = new CommandLine(ScenarioCatalog.Library, new Output(output, output, isTerminal: false)).Run(["conform", "--kernel", Recording, "--record", to]);
            Assert.Equal(ExitCode.Good, code);
            Assert.Contains("94 of 102 sequences recorded", output.ToString(), StringComparison.Ordinal);
            var (now, then) = (RecordedFile.Read(to), RecordedFile.Read(Recording));
            Assert.Equal(94, now.Sequences.Count);
            foreach (var sequence in now.Sequences)
            {
                var recorded = then.Sequences.Single(s => s.Id == sequence.Id);
                Assert.Equal(recorded.Title, sequence.Title);
                Assert.Equal(recorded.Steps.Select(s => s.Text + Told(s)), sequence.Steps.Select(s => s.Text + Told(s)));
            }
        }
        finally
        {
            File.Delete(to);
        }
    }

    // An unknown kernel may answer otherwise; a known one may not.
    [LiveTheory]
    [InlineData("6.18.99-test", "6.18", ExitCode.Violated, "different:")]
    [InlineData("6.19.0", "6.18", ExitCode.Good, "the recording is of Linux 6.18")]
    [InlineData("7.3.0-rc1", "6.18", ExitCode.Good, "Linux 7.3.0-rc1 is no release of the model: differences are told, and are no failure")]
    [InlineData("5.15.0", "6.18", ExitCode.Good, "compared with v5.11")]
    public void Only_a_release_that_is_known_can_fail(string release, string recorded, int code, string said)
    {
        var path = Path.Combine(Path.GetTempPath(), $"changed-{Environment.ProcessId}.json");
        try
        {
            new RecordedFile($"Linux {recorded}", [Sequence(new RecordedStep("root", "rm_key", ["K1"], JsonDocument.Parse("""{"ret": "EBUSY"}""").RootElement))]).Write(path);
            using var output = new StringWriter();
            Assert.Equal(code, new CommandLine(ScenarioCatalog.Library, new Output(output, output, isTerminal: false), release).Run(["conform", "--kernel", path]));
            Assert.Contains(said, output.ToString(), StringComparison.Ordinal);
            Assert.Contains("s: root rm_key K1: recorded was EBUSY, this kernel answers ENOKEY\n", output.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    // The command is killed in the middle of its work, with everything mounted.
    [LiveTheory]
    [InlineData("-KILL")]
    [InlineData("-INT")]
    public void Nothing_is_left_of_what_is_killed(string signal)
    {
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
        for (var i = 0; Images(process.Id).Length > 0 && i < 200; i++)
            Thread.Sleep(10);
        Assert.Equal("", Images(process.Id));
        Assert.DoesNotContain("/mnt/fs", Mounts(), StringComparison.Ordinal);
    }

    [LiveFact]
    public void Random_sequences_are_answered_alike()
    {
        using var kernel = new KernelLeg(isSystemWide: false);
        var leg = new RandomLeg(kernel, new ModelLeg(new KernelConfiguration()));
        var random = new RandomSequences(1);
        var different = Enumerable.Range(0, Sequences).Select(i => leg.Compare(random[i], out _)).Where(c => !c.Match).ToList();
        Assert.Equal("", string.Join("\n", different.Select(c => $"{c.Sequence}: {c.FirstDifference}")));
    }

    [Property(MaxTest = 40)]
    public void Sequences_are_well_formed_and_depend_on_seed_and_number_only(ulong seed, ushort number)
    {
        var sequence = new RandomSequences(seed)[number];
        var file = ScenarioFile.Load(new Diagnostics(sequence.Id, sequence.ToScenario()));
        Assert.Equal("", file.Diagnostics.Format());
        Assert.Equal("", file.MissingText);
        Assert.Equal(sequence.ToScenario(), new RandomSequences(seed)[number].ToScenario());

        // What is bound is what was drawn: a result for each operation.
        Assert.Equal(sequence.Steps.Count, new ModelLeg(new KernelConfiguration()).AnswersTo(sequence)!.Count);
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

    private static RecordedStep Step(string actor, string operation, params string[] arguments) => new(actor, operation, arguments, default);

    // As results are compared: what a system call did not say is no part of it.
    private static string Told(RecordedStep step) => " -> " + RecordedResult.TextOf(step.Op, step.Result);

    private static string Descriptors() => string.Join('\n', Directory.GetFileSystemEntries("/proc/self/fd").Select(d => new FileInfo(d).LinkTarget)
        .Where(t => t?.StartsWith("/memfd:", StringComparison.Ordinal) != true));

    private static string Mounts() => File.ReadAllText("/proc/mounts");

    // Of this process, or of another one: who else is on the machine has images too.
    private static string Images(int? process = null) => string.Concat(Directory.GetDirectories("/sys/block", "loop*")
        .Select(d => Path.Combine(d, "loop", "backing_file")).Select(Content)
        .Where(t => t.Contains(LoopImage.NameFor(process ?? Environment.ProcessId) + " ", StringComparison.Ordinal)));

    // A device may go while it is looked at.
    private static string Content(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
