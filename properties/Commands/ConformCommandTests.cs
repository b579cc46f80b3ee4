using System.Text.Json;
using System.Text.Json.Nodes;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>What conform says of recordings, good and bad.</summary>
public sealed class ConformCommandTests : IDisposable
{
    private const string Step = """{"actor": "root", "op": "rm_key", "args": ["K1"], "result": {"ret": "ENOKEY"}}""";

    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Fact]
    public void What_is_the_same_is_said_in_a_line()
    {
        var result = Conform(Recording(Step));
        Assert.Equal(ExitCode.Good, result.Code);
        Assert.Equal("recorded on Linux 0\nthe same: 1 of 1 sequences have the recorded results\n", result.Output);
    }

    [Fact]
    public void The_first_difference_is_told_with_both_answers()
    {
        var result = Conform(Recording(Step, Step.Replace("ENOKEY", "EBUSY", StringComparison.Ordinal)));
        Assert.Equal(ExitCode.Violated, result.Code);
        Assert.Contains("s: step 2, root rm_key K1: the kernel answered EBUSY, the model ENOKEY\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith(
            """
            s: the model answers in fscrypt_find_master_key (fs/crypto/keyring.c)
              scenario s "as Linux answers"
              setup
                root rm_key K1 -> r1                               # ENOKEY
                root rm_key K1 -> r2                               # EBUSY | the model: ENOKEY
              always same: r2 == "EBUSY"

            """.ReplaceLineEndings("\n"), result.Output, StringComparison.Ordinal);
    }

    // What is printed is a scenario, which fails as the model does.
    [Fact]
    public void A_difference_can_become_a_scenario()
    {
        var result = Conform(Recording(Step, Step.Replace("ENOKEY", "EBUSY", StringComparison.Ordinal)));
        var text = result.Output[result.Output.IndexOf("  scenario s", StringComparison.Ordinal)..] + "thread a\n  root status K1\n";
        var file = ScenarioFile.Load(new Diagnostics("s", text));
        Assert.Equal("", file.Diagnostics.Format());
        var violation = Assert.Single(Explorer.Run(new SearchPlan(file.Scenario!, new KernelConfiguration()), new SearchProgress(null)).Tally.Violations);
        Assert.Equal("same", violation.Rule);
    }

    [Fact]
    public void What_is_printed_as_json_fits_its_schema()
    {
        var result = Conform(Recording(Step.Replace("rm_key", "flock", StringComparison.Ordinal).Replace("K1", "F", StringComparison.Ordinal)), "--json");
        Assert.Equal(ExitCode.Violated, result.Code);
        var report = JsonNode.Parse(result.Output)!;
        Assert.Equal("conform", report["verb"]!.GetValue<string>());
        Assert.False(report["rows"]![0]!["match"]!.GetValue<bool>());
        Assert.NotNull(JsonSerializer.Deserialize<ConformReport>(result.Output, ReportJson.Options));
    }

    [Theory]
    [InlineData("{", "line 1: ")]
    [InlineData("{}", "it has no sequences")]
    [InlineData("""{"kernel": "", "sequences": [{"id": "s"}]}""", "the sequence s lacks steps")]
    [InlineData("""{"kernel": "", "sequences": [{"id": "s", "steps": [{"actor": "root", "op": "sync", "args": []}]}]}""", "the sequence s: 'root sync' has no result")]
    public void What_is_no_recording_is_refused(string text, string mistake)
    {
        var result = Conform(text);
        Assert.Equal(ExitCode.Usage, result.Code);
        Assert.Contains(mistake, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_that_is_not_there_is_a_mistake()
    {
        var result = Conform(Recording(Step), "t");
        Assert.Equal(ExitCode.Usage, result.Code);
        Assert.Contains("no sequence 't'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sequences_are_chosen_from_a_recording()
    {
        var result = tester.Execute("conform", "k01");
        Assert.Equal(ExitCode.Usage, result.Code);
        Assert.Contains("sequences are chosen from --recorded FILE or --kernel FILE", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_recorded_has_to_come_from_somewhere()
    {
        var result = tester.Execute("conform", "--record", "out.json");
        Assert.Equal(ExitCode.Usage, result.Code);
        Assert.Contains("--record OUT needs --kernel FILE", result.Error, StringComparison.Ordinal);
    }

    private static string Recording(params string[] steps)
        => $$"""{"kernel": "Linux 0", "sequences": [{"id": "s", "title": "a sequence", "steps": [{{string.Join(", ", steps)}}]}]}""";

    private (int Code, string Output, string Error) Conform(string recording, params string[] arguments)
    {
        var path = Path.Combine(tester.Directory, "recording.json");
        File.WriteAllText(path, recording);
        var result = tester.Execute([.. new[] { "conform", "--recorded", path, "--no-color" }, .. arguments]);
        return (result.Code, result.Output, result.Error);
    }
}
