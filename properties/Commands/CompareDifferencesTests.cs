using System.Text.Json;
using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>Two designs, and a kernel with a fix and without it, side by side.</summary>
public sealed class CompareDifferencesTests
{
    [Fact]
    public void A_scenario_tells_two_designs_apart()
        => ExpectedText.Compare("differences.txt", Run("compare", "remove-vs-write", "xfstests/generic-580", "--differences").Output);

    [Fact]
    public void A_fix_changes_the_scenarios_in_which_it_matters()
        => ExpectedText.Compare("fix.txt", Run("compare", "remove-vs-write", "remove-vs-open", "bugs/write-vs-sync", "--fix", "rm-dirty-evict").Output);

    [Fact]
    public void All_that_is_broken_with_each_design_is_counted()
    {
        string[] arguments = ["compare", "--all", "remove-vs-write", "races/two-keys", "textbook/inc2", "--design", "drop-inode,walk-and-invalidate,revoke-only"];
        ExpectedText.Compare("all.txt", Run(arguments).Output);
        var rows = JsonDocument.Parse(Run([.. arguments, "--json", "--workers", "1"]).Output).RootElement.GetProperty("rows").EnumerateArray();
        Assert.Equal(["walk-and-invalidate sometimes", "revoke-only always"],
            rows.Select(r => $"{r.GetProperty("design")} {r.GetProperty("result")}").Distinct());
    }

    [Fact]
    public void Programs_can_read_both()
    {
        var difference = JsonDocument.Parse(Run("compare", "xfstests/generic-580", "--differences", "--design", "revoke-only,drop-inode", "--json").Output)
            .RootElement.GetProperty("differences")[0];
        var only = difference.GetProperty("only")[0];
        Assert.Equal(("revoke-only", false), (only.GetProperty("design").GetString(), only.GetProperty("allowed").GetBoolean()));
        var fix = JsonDocument.Parse(Run("compare", "remove-vs-write", "--fix", "2b4eae95c736", "--json").Output).RootElement;
        Assert.Equal("2b4eae95c736", fix.GetProperty("fix").GetString());
        Assert.Equal(["lost-write", "removal=OK data=hello"], fix.GetProperty("fix_rows").EnumerateArray().Select(r => r.GetProperty("what").GetString()));
    }

    [Theory]
    [InlineData("--differences: two designs part, or do not; give --design A,B", "compare", "--differences", "--design", "drop-inode")]
    [InlineData("--differences: two designs part, or do not; give --design A,B", "compare", "--differences", "--design", "drop-inode,drop-inode")]
    [InlineData("textbook/inc2 has no kernel: no design makes a difference to it; explore it", "compare", "textbook/inc2", "--differences")]
    [InlineData("no fix 'rm-dirty-evit'; the nearest is rm-dirty-evict", "compare", "--fix", "rm-dirty-evit")]
    [InlineData("--without 88b1afbf0f6b: v5.4 does not have that fix yet; the nearest release where it can be taken out is v6.1", "compare", "--fix", "88b1afbf0f6b", "--release", "v5.4")]
    public void A_mistake_is_answered_in_one_line(string message, params string[] arguments)
    {
        var (code, output, error) = Run(arguments);
        Assert.Equal((ExitCode.Usage, "", $"fscrypt-sim: {message}\n"), (code, output, error));
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, error, isTerminal: false)).Run([.. arguments, "--quiet"]);
        return (code, output.ToString(), error.ToString());
    }
}
