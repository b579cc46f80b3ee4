using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>Checkpoints of processes that are interrupted, or killed without a warning.</summary>
public sealed class CheckpointProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string directory = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    private string Checkpoint => Path.Combine(directory, "checkpoint");

    private string Scenario => Path.Combine(directory, "a.scenario");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("INT", "--strategy depth-first --workers 2")]
    [InlineData("TERM", "--strategy random --executions 200000 --workers 2")]
    [InlineData("KILL", "--strategy depth-first --workers 1")]
    [InlineData("KILL", "--strategy states")]
    public void A_process_that_is_ended_is_gone_on_with(string signal, string arguments)
    {
        File.WriteAllText(Scenario, arguments.Contains("states", StringComparison.Ordinal) ? Threads(4, 24) : Threads(3, 5));
        var whole = Explore([Scenario, .. arguments.Split(' ')]);

        var (code, error) = RunAndEnd(signal, [Scenario, .. arguments.Split(' '), "--checkpoint", Checkpoint]);
        if (signal != "KILL")
            Assert.Equal((ExitCode.Undecided, $"fscrypt-sim: interrupted; to go on: fscrypt-sim explore --resume {Checkpoint}\n"), (code, error));
        Assert.Equal(whole, Explore(["--resume", Checkpoint]));
    }

    [Theory]
    [InlineData("races/two-openers --strategy states")]
    [InlineData("remove-vs-open --strategy dpor --executions 3000")]
    public void What_another_process_knew_of_a_kernel_is_known_again(string arguments)
    {
        var words = arguments.Split(' ');
        var whole = Explore(words);
        RunAndEnd("KILL", [.. words, "--checkpoint", Checkpoint]);
        Assert.Equal(whole, Explore(["--resume", Checkpoint]));
    }

    [Fact]
    public void Without_a_checkpoint_an_interrupted_process_says_what_it_found()
    {
        File.WriteAllText(Scenario, Threads(3, 7));
        var (code, error) = RunAndEnd("INT", [Scenario, "--strategy", "depth-first"]);
        Assert.Equal(ExitCode.Undecided, code);
        Assert.EndsWith("fscrypt-sim: interrupted; it could be gone on with, had it had a --checkpoint FILE\n", error, StringComparison.Ordinal);
    }

    private static string Threads(int threads, int steps) => $"""
        scenario many
        shared x
        thread t * {threads}
          repeat {steps}
            r = fetch_add(x, 1)
            r = 0
          end
        """;

    private (int Code, string Error) RunAndEnd(string signal, string[] arguments)
    {
        var hasCheckpoint = arguments.Contains("--checkpoint");
        string[] quiet = hasCheckpoint ? ["--quiet"] : [];
        var start = new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, "explore", .. arguments, .. quiet, "--out", directory])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["FSCRYPT_SIM_CHECKPOINT_SECONDS"] = "0.1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (error)
                error.Append(line.Data).Append(line.Data == null ? "" : "\n");
        };
        process.BeginErrorReadLine();
        var waited = Stopwatch.StartNew();
        // The search is under way when there is a checkpoint, or when it has told how far it is.
        while (hasCheckpoint ? !File.Exists(Checkpoint) : !HasSaidSomething())
        {
            Assert.True(waited.Elapsed < Patience && !process.HasExited, "the search is under way before the end");
            Thread.Sleep(10);
        }

        using (var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]))!)
            kill.WaitForExit();
        Assert.True(process.WaitForExit(Patience), "it ends");
        process.WaitForExit();                            // until all that it said is here
        Assert.NotNull(output.Result);
        return (process.ExitCode, error.ToString());

        bool HasSaidSomething()
        {
            lock (error)
                return error.Length > 0;
        }
    }

    private (int Code, string Output) Explore(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, error, isTerminal: false)).Run(["explore", .. arguments, "--out", directory]);
        return (code, output.ToString());
    }
}
