using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Language;

/// <summary>No text makes the parser or the formatter throw, or takes them long.</summary>
public static class FuzzTests
{
    private const int Large = Limits.FileBytes - 100;

    // Against hangs only; the machine may be busy.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly string[] Snippets =
    [
        "scenario t\n", "thread a\n", "setup\n", "if ", "while ", "end\n", "else\n", "repeat 2\n", "never ", "r = ", "cas(", "status(", "root cat ", "->", "\"",
        "\\", "(", ")", "[", "]", "!", "-", "1", "x", " ", "\t", "\n", "\r\n", "#", " # ", "==", "=", ",", ".", "..", ":", "*", "kernel v5.4", "user ", "shared ",
        "await ", "try_acquire l", "\0", "\uFEFF", "\uD800", "ü", "9999999999999999999", "at most 2", "id", "deadlock",
    ];

    [Property(MaxTest = 1_000)]
    public static void Characters_do_no_harm(string? text) => TryAll("scenario t\n" + text);

    [Property(MaxTest = 1_000)]
    public static void Bytes_do_no_harm(byte[] bytes) => TryAll(Encoding.Latin1.GetString(bytes));

    [Property(MaxTest = 2_000)]
    public static Property Snippets_do_no_harm() => Prop.ForAll(
        Gen.ArrayOf(Gen.Elements(Snippets)).ToArbitrary(), parts => TryAll("scenario t\nthread a\n" + string.Concat(parts)));

    [Property(MaxTest = 200)]
    public static Property Changed_scenarios_do_no_harm() => Prop.ForAll(
        SyntaxTrees.Scenarios.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(),
        (tree, seed) => TryAll(Changed(SyntaxText.Print(tree), new Random(seed))));

    [Theory]
    [InlineData("(")]
    [InlineData("!")]
    [InlineData("-")]
    [InlineData("\n")]
    [InlineData(" ")]
    [InlineData("a ")]
    [InlineData("\"")]
    [InlineData("\\")]
    [InlineData("#")]
    [InlineData("=")]
    [InlineData("\0")]
    [InlineData("if x\n")]
    [InlineData("end\n")]
    [InlineData("else\n")]
    [InlineData("r=1\n")]
    [InlineData("thread a\n")]
    [InlineData("setup\n")]
    [InlineData("user u 1\n")]
    [InlineData("never x\n")]
    [InlineData("never status(K1)\n")]
    [InlineData("without rule r\n")]
    [InlineData("root cat \"d\" # c\n")]
    [InlineData("# comment\n")]
    public static void A_large_file_is_read_at_once(string part)
    {
        var watch = Stopwatch.StartNew();
        var many = string.Concat(Enumerable.Repeat(part, Large / part.Length));
        TryAll(many);
        TryAll("scenario t\nthread a\n" + many);
        TryAll("scenario t\nthread a\nr = " + many);
        TryAll("scenario t\n" + many);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Patience);
    }

    [Theory]
    [InlineData("r = 1", "+1")]
    [InlineData("r = x", "[1]")]
    [InlineData("r = ", "(")]
    [InlineData("r = ", "! ")]
    [InlineData("r = ", "a[")]
    [InlineData("root cat", " a")]
    [InlineData("root cat", " \"\\\\\"")]
    [InlineData("never ", "status(")]
    [InlineData("never ", "status( ")]
    [InlineData("shared x0", ",x")]
    [InlineData("never status(", " ")]
    [InlineData("shared x", " = -")]
    public static void Long_lines_are_read_at_once(string begin, string part)
    {
        var watch = Stopwatch.StartNew();
        var line = begin + string.Concat(Enumerable.Repeat(part, (Limits.LineLength - begin.Length) / part.Length)) + "\n";
        TryAll("scenario t\nthread a\n" + line + line);
        TryAll("scenario t\nthread a\n" + string.Concat(Enumerable.Repeat(line, Large / line.Length)));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Patience);
    }

    private static void TryAll(string text)
    {
        var diagnostics = new Diagnostics("t", text);
        var tree = ScenarioParser.Parse(diagnostics);
        Assert.Equal(diagnostics.Any, tree == null);
        Assert.All(diagnostics.Found, d => Assert.True(
            d.Place is { Line: >= 1, Column: >= 1, Length: >= 1 } && d.Message.Length is > 0 and < 300 && !d.Message.Contains('\n'), $"{d}"));
        diagnostics.Format();
        if (tree != null && text.Length < Limits.FileBytes / 10)
            RoundTripTests.AssertFormatted(text);
    }

    private static string Changed(string text, Random random)
    {
        var separator = random.Next(2) == 0 ? ' ' : '\n';
        var parts = text.Split(separator).ToList();
        for (var i = random.Next(1, 4); i > 0 && parts.Count > 1; i--)
        {
            var (at, other) = (random.Next(parts.Count), random.Next(parts.Count));
            switch (random.Next(4))
            {
                case 0:
                    parts.RemoveAt(at);
                    break;
                case 1:
                    parts.Insert(other, parts[at]);
                    break;
                case 2:
                    (parts[at], parts[other]) = (parts[other], parts[at]);
                    break;
                default:
                    parts[at] = parts[at].Length == 0 ? "\"" : parts[at].Remove(random.Next(parts[at].Length), 1);
                    break;
            }
        }

        return string.Join(separator, parts);
    }
}
