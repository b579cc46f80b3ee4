using System.Text.Json;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Findings;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>Scenario files, and the scenarios of the library, on the command line.</summary>
public sealed class ExploreFileTests : IDisposable
{
    private const string LostUpdate = """
        scenario lost "An update is lost"
        shared x = 0
        thread t * 2
          r = x
          x = r + 1
        always x == 2
        """;

    private readonly string directory = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_file_is_explored_and_its_trace_replays_when_the_file_is_gone()
    {
        var path = Write("lost.scenario", LostUpdate);

        var explored = Run("explore", path, "--out", directory);

        Assert.Equal(2, explored.Code);
        Assert.Contains("violated: always x == 2; fewest preemptions 1", explored.Output, StringComparison.Ordinal);
        Assert.Contains("scenario lost, no kernel", explored.Output, StringComparison.Ordinal);
        var trace = Path.Combine(directory, "lost-always-x-2.trace.json");
        File.Delete(path);
        var replayed = Run("replay", trace);
        Assert.Equal(2, replayed.Code);
        Assert.Contains("again: always x == 2, the same in all 4 steps", replayed.Output, StringComparison.Ordinal);
        Assert.Contains("x = r + 1", replayed.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("textbook/inc2")]
    [InlineData("textbook/inc2.scenario")]
    public void Inc2_has_six_executions_and_three_outcomes(string name)
    {
        var (code, output, _) = Run("explore", name, "--strategy", "depth-first", "--json");

        Assert.Equal(0, code);
        using var report = JsonDocument.Parse(output);
        Assert.Equal("all-schedules", report.RootElement.GetProperty("covered").GetString());
        Assert.Equal(6, report.RootElement.GetProperty("executions").GetProperty("complete").GetInt32());
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("design").ValueKind);
        Assert.Equal(
            ["4: a.r=0 b.r=0 x=1", "1: a.r=0 b.r=1 x=2", "1: a.r=1 b.r=0 x=2"],
            report.RootElement.GetProperty("outcomes").EnumerateArray().Select(o => $"{o.GetProperty("count")}: "
                + string.Join(' ', o.GetProperty("registers").EnumerateObject().Select(r => $"{r.Name}={r.Value}"))));
    }

    [Theory]
    [InlineData("textbook/inc2", 3)]
    [InlineData("races/two-claims", 2)]
    public void Each_outcome_has_a_trace_that_leads_to_it_again(string name, int outcomes)
    {
        var (code, output, _) = Run("explore", name, "--trace-outcome", "--json", "--out", directory);

        Assert.Equal(0, code);
        using var report = JsonDocument.Parse(output);
        var found = report.RootElement.GetProperty("outcomes").EnumerateArray().ToList();
        Assert.Equal(outcomes, found.Count);
        foreach (var outcome in found)
        {
            var path = outcome.GetProperty("trace").GetString()!;
            var replayed = Run("replay", path, "--quiet");
            Assert.Equal(0, replayed.Code);
            var registers = string.Join(' ', outcome.GetProperty("registers").EnumerateObject().Select(r => $"{r.Name}={r.Value}"));
            Assert.Contains($"again: {registers}, the same in all", replayed.Output, StringComparison.Ordinal);
            Assert.Equal(Trace.OutcomeVerdict, TraceFile.FromText(File.ReadAllText(path), out _)!.Verdict);
        }
    }

    [Fact]
    public void Outcomes_and_their_traces_do_not_depend_on_the_workers()
    {
        string[] arguments = ["explore", "races/status-vs-remove", "--executions", "300", "--trace-outcome", "--json", "--out", directory];
        Assert.Equal(Run([.. arguments, "--workers", "1"]).Output, Run([.. arguments, "--workers", "3"]).Output);
    }

    [Theory]
    [InlineData("textbook/inc3", "--design", "drop-inode", "fscrypt-sim: textbook/inc3 has no kernel: --design makes no difference to it; leave it out\n")]
    [InlineData("textbook/inc3", "--release", "v5.4", "fscrypt-sim: textbook/inc3 has no kernel: --release makes no difference to it; leave it out\n")]
    [InlineData("textbok/inc3", "--seed", "1", "fscrypt-sim: no file 'textbok/inc3', and no scenario 'textbok/inc3'; the nearest are textbook/inc3, textbook/inc2\n")]
    [InlineData("remove-vs-wrote", "--seed", "1", "fscrypt-sim: no scenario 'remove-vs-wrote'; the nearest is remove-vs-write\n")]
    public void A_mistake_is_answered_in_one_line(string name, string option, string value, string message)
    {
        var (code, output, error) = Run("explore", name, option, value);
        Assert.Equal((1, "", message), (code, output, error));
    }

    [Fact]
    public void A_release_for_which_a_scenario_makes_no_sense_is_refused_and_left_out_of_a_comparison()
    {
        var path = Write("new.scenario", """
            scenario new "For new kernels only"
            kernel v6.1..
            setup
              root add_key K1
            thread a
              root rm_key K1 -> r
            always r == "OK"
            """);

        var refused = Run("explore", path, "--release", "v5.4");
        Assert.Equal((1, "fscrypt-sim: new is for kernel v6.1..; v5.4 is none of them, v6.1 is\n"), (refused.Code, refused.Error));
        Assert.Equal(0, Run("explore", path).Code);
        var compared = Run("compare", path, "--preemptions", "1", "--json");
        Assert.Equal(0, compared.Code);
        Assert.DoesNotContain("v5.4", compared.Output, StringComparison.Ordinal);
        Assert.Contains("v6.18", compared.Output, StringComparison.Ordinal);
        var program = Run("compare", "textbook/inc2");
        Assert.Equal((1, "fscrypt-sim: textbook/inc2 has no kernel: no design makes a difference to it; explore it\n"), (program.Code, program.Error));
    }

    [Fact]
    public void A_set_up_that_fails_is_a_mistake_of_the_file()
    {
        var path = Write("locked.scenario", """
            scenario locked
            setup
              root mkdir d
              alice set_policy d K1
            thread a
              root cat d/f
            """);

        var (code, _, error) = Run("explore", path);

        Assert.Equal(1, code);
        Assert.Equal($"fscrypt-sim: {path}:4:3: in the set-up 'alice set_policy d K1' gives EACCES; if that is meant, keep it in a "
            + "register: alice set_policy d K1 -> result\n", error);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_gives_EBADF()
    {
        var path = Write("closed.scenario", """
            scenario closed
            setup
              root create f hello
              root open F f w
              root close F
            thread a
              root close F -> a
              root write F x -> b
              root read F -> c
              root open F f w -> d
              root read F -> e
              root write F "HE" -> f
            finally
              root cat f -> data
            always a == "EBADF" && b == "EBADF" && c == "EBADF" && d == "OK" && e == "EBADF" && f == "OK" && data == "HEllo"
            """);
        Assert.Equal(0, Run("explore", path).Code);
    }

    [Fact]
    public void A_loop_without_a_shared_access_is_cut_and_told()
    {
        var path = Write("loop.scenario", "scenario loop\nshared x = 0\nthread a\n  x = 1\n  while 1\n    r = r + 1\n  end\n");
        var (code, output, _) = Run("explore", path);
        Assert.Equal(4, code);
        Assert.Contains("inconclusive: 1 execution was cut: a ran 10,000 rounds of the loop in line 5 without a shared access", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "inconclusive: sampled 20 schedules, seed 1\n")]
    [InlineData("finally\n  root cat f -> d\n", "20 executions were cut: an execution has at most 64 threads, the kernel's own and the last part among them\n")]
    public void Sixty_four_threads_run_and_one_more_is_told(string last, string told)
    {
        var path = Write("many.scenario", "scenario many\nsetup\n  root create f hello\nthread t * 64\n  root cat f -> r\n" + last + "always r == \"hello\"\n");
        foreach (var engine in new[] { "native", "coyote" })
        {
            var (code, output, _) = Run("explore", path, "--executions", "20", "--engine", engine, "--strategy", "random");
            Assert.Equal(4, code);
            Assert.Contains(told, output, StringComparison.Ordinal);
        }

        var program = Write("program.scenario", "scenario program\nshared x = 0\nthread t * 64\n  r = fetch_add(x, 1)\nalways x == 64\n");
        Assert.Contains("sampled 20 schedules", Run("explore", program, "--executions", "20").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void A_program_without_end_is_not_searched_for_ever(string workers)
    {
        var (code, output, _) = Run("explore", "textbook/philosophers3-cyclic", "--workers", workers);
        Assert.Equal(4, code);
        Assert.Contains(
            "inconclusive: 1 execution was cut at 100,000 steps; depth-first needs threads that end, --strategy states does not", output, StringComparison.Ordinal);
        Assert.Equal(
            (1, "fscrypt-sim: --shard: executions of textbook/trylock-dance go on for 100,000 steps: they are not divided\n"),
            (Run("explore", "textbook/trylock-dance", "--shard", "1/2").Code, Run("explore", "textbook/trylock-dance", "--shard", "1/2").Error));
        Assert.Equal(0, Run("explore", "textbook/philosophers3-cyclic", "--strategy", "states").Code);
    }

    [Fact]
    public void What_is_repeated_too_often_is_refused()
    {
        var path = Write("repeat.scenario", "scenario r\nthread t\n  repeat 101\n    repeat 100\n      root sync\n    end\n  end\n");
        var (code, _, error) = Run("explore", path);
        Assert.Equal(1, code);
        Assert.Contains($"{path}:3:3: what is repeated here comes to more than 10,000 operations", error, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, error, isTerminal: false)).Run([.. arguments, .. Quiet(arguments)]);
        return (code, output.ToString(), error.ToString());
    }

    // No progress on the stream of errors.
    private static string[] Quiet(string[] arguments) => arguments[0] == "replay" || arguments.Contains("--quiet") ? [] : ["--quiet"];
}
