using System.Text.Json;
using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

public sealed class CompareCommandTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Fact]
    public void The_table_is_that_of_the_expected_text()
        => ExpectedText.Compare("compare.txt", tester.Execute("compare", "of-design", "freed").Output);

    [Fact]
    public void No_line_is_too_long()
        => Assert.All(tester.Execute("compare", "of-design", "freed").Output.Split('\n'), l => Assert.True(l.Length <= Output.Width, l));

    [Fact]
    public void A_broken_rule_is_a_result_and_no_failure()
        => Assert.Equal(ExitCode.Good, tester.Execute("compare", "lost", "stuck").Code);

    [Fact]
    public void A_cell_that_was_not_searched_to_its_end_is_undecided()
    {
        var cut = tester.Execute("compare", "endless", "--steps-max", "50");
        Assert.Equal(ExitCode.Undecided, cut.Code);
        Assert.Contains("undecided: endless on drop-inode v5.4: ", cut.Output, StringComparison.Ordinal);
        var spent = tester.Execute("compare", "lost", "--executions", "3");
        Assert.Equal(ExitCode.Undecided, spent.Code);
        Assert.Contains("<= 0, cut", spent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Designs_and_release_can_be_chosen()
    {
        var rows = JsonDocument.Parse(tester.Execute("compare", "lost", "--design", "revoke-only, drop-caches-3", "--release", "v6.1", "--json").Output)
            .RootElement.GetProperty("rows");
        Assert.Equal(
            ["revoke-only v6.1", "drop-caches-3 v6.1"],
            rows.EnumerateArray().Select(r => $"{r.GetProperty("design")} {r.GetProperty("release")}").Distinct());
        var mistaken = tester.Execute("compare", "lost", "--design", "drop-inode,drop-cache");
        Assert.Equal(ExitCode.Usage, mistaken.Code);
        Assert.Contains("no design 'drop-cache'", mistaken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Workers_do_not_change_the_table()
    {
        string[] arguments = ["compare", "of-design", "lost", "race", "--workers"];
        Assert.Equal(tester.Execute([.. arguments, "1"]).Result, tester.Execute([.. arguments, "2"]).Result);
    }

    [Fact]
    public void Each_rule_of_each_scenario_on_each_kernel_is_a_row()
    {
        var rows = JsonDocument.Parse(tester.Execute("compare", "of-design", "--json").Output).RootElement.GetProperty("rows");
        var wrong = rows.EnumerateArray().Where(r => r.GetProperty("rule").GetString() == "wrong")
            .Select(r => $"{r.GetProperty("design")} {r.GetProperty("release")} {r.GetProperty("result")} {r.GetProperty("preemptions")} {r.GetProperty("covered")}");
        Assert.Equal(
            [
                "drop-inode v5.4 never  all-schedules",
                "drop-inode v5.6 never  all-schedules",
                "drop-inode v6.18 never  all-schedules",
                "walk-and-invalidate v6.18 sometimes 1 all-schedules",
                "walk-and-invalidate-skip-dirty v6.18 sometimes 1 all-schedules",
                "walk-and-invalidate-skip-busy v6.18 sometimes 1 all-schedules",
            ],
            wrong);
        Assert.Contains(rows.EnumerateArray(), r => r.GetProperty("rule").GetString() == "reached" && r.GetProperty("result").GetString() == "always");
    }

    [Fact]
    public void A_mistake_of_ours_is_no_row() => Assert.Equal(ExitCode.InternalError, tester.Execute("compare", "throws").Code);
}
