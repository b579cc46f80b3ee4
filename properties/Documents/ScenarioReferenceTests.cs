using System.Text.RegularExpressions;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Documents;

/// <summary>docs/SCENARIOS.md: its examples do what it says, and its tables are complete.</summary>
public static partial class ScenarioReferenceTests
{
    private const int Bound = 2;

    private static readonly string Reference = File.ReadAllText(Path.Combine(KernelMapTests.Root(), "docs", "SCENARIOS.md"));

    public static TheoryData<string> Examples => [.. Example().Matches(Reference).Select(m => m.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Examples))]
    public static void Every_example_holds_or_says_what_the_model_lacks(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("example", text));

        Assert.Equal("", file.Diagnostics.Format());
        Assert.Equal("", file.MissingText);
        var plan = new SearchPlan(file.Scenario!, new KernelConfiguration()) { PreemptionsMax = file.IsProgram ? null : Bound };
        var result = Explorer.Run(plan, new SearchProgress(null));
        Assert.True(result.Verdict == Verdict.Holds, $"{file.Name}: {result.Reason} "
            + string.Join("; ", result.Tally.Violations.Select(v => v.Message)));
    }

    [Fact]
    public static void Every_operation_is_in_the_table()
        => Assert.All(OperationForm.Names, n => Assert.True(
            Reference.Contains($"`{n} ", StringComparison.Ordinal) || Reference.Contains($"`{n}`", StringComparison.Ordinal), n));

    [GeneratedRegex("```scenario\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
