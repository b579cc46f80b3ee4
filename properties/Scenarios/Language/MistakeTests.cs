using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Language;

/// <summary>
/// What is said about mistakes. The files under Expected have what was written, after <c>></c>, and below what is said, with
/// line and column. A new case is its first part; a run of the test adds the second, which is to be reviewed.
/// </summary>
public static class MistakeTests
{
    [Theory]
    [InlineData("lines-in-a-thread.txt", "scenario t\nthread a\n")]
    [InlineData("lines-outside.txt", "scenario t\n")]
    [InlineData("expectations.txt", "scenario t\n")]
    [InlineData("files.txt", "")]
    public static void What_is_said_is_what_was_reviewed(string file, string before)
    {
        var path = Path.Combine(Folder(), "Expected", file);
        var result = new StringBuilder();
        foreach (var part in File.ReadAllText(path).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] written = [.. part.Split('\n').Where(l => l.StartsWith('>'))];
            if (written.Length == 0)
                continue;
            result.Append(result.Length == 0 ? "" : "\n").AppendJoin('\n', written).Append('\n');
            result.Append(MessagesOf(before, string.Join('\n', written.Select(l => l.Length > 2 ? l[2..] : ""))));
        }

        ExpectedText.CompareFile(path, result.ToString());
    }

    [Fact]
    public static void All_is_shown_with_its_line_and_a_caret()
    {
        var text = new Diagnostics("a.scenario", "scenario t\nthread a\n\tr = x = 1 # why\n");
        Assert.Null(ScenarioParser.Parse(text));
        Assert.Equal("a.scenario:3:8: '=' sets a variable; '==' compares\n   r = x = 1 # why\n         ^\n", text.Format());
    }

    [Theory]
    [InlineData("scenario t\nthread a\n  \u0001\n", "3:3: a control character that may not stand here: U+0001")]
    [InlineData("scenario t\nthread a\0\n", "2:9: a control character that may not stand here: U+0000")]
    [InlineData("scenario t\nthread\u00A0a\n", "2:7: a kind of space that may not stand here: U+00A0")]
    [InlineData("scenario t\nthread a # \u202E\n", "2:12: an invisible character that may not stand here: U+202E")]
    [InlineData("scenario t\rthread a\n", "1:11: a control character that may not stand here: U+000D")]
    [InlineData("", "1:1: the file is empty; a scenario begins with 'scenario NAME'")]
    [InlineData("\uFEFFthread a\n", "1:1: a file begins with 'scenario NAME', not 'thread'")]
    public static void Characters_that_nobody_sees_are_named(string text, string message)
        => Assert.Equal($"  {message}\n", MessagesOf("", text));

    [Fact]
    public static void What_is_too_large_is_refused()
    {
        Assert.Contains("a scenario may have 1 MiB", MessagesOf("scenario t\n", new string('#', Limits.FileBytes)), StringComparison.Ordinal);
        Assert.Equal("  1:4097: a line may have 4,096 characters; this one has 4,098\n", MessagesOf("scenario t\n", "# " + new string('x', 4_096)));
        Assert.Equal("  good\n", MessagesOf("scenario t\n", "# " + new string('x', 4_094)));
        Assert.Equal("  good\n", MessagesOf("scenario t\nthread a\n", Repeat(Limits.Statements, "r = 1\n")));
        Assert.Equal(
            "  10001:1: more than 10,000 statements; the rest of the file was not looked at\n",
            MessagesOf("scenario t\nthread a\n", Repeat(Limits.Statements + 1, "r = 1\n")));
        Assert.Equal("  good\n", MessagesOf("scenario t\n", "thread a * 63\nthread b\n"));
        Assert.Equal("  2:8: more than 64 threads, copies counted\n", MessagesOf("scenario t\n", "thread a * 64\nthread b\nthread c\n"));
        Assert.Equal("  good\n", MessagesOf("scenario t\nthread a\n", $"r = {Repeat(64, "(")}1{Repeat(64, ")")}"));
        Assert.Equal("  1:69: parentheses are more than 64 deep\n", MessagesOf("scenario t\nthread a\n", $"r = {Repeat(65, "(")}1{Repeat(65, ")")}"));
        Assert.Equal("  1:69: more than 64 signs in a row\n", MessagesOf("scenario t\nthread a\n", $"r = {Repeat(65, "!")}1"));
        Assert.Equal("  good\n", MessagesOf("scenario t\nthread a\n", Repeat(32, "if 1\n") + Repeat(32, "end\n")));
        Assert.Equal("  33:1: blocks are more than 32 deep\n", MessagesOf("scenario t\nthread a\n", Repeat(40, "if 1\n") + Repeat(40, "end\n")));
    }

    private static string Repeat(int times, string text) => string.Concat(Enumerable.Repeat(text, times));

    // Lines are counted from the case's own first.
    private static string MessagesOf(string before, string text)
    {
        var diagnostics = new Diagnostics("t", before + text);
        var tree = ScenarioParser.Parse(diagnostics);
        Assert.Equal(diagnostics.Any, tree == null);
        Assert.All(diagnostics.Found, d => Assert.False(d.Message.EndsWith('.') || d.Message.Contains('\n')));
        var skipped = before.Count(c => c == '\n');
        return diagnostics.Any
            ? string.Concat(diagnostics.Found.Select(d => string.Create(
                CultureInfo.InvariantCulture, $"  {d.Place.Line - skipped}:{d.Place.Column}: {d.Message}\n")))
            : "  good\n";
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
