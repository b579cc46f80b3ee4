using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Findings;

/// <summary>Explanations, reviewed as text; and that the windows they tell of are the windows there are.</summary>
public sealed class ExplainTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_lost_update_is_explained() => Explains("explain-lost-update.txt", "lost-always-x-2", """
        scenario lost
        shared x = 0, y = 0
        thread a
          y = 1
          r = x
          y = 2
          q = y
          x = r + 1
          y = 3
        thread b
          r = x
          x = r + 1
        always x == 2
        """);

    [Fact]
    public void Without_a_preemption_there_is_no_window() => Explains("explain-order.txt", "order-never-x-1", """
        scenario order
        shared x = 0
        thread a
          x = 1
        thread b
          x = 2
        never x == 1
        """);

    [Fact]
    public void A_deadlock_is_explained() => Explains("explain-deadlock.txt", "both-deadlock", """
        scenario both
        lock l[2]
        thread a
          acquire l[0]
          acquire l[1]
          release l[1]
          release l[0]
        thread b
          acquire l[1]
          acquire l[0]
          release l[0]
          release l[1]
        """);

    [Fact]
    public void A_lost_write_is_explained()
    {
        Run("explore", "remove-vs-write", "--release", "v5.4", "--quiet", "--out", directory);
        Compare("explain-lost-write.txt", "remove-vs-write-drop-inode-v5.4-lost-write");
    }

    [Fact]
    public void An_outcome_is_not_explained()
    {
        Run("explore", "textbook/sb", "--trace-outcome", "--quiet", "--out", directory);
        var outcome = Path.Combine(directory, "textbook-sb-outcome-1.trace.json");
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(TextWriter.Null, error, isTerminal: false)).Run(["explain", outcome]);
        Assert.Equal(
            (1, $"fscrypt-sim: {outcome}: the trace of an outcome; only what breaks a rule is explained (replay tells the steps)\n"), (code, error.ToString()));
    }

    private void Explains(string expected, string trace, string text)
    {
        File.WriteAllText(Path.Combine(directory, "a.scenario"), text);
        Run("explore", Path.Combine(directory, "a.scenario"), "--quiet", "--out", directory);
        Compare(expected, trace);
    }

    private void Compare(string expected, string trace)
    {
        var (code, output) = Run("explain", Path.Combine(directory, trace + ".trace.json"));
        Assert.Equal(ExitCode.Violated, code);
        ExpectedText.Compare(expected, output.Replace(directory + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
    }

    private static (int Code, string Output) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, TextWriter.Null, isTerminal: false)).Run(arguments);
        return (code, output.ToString());
    }
}
