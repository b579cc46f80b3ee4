using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>Scenarios as races of threads: which can be run, and that what the running kernel shows is the model's.</summary>
[Collection(LiveFactAttribute.Alone)]
public static class RaceTests
{
    private const int Runs = 70;                              // more than there are directories made at once
    private const string Setup = "scenario race\nsetup\n  root add_key K1\n  root mkdir d\n  root set_policy d K1\n  root create d/f hello\n  root sync\n";
    private const string Remounts = Setup + "  root remount\n  root add_key K1\nthread a\n  root rm_key K1 -> a\nthread b\n  alice status K1 -> b\n";
    private const string Threads = "thread a\n  root status K1 -> a\nthread b\n  root add_key K1 -> b\n";

    [Theory]
    [InlineData("thread a\n  root status K1 -> a\n", "no two threads")]
    [InlineData("background shrinker at most 1\n" + Threads, "background shrinker: what a running kernel does by itself")]
    [InlineData("fault eio in write at most 1\n" + Threads, "fault eio in write: a running kernel fails when it must")]
    [InlineData("user carol 1003 sys_admin\n" + Threads, "user carol has capabilities")]
    [InlineData("setup\n  root drop_caches 2\n" + Threads, "--system-wide allows it")]
    [InlineData("setup\n  root drop_cache_ioctl\n" + Threads, "not to be had")]
    [InlineData("setup\n  root session_key add K1\n" + Threads, "process keyrings")]
    [InlineData(Threads + "thread c\n  root remount\n", "'root remount' in a thread that races")]
    [InlineData(Threads + "thread c\n  root mkdir d\nfinally\n  root ls . -> names\n", "'root mkdir d' in a thread that races")]
    [InlineData("thread a * 2\n  root status K1 -> a\n", "two threads set a")]
    public static void What_a_running_kernel_cannot_do_is_refused(string text, string reason)
    {
        Assert.Null(Race.Of(ScenarioOf(text), isSystemWide: false, out var refusal));
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public static void A_program_is_no_race()
    {
        Assert.Null(Race.Of(ScenarioLibrary.Named("textbook/inc2")!, isSystemWide: false, out var refusal));
        Assert.Equal("it is no scenario of system calls", refusal);
    }

    [Fact]
    public static void Operations_that_are_repeated_are_written_out_for_each_copy_of_a_thread()
    {
        var race = Race.Of(ScenarioOf("thread a * 2\n  repeat 3\n    root status K1\n  end\nthread b\n  root add_key K1 -> added\n"), isSystemWide: false, out _)!;
        Assert.Equal([3, 3, 1], race.Threads.Select(t => t.Count));
        Assert.Equal([-1, 0], [race.Threads[0][2].Register, race.Threads[2][0].Register]);
        Assert.False(race.NeedsOwnFileSystem);
        Assert.True(Race.Of(ScenarioOf("setup\n  root set_policy . K1 -> refused\n" + Threads), isSystemWide: false, out _)!.NeedsOwnFileSystem);
    }

    [Fact]
    public static void Outcomes_that_the_model_has_not_are_foreign_and_those_never_seen_are_told()
    {
        var race = Race.Of(ScenarioOf(Threads), isSystemWide: false, out _)!;
        var tally = new RaceTally(race, new ModelOutcomes(["a=ABSENT b=OK", "a=PRESENT[users=1,self] b=OK"], Incomplete: null));
        tally.Count(["ABSENT", "OK"]);
        Assert.True(tally.IsGood);
        Assert.Equal(["a=PRESENT[users=1,self] b=OK"], tally.Never);
        tally.Count(["ABSENT", "EBUSY"]);
        Assert.Equal(["a=ABSENT b=EBUSY"], tally.Foreign);
        Assert.Null(tally.Reason);

        var open = new RaceTally(race, new ModelOutcomes([], "why"));
        open.Count(["ABSENT", "EBUSY"]);
        Assert.Equal("why", open.Reason);
    }

    [Fact]
    public static void A_search_that_is_not_at_its_end_says_so()
    {
        var outcomes = ModelOutcomes.Of(ScenarioLibrary.Named("races/remove-vs-create")!, new KernelConfiguration(), TimeSpan.FromMilliseconds(1));
        Assert.Equal("the model's search was not at its end in time", outcomes.Incomplete);
    }

    [LiveTheory]
    [InlineData("races/claim-vs-open", false)]
    [InlineData("races/close-vs-remove", false)]
    [InlineData(Remounts, true)]
    public static void The_running_kernel_shows_outcomes_of_the_model_only(string scenario, bool onItsOwn)
    {
        var race = Race.Of(ScenarioLibrary.Named(scenario) ?? ScenarioOf(scenario), isSystemWide: false, out _)!;
        Assert.Equal(onItsOwn, race.NeedsOwnFileSystem);
        var tally = new RaceTally(race, ModelOutcomes.Of(race.Scenario, new KernelConfiguration(), time: null));
        using (var kernel = new KernelRace(race, seed: 1, isSystemWide: false))
        {
            for (var i = 0; i < Runs; i++)
                tally.Count(kernel.Run());
        }

        Assert.Empty(tally.Foreign);
        Assert.Equal(Runs, tally.Runs);
    }

    // A kernel that only forgets the key leaves plaintext names in the cache: its model has no outcome that this kernel can show.
    [LiveFact]
    public static void An_outcome_that_the_model_has_not_is_a_violation()
    {
        var path = Path.Combine(Path.GetTempPath(), $"names-{Environment.ProcessId}.scenario");
        try
        {
            File.WriteAllText(path, Setup + "thread a\n  root rm_key K1 -> a\nthread b\n  root status K2 -> b\nfinally\n  root ls d -> names\n");
            using var output = new StringWriter();
            var cli = new CommandLine(ScenarioCatalog.Library, new Output(output, output, isTerminal: false));
            Assert.Equal(ExitCode.Violated, cli.Run(["conform", "--races", path, "--for", "100ms", "--design", "revoke-only"]));
            Assert.Contains("  a=OK b=ABSENT names=nokey(f)   <- not the model's\n", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("b=ABSENT names=f   (the model's; never seen)\n", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("different: 0 of 1 outcomes that were seen are the model's, who has 1\n", output.ToString(), StringComparison.Ordinal);
            Assert.Equal(ExitCode.Good, cli.Run(["conform", "--races", path, "--for", "100ms"]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [LiveFact]
    public static void A_set_up_that_fails_on_this_kernel_is_told()
    {
        var race = Race.Of(ScenarioOf("setup\n  root mkdir d/e\n" + Threads), isSystemWide: false, out _)!;
        using var kernel = new KernelRace(race, seed: 1, isSystemWide: false);
        Assert.Equal("the set-up's 'root mkdir d/e' gives ENOENT on this kernel", Assert.Throws<RaceSetupException>(kernel.Run).Message);
    }

    private static Scenario ScenarioOf(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("race", text.StartsWith("scenario", StringComparison.Ordinal) ? text : "scenario race\n" + text));
        return file.Scenario ?? throw new InvalidOperationException(file.Diagnostics.Format() + file.MissingText);
    }
}
