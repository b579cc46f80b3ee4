using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Search.Checkpoints;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>A search that is interrupted and gone on with says what it says otherwise, byte for byte.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    private string Checkpoint => Path.Combine(directory, "checkpoint");

    public void Dispose()
    {
        InterruptibleSearch.StopsAfter.Value = null;
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("textbook/inc3 --strategy depth-first --trace-outcome", 1, 7, 40)]
    [InlineData("textbook/inc3 --json", 3, 20, 45)]
    [InlineData("textbook/lastzero3 --strategy depth-first --preemptions 2", 11, 100)]
    [InlineData("textbook/philosophers3 --strategy depth-first", 50, 395)]
    [InlineData("textbook/philosophers3-cyclic --steps-max 100", 1, 30)]
    [InlineData("textbook/lastzero3 --strategy depth-first --shard 2/3", 20, 100)]
    [InlineData("textbook/lastzero3 --strategy depth-first --shard 2/3 --json", 20, 100)]
    [InlineData("textbook/lastzero3 --strategy depth-first --executions 200", 20, 150)]
    [InlineData("textbook/inc2 --points all --strategy depth-first", 2, 5)]
    [InlineData("remove-vs-write --release v5.4 --preemptions 2", 5, 300)]
    [InlineData("remove-vs-write --release v5.4 --preemptions 2 --json", 250, 700)]
    [InlineData("remove-vs-open --design walk-and-invalidate --preemptions 1 --without 2b4eae95c736", 60)]
    [InlineData("races/two-removers --executions 1000 --strategy random --seed 5", 1, 300, 999)]
    [InlineData("remove-vs-write --release v5.4 --executions 503 --strategy portfolio --depth 4", 200, 350)]
    [InlineData("remove-vs-write --release v5.4 --executions 500 --strategy pct --json", 200)]
    [InlineData("races/two-claims --executions 500 --strategy pos", 150)]
    [InlineData("races/two-claims --executions 500 --strategy surw --shard 2/3", 100)]
    [InlineData("textbook/inc3 --strategy states --trace-outcome", 1, 2, 30, 84)]
    [InlineData("textbook/philosophers3 --strategy states", 1, 15, 60)]
    [InlineData("textbook/philosophers3-cyclic --strategy states --preemptions 1", 2, 9, 26)]
    [InlineData("textbook/trylock-dance --strategy states --json", 1, 5)]
    [InlineData("textbook/lastzero3 --strategy dpor --trace-outcome", 1, 5, 27)]
    [InlineData("textbook/lastzero3 --strategy dpor --executions 20", 7)]
    [InlineData("textbook/inc3 --strategy sleep-sets --json", 1, 10)]
    [InlineData("textbook/philosophers2-trylock --strategy dpor --json", 1, 3)]
    [InlineData("textbook/philosophers2-rwsem --strategy sleep-sets", 2)]
    [InlineData("textbook/spin-flag --strategy dpor", 1)]
    [InlineData("textbook/fib2 --strategy dpor --points all", 3)]
    [InlineData("races/two-claims --strategy dpor --json", 1, 5)]
    [InlineData("races/two-claims --strategy sleep-sets", 40)]
    [InlineData("races/two-claims --strategy states --json", 1, 3, 100)]
    [InlineData("races/two-claims --strategy states --preemptions 1 --trace-outcome --clocks", 20)]
    [InlineData("remove-vs-unlock --strategy dpor --executions 500 --json", 130)]
    [InlineData("remove-vs-open --strategy dpor --executions 300 --design walk-and-invalidate --trace-outcome", 77)]
    public void The_same_is_printed(string arguments, params int[] looks)
    {
        var words = arguments.Split(' ');
        var whole = Explore(null, words);
        Assert.NotEqual("", whole.Output);
        foreach (var workers in new[] { "1", "2", "3" })
        {
            foreach (var stop in looks)
                AssertSame(whole, stop, workers, words);
        }
    }

    [Fact]
    public void Programs_with_large_numbers_come_to_the_same()
    {
        // Steps whose numbers have no place in the small tables, and states that have to be made wider.
        var file = Path.Combine(directory, "counting.scenario");
        File.WriteAllText(file, """
            scenario counting
            shared x
            thread t * 2
              repeat 150
                r = fetch_add(x, 1)
                r = 0
              end
              r = x
              if r > 290
                s = 1 / (300 - r)
              end
            """);
        var whole = Explore(null, file, "--strategy", "states");
        Assert.Equal(ExitCode.Violated, whole.Code);
        foreach (var stop in new[] { 1_000, 20_000 })
            AssertSame(whole, stop, "1", [file, "--strategy", "states"]);
    }

    [Fact]
    public void Random_programs_come_to_the_same()
    {
        var file = Path.Combine(directory, "a.scenario");
        for (var seed = 0; seed < 40; seed++)
        {
            File.WriteAllText(file, $"scenario random{seed}\n{RandomProgram.Text(30_000 + seed)}");
            foreach (var strategy in new[] { "states --preemptions 2", "depth-first --preemptions 2", "dpor", "sleep-sets" })
            {
                string[] words = [file, "--strategy", .. strategy.Split(' ')];
                AssertSame(Explore(null, words), 3 + (seed * 7), seed % 2 == 0 ? "1" : "2", words);
            }
        }
    }

    [Fact]
    public void An_interrupted_search_says_what_it_found_so_far_and_how_to_go_on()
    {
        var run = Explore(40, "textbook/lastzero3", "--strategy", "depth-first", "--workers", "1", "--checkpoint", Checkpoint);
        Assert.Equal((ExitCode.Undecided, $"fscrypt-sim: interrupted; to go on: fscrypt-sim explore --resume {Checkpoint}\n"), (run.Code, run.Error));
        Assert.Contains("\ninconclusive: interrupted before the search was at its end", run.Output, StringComparison.Ordinal);
        Assert.Contains("; then it was interrupted\nexecutions  40 complete", run.Output, StringComparison.Ordinal);

        var plain = Explore(40, "textbook/lastzero3", "--strategy", "depth-first", "--workers", "1");
        Assert.Equal(run.Output, plain.Output);
        Assert.Equal("fscrypt-sim: interrupted; it could be gone on with, had it had a --checkpoint FILE\n", plain.Error);

        Assert.Contains(
            "\ninconclusive: sampled 40 schedules, seed 1; interrupted before the search was at its end\n",
            Explore(40, "races/two-claims", "--executions", "100", "--workers", "1").Output, StringComparison.Ordinal);
        Assert.Contains(
            "\ninconclusive: interrupted before the search was at its end",
            Explore(4, "textbook/readers4", "--strategy", "dpor").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_was_interrupted_is_none_to_be_added_up()
    {
        var run = Explore(3, "textbook/inc3", "--strategy", "depth-first", "--shard", "1/2", "--workers", "1", "--json");
        Assert.DoesNotContain("\"shard\"", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_of_a_time_is_kept_and_more_can_be_given()
    {
        var first = Explore(40, "races/two-claims", "--for", "1h", "--checkpoint", Checkpoint);
        Assert.Contains("the same again: --executions 40 instead of --for\n", first.Output, StringComparison.Ordinal);
        using (CheckpointFile.Read(Checkpoint, out _)!.Value.Position)
            Assert.InRange(CheckpointFile.Read(Checkpoint, out _)!.Value.Header.SecondsLeft!.Value, 1, 3600);
        var second = Explore(20, "--resume", Checkpoint, "--for", "2h");
        Assert.Contains("the same again: --executions 60 instead of --for\n", second.Output, StringComparison.Ordinal);
        var end = Explore(null, "--resume", Checkpoint, "--for", "1ms");
        Assert.Equal(Plain(Explore(null, "races/two-claims", "--executions", Again(end.Output))), Plain(end));

        static string Again(string output) => output.Split("--executions ")[1].Split(' ')[0];
        static string Plain((int Code, string Output, string Error) run)
            => string.Join('\n', run.Output.Split('\n').Where(l => !l.StartsWith("the same again", StringComparison.Ordinal)));
    }

    [Fact]
    public void Options_that_say_something_else_are_refused()
    {
        Explore(3, "textbook/inc3", "--strategy", "depth-first", "--checkpoint", Checkpoint);
        var mistakes = new (string Arguments, string Message)[]
        {
            ("--seed 7", $"--seed 7: {Checkpoint} is of a search with --seed 1; leave the option out"),
            ("--preemptions 2", $"--preemptions 2: {Checkpoint} is of a search without --preemptions; leave the option out"),
            ("--strategy dpor", $"--strategy dpor: {Checkpoint} is of a search with --strategy depth-first; leave the option out"),
            ("--executions 5", $"--executions 5: {Checkpoint} is of a search without --executions; leave the option out"),
            ("--trace-outcome", $"--trace-outcome: {Checkpoint} is of a search without --trace-outcome; leave the option out"),
            ("--shard 1/2", $"--shard 1/2: {Checkpoint} is of a search without --shard; leave the option out"),
            ("--release v5.4", $"--release v5.4: {Checkpoint} is of a search with --release v6.18; leave the option out"),
            ("--without 2b4eae95c736", $"--without 2b4eae95c736: {Checkpoint} is of a search without --without; leave the option out"),
            ("textbook/inc2", $"textbook/inc2: {Checkpoint} is of a search of textbook/inc3; leave the scenario out"),
            ("nothing", "no scenario 'nothing'"),
        };
        foreach (var (arguments, message) in mistakes)
        {
            var run = Explore(null, ["--resume", Checkpoint, .. arguments.Split(' ')]);
            Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Output));
            Assert.StartsWith($"fscrypt-sim: {message}", run.Error, StringComparison.Ordinal);
        }

        Assert.Equal(ExitCode.Good, Explore(null, "textbook/inc3", "--resume", Checkpoint, "--seed", "1", "--strategy", "depth-first").Code);
    }

    [Fact]
    public void Files_that_cannot_be_gone_on_with_are_refused()
    {
        Explore(3, "textbook/inc3", "--strategy", "depth-first", "--checkpoint", Checkpoint);
        var good = File.ReadAllBytes(Checkpoint);
        var head = System.Text.Encoding.Latin1.GetString(good);
        Assert.StartsWith("a checkpoint of model version 1; ", Refusal(head.Replace("\"model\":4", "\"model\":1", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("a checkpoint of format fscrypt-sim-checkpoint-0; ", Refusal(head.Replace("checkpoint-3", "checkpoint-0", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("a damaged checkpoint: ", Refusal(head.Replace("\"seed\":1", "\"seed\":2", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("a damaged checkpoint: ", Refusal(head[..^3]), StringComparison.Ordinal);
        Assert.StartsWith("a damaged checkpoint: ", Refusal(head.Split('\n')[0] + "\n"), StringComparison.Ordinal);
        Assert.StartsWith("a damaged checkpoint: ", Refusal(head + "x"), StringComparison.Ordinal);
        Assert.Equal("not a checkpoint", Refusal("{}"));
        Assert.Equal("not a checkpoint", Refusal(""));
        Assert.Equal("not a checkpoint", Refusal("[1]\n"));
        Assert.Equal("not a checkpoint", Refusal(head[..100]));
        Assert.Equal(ExitCode.Usage, Explore(null, "--resume", Path.Combine(directory, "none")).Code);

        string Refusal(string text)
        {
            File.WriteAllBytes(Checkpoint, System.Text.Encoding.Latin1.GetBytes(text));
            var run = Explore(null, "--resume", Checkpoint);
            Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Output));
            Assert.StartsWith($"fscrypt-sim: --resume {Checkpoint}: ", run.Error, StringComparison.Ordinal);
            return run.Error.Trim('\n').Split($"{Checkpoint}: ")[1];
        }
    }

    [Theory]
    [InlineData("textbook/inc3 --engine coyote", "Coyote's searches cannot be gone on with; those of the native engine can")]
    public void Searches_that_cannot_be_gone_on_with_have_no_checkpoints(string arguments, string message)
    {
        var run = Explore(null, [.. arguments.Split(' '), "--checkpoint", Checkpoint]);
        Assert.Equal((ExitCode.Usage, $"fscrypt-sim: --checkpoint: {message}\n"), (run.Code, run.Error));
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_is_refused_before_the_search()
    {
        foreach (var path in new[] { directory, Path.Combine(directory, "none", "there") })
        {
            var run = Explore(null, "textbook/inc3", "--checkpoint", path);
            Assert.Equal(ExitCode.Usage, run.Code);
            Assert.StartsWith($"fscrypt-sim: --checkpoint {path}: ", run.Error, StringComparison.Ordinal);
        }
    }

    // Interrupted again and again, at every so many looks, until it is at its end.
    private void AssertSame((int Code, string Output, string Error) whole, int looks, string workers, string[] arguments)
    {
        var run = Explore(looks, [.. arguments, "--workers", workers, "--checkpoint", Checkpoint]);
        for (var times = 0; run.Error.Contains("interrupted", StringComparison.Ordinal); times++)
        {
            Assert.True(times < 5000, "it goes on");
            run = Explore(times > 20 ? null : looks, "--resume", Checkpoint, "--workers", workers == "3" && times % 2 == 0 ? "1" : workers,
                arguments.Contains("--json") ? "--json" : "--no-color");
        }

        Assert.Equal((whole.Code, whole.Output), (run.Code, run.Output));
    }

    private (int Code, string Output, string Error) Explore(int? looks, params string[] arguments)
    {
        InterruptibleSearch.StopsAfter.Value = looks;
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, error, isTerminal: false)).Run(["explore", .. arguments, "--out", directory]);
        return (code, output.ToString(), error.ToString());
    }
}
