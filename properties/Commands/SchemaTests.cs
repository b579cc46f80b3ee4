using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Search.Checkpoints;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>The schemas under docs/schemas are those of the types that are written, and what is written fits the types.</summary>
public sealed class SchemaTests : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Fact]
    public void The_schema_of_explore_is_current() => IsCurrent("explore", typeof(ExploreReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_bugs_is_current() => IsCurrent("bugs", typeof(BugsReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_cost_is_current() => IsCurrent("cost", typeof(CostReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_compare_is_current() => IsCurrent("compare", typeof(CompareReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_why_is_current() => IsCurrent("why", typeof(WhyReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_check_syntax_is_current() => IsCurrent("check-syntax", typeof(CheckSyntaxReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_conform_is_current() => IsCurrent("conform", typeof(ConformReport), ReportJson.Options);

    [Fact]
    public void The_schema_of_a_checkpoints_first_line_is_current() => IsCurrent("checkpoint", typeof(CheckpointHeader), CheckpointHeader.Options);

    [Fact]
    public void The_schema_of_a_trace_is_current() => IsCurrent("trace", typeof(Trace), TraceFile.Options);

    [Theory]
    [InlineData("lost")]
    [InlineData("locked")]
    [InlineData("stuck", "--timing")]
    public void What_explore_prints_fits(params string[] arguments)
        => Fits<ExploreReport>(tester.Explore([.. arguments, "--json"]).Output, ReportJson.Options);

    [Fact]
    public void What_bugs_prints_fits()
    {
        var (code, output) = (tester.Execute("bugs", "B1", "--json").Code, tester.Execute("bugs", "B1", "--json").Output);
        Assert.Equal(0, code);
        Fits<BugsReport>(output, ReportJson.Options);
        Assert.Equal(output, tester.Execute("bugs", "evict-inodes-no-recheck", "--json", "--workers", "1").Output);
    }

    [Fact]
    public void What_compare_prints_fits() => Fits<CompareReport>(tester.Execute("compare", "lost", "--json").Output, ReportJson.Options);

    [Fact]
    public void What_check_syntax_prints_fits()
    {
        var path = Path.Combine(tester.Directory, "bad.scenario");
        File.WriteAllText(path, "scenario bad\nthred a\n");
        Fits<CheckSyntaxReport>(tester.Execute("check-syntax", path, "--json").Output, ReportJson.Options);
    }

    [Fact]
    public void What_a_checkpoint_begins_with_fits()
    {
        var path = Path.Combine(tester.Directory, "checkpoint");
        InterruptibleSearch.StopsAfter.Value = 2;
        tester.Explore("lost", "--workers", "1", "--checkpoint", path);
        InterruptibleSearch.StopsAfter.Value = null;
        Fits<CheckpointHeader>(File.ReadLines(path).First(), CheckpointHeader.Options);
    }

    [Fact]
    public void What_is_written_as_a_trace_fits()
    {
        tester.Explore("lost");
        Fits<Trace>(File.ReadAllText(tester.TraceOf("lost", "wrong")), TraceFile.Options);
    }

    [Theory]
    [InlineData("\"tool\":", "\"tol\":")]
    [InlineData("\"seed\":1", "\"seed\":null")]
    [InlineData("\"seed\":1,", "")]
    public void What_does_not_fit_is_refused(string from, string to)
    {
        var text = tester.Explore("lost", "--json").Output;
        Assert.Contains(from, text, StringComparison.Ordinal);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<ExploreReport>(text.Replace(from, to, StringComparison.Ordinal), ReportJson.Options));
    }

    private static void IsCurrent(string name, Type type, JsonSerializerOptions options)
    {
        var schema = options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        ExpectedText.CompareFile(Path.Combine(Root(), "docs", "schemas", $"{name}.schema.json"), schema.ToJsonString(Indented) + "\n");
    }

    // Read strictly, each member known and none missing, and written again to the same text.
    private static void Fits<T>(string text, JsonSerializerOptions options)
    {
        Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var value = JsonSerializer.Deserialize<T>(text, options);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(text), JsonSerializer.SerializeToNode(value, options)));
    }

    private static string Root([CallerFilePath] string file = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
