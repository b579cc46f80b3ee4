using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Properties.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Findings;

/// <summary>Scenarios are made as small as they can be, and no smaller.</summary>
public sealed class ShrinkTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_lost_update_needs_two_threads_with_two_lines_each()
    {
        var smallest = Shrink("""
            scenario lost "Somebody increments while others look"
            # Three threads, of which one is no part of it.
            shared x = 0, y = 0
            lock l
            thread t * 3
              s = y
              acquire l
              release l
              r = x
              if s == 0
                y = 1
              end
              x = r + 1
            thread other
              repeat 2
                r = y
              end
            always    x >= 2
            sometimes y == 1
            """, "lost-always-x-2.trace.json", []);

        Assert.Equal(
            """
            scenario lost "Somebody increments while others look"
            shared x = 0, y = 0
            thread t * 2
              r = x
              x = r + 1
            always    x >= 2

            """.ReplaceLineEndings("\n"), smallest.Text);
        Assert.Equal((1, 4), (smallest.Trace.Preemptions, smallest.Trace.Steps.Count));
    }

    [Fact]
    public void What_coyote_found_with_many_preemptions_needs_one()
    {
        var smallest = Shrink(
            null, "remove-vs-write-drop-inode-v5.4-lost-write.trace.json",
            ["remove-vs-write", "--release", "v5.4", "--engine", "coyote", "--strategy", "random", "--seed", "3"]);

        Assert.Equal(1, smallest.Trace.Preemptions);
        Assert.Equal(
            """
            scenario remove-vs-write "a file is written and closed while its key is removed"
            setup
              root add_key K1
              root mkdir d
              root set_policy d K1
              root create d/f hello
              root open F d/f rw
            thread writer
              root write F world
              root close F
            thread remover
              root rm_key K1

            """.ReplaceLineEndings("\n"), smallest.Text);
    }

    [Fact]
    public void What_is_broken_in_every_schedule_may_stay_so()
    {
        var smallest = Shrink(
            "scenario wrong\nshared x = 0, y = 0\nthread a\n  y = 1\n  x = 1\nthread b\n  y = 2\nnever x == 1\n", "wrong-never-x-1.trace.json", []);
        Assert.Equal("scenario wrong\nshared x = 0, y = 0\nthread a\n  x = 1\nnever     x == 1\n", smallest.Text);
    }

    [Fact]
    public void A_deadlock_is_of_as_few_locks_as_it_can_be()
    {
        // One who never releases is enough for that.
        var smallest = Shrink("""
            scenario both
            lock l[3]
            shared x = 0
            thread a
              acquire l[0]
              x = 1
              acquire l[1]
              release l[1]
              release l[0]
            thread b
              acquire l[2]
              acquire l[1]
              acquire l[0]
              release l[0]
              release l[1]
              release l[2]
            """, "both-deadlock.trace.json", []);
        Assert.Equal("scenario both\nlock l[3]\nthread a\n  acquire l[1]\nthread b\n  acquire l[1]\n", smallest.Text);
    }

    [Fact]
    public void Only_violations_of_scenarios_in_files_are_shrunk()
    {
        Assert.Equal(0, Run("explore", "textbook/sb", "--trace-outcome", "--quiet").Code);
        var outcome = Path.Combine(directory, "textbook-sb-outcome-1.trace.json");
        Assert.Equal((1, $"fscrypt-sim: {outcome}: the trace of an outcome; only what breaks a rule is shrunk\n"), Mistake("shrink", outcome));

        using var tester = new CommandLineTester();
        tester.Explore("lost");
        var made = tester.TraceOf("lost", "wrong");
        var run = tester.Execute("shrink", made);
        Assert.Equal((1, $"fscrypt-sim: {made}: lost is not written in a file; only files are shrunk\n"), (run.Code, run.Error));
    }

    private (string Text, Trace Trace) Shrink(string? text, string trace, string[] arguments)
    {
        if (text != null)
        {
            File.WriteAllText(Path.Combine(directory, "a.scenario"), text);
            arguments = [Path.Combine(directory, "a.scenario")];
        }

        Assert.Equal(2, Run(["explore", .. arguments, "--quiet"]).Code);
        var run = Run("shrink", Path.Combine(directory, trace), "--quiet");
        Assert.Equal(2, run.Code);
        var small = TraceFile.FromText(File.ReadAllText(Directory.GetFiles(directory, "*-shrunk-*").Single()), out _)!;
        Assert.Contains(small.ScenarioText!, run.Output, StringComparison.Ordinal);
        Assert.Equal(2, Run("replay", Directory.GetFiles(directory, "*-shrunk-*").Single(), "--quiet").Code);
        return (small.ScenarioText!, small);
    }

    private (int Code, string Error) Mistake(params string[] arguments)
    {
        var run = Run(arguments);
        return (run.Code, run.Error);
    }

    private (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        string[] to = arguments[0] == "replay" ? [] : ["--out", directory];
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, error, isTerminal: false)).Run([.. arguments, .. to]);
        return (code, output.ToString(), error.ToString());
    }
}
