using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Language;

/// <summary>What is printed is parsed to the same tree, and formatting changes no tree.</summary>
public static partial class RoundTripTests
{
    [Property(MaxTest = 100)]
    public static Property A_printed_tree_is_parsed_to_the_same() => Prop.ForAll(SyntaxTrees.Scenarios.ToArbitrary(), tree =>
    {
        var text = SyntaxText.Print(tree);
        Assert.Equal(SyntaxText.Dump(tree), SyntaxText.Dump(Parse(text)));
    });

    [Property(MaxTest = 40)]
    public static Property Formatting_keeps_the_tree_and_is_done_once()
        => Prop.ForAll(SyntaxTrees.Scenarios.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (tree, seed) =>
        {
            var text = Untidy(SyntaxText.Print(tree), new Random(seed));
            AssertFormatted(text);
        });

    [Fact]
    public static void The_examples_of_the_reference_are_good_and_formatted()
    {
        var document = File.ReadAllText(Reference());
        string[] examples = [.. Example().Matches(document).Select(m => m.Groups[1].Value)];
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            AssertFormatted(example);
            // The reference sets its comment apart from the text, a file would not.
            var tidy = Comment().Replace(example, "$1  $2");
            Assert.Equal(tidy, Format(tidy));
        }
    }

    [Fact]
    public static void Places_are_where_things_stand()
    {
        var tree = Parse("\uFEFFscenario t\r\nthread a\r\n\tr = x + status_2[3]\r\nnever lost: !a.r\r\n");
        var assign = Assert.IsType<AssignSyntax>(tree.Threads[0].Statements[0]);
        Assert.Equal((new Place(3, 2, 19), "r = x + status_2[3]"), (assign.Place, assign.Text));
        var sum = Assert.IsType<BinarySyntax>(assign.Value);
        Assert.Equal((new Place(3, 8), new Place(3, 10, 8)), (sum.Place, sum.Right.Place));
        var expectation = Assert.Single(tree.Expectations);
        Assert.Equal(("!a.r", new Place(4, 1, 5), new Place(4, 7, 4)), (expectation.Text, expectation.Place, expectation.Name!.Place));
        Assert.Equal(new Place(4, 14, 3), Assert.IsType<UnarySyntax>(expectation.Condition).Operand.Place);
    }

    [Theory]
    [InlineData("scenario  t\nshared x=0,a[ 4 ]= -1\n\n\n\nthread a  *2\nr=a[ id+1 ]*-( x )\n r = cas ( x,0 , 1 )\n\n",
        "scenario t\nshared x = 0, a[4] = -1\n\nthread a * 2\n  r = a[id + 1] * -(x)\n  r = cas(x, 0, 1)\n")]
    [InlineData("\n\nscenario t\nthread a\nif!x\nr=1\nelse\nwhile(r<2)&&! x\nr=r+1\nend\nend\nalways  b :x==1\nnever cached( d/f )\n",
        "scenario t\nthread a\n  if !x\n    r = 1\n  else\n    while (r < 2) && !x\n      r = r + 1\n    end\n  end\nalways    b: x == 1\nnever     cached(d/f)\n")]
    [InlineData("#  one\nscenario t # two\n   # three\nsetup\n# four\nroot   cat  \"a  # b\"   -> r",
        "#  one\nscenario t  # two\n# three\nsetup\n  # four\n  root cat \"a  # b\" -> r\n")]
    [InlineData("scenario t\nlock l     # a\nshared x=1 # b\n# c\nlock m     # d\n", "scenario t\nlock l        # a\nshared x = 1  # b\n# c\nlock m  # d\n")]
    [InlineData("scenario t\r\n\r\n\r\nthread a\r\n", "scenario t\n\nthread a\n")]
    public static void Files_are_formatted_so(string text, string expected) => Assert.Equal(expected, Format(text));

    [Fact]
    public static void A_file_with_mistakes_is_not_formatted()
        => Assert.Null(ScenarioFormatter.Format(new Diagnostics("t", "scenario t\nthread a\n  r =\n")));

    [Fact]
    public static void A_line_that_would_be_too_long_stays()
    {
        var line = $"r={string.Concat(Enumerable.Repeat("1+", 2_000))}1";
        AssertFormatted($"scenario t\nthread a\n{line}\n");
        Assert.Contains(line, Format($"scenario t\nthread a\n{line}\n"), StringComparison.Ordinal);
    }

    internal static ScenarioSyntax Parse(string text)
    {
        var diagnostics = new Diagnostics("t", text);
        var tree = ScenarioParser.Parse(diagnostics);
        Assert.True(tree != null, diagnostics.Format() + text);
        return tree;
    }

    internal static void AssertFormatted(string text)
    {
        var formatted = Format(text);
        Assert.Equal(SyntaxText.Dump(Parse(text)), SyntaxText.Dump(Parse(formatted)));
        Assert.Equal(formatted, Format(formatted));
    }

    private static string Format(string text)
    {
        var diagnostics = new Diagnostics("t", text);
        var formatted = ScenarioFormatter.Format(diagnostics);
        Assert.True(formatted != null, diagnostics.Format() + text);
        return formatted;
    }

    private static string Reference([CallerFilePath] string file = "")
        => Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "docs", "SCENARIOS.md");

    private static string Untidy(string text, Random random) => string.Concat(text.Split('\n').Select(line =>
        new string(' ', random.Next(4)) + (random.Next(4) == 0 ? line + new string(' ', random.Next(1, 5)) + "# why" : line)
        + (random.Next(3) switch { 0 => "\r\n", 1 => "\n\n \n", _ => "\n" }) + (random.Next(8) == 0 ? "\t# own\n" : "")));

    [GeneratedRegex(@"```scenario\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^(.*\S) +(# .*)$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
