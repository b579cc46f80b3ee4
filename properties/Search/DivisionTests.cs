using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>A depth-first search that is divided among workers comes to the same, whatever their number.</summary>
public static class DivisionTests
{
    public static TheoryData<string> Programs
        => [.. ScenarioLibrary.All.Where(s => !s.HasKernel && !EndlessPrograms.Names.Contains(s.Name)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Programs_come_to_the_same(string name)
    {
        foreach (var bound in new int?[] { null, 0, 1, 2 })
            AssertSame(new SearchPlan(ScenarioLibrary.Named(name)!, new KernelConfiguration()) { PreemptionsMax = bound, TracesOutcomes = true });
    }

    [Theory]
    [InlineData("remove-vs-write", "drop-inode", "v5.4", 2)]
    [InlineData("remove-vs-write", "drop-inode", "v6.18", 2)]
    [InlineData("remove-vs-open", "walk-and-invalidate", "v6.18", 2)]
    [InlineData("races/two-claims", "drop-inode", "v6.18", 2)]
    public static void Scenarios_of_system_calls_come_to_the_same(string name, string design, string release, int bound)
        => AssertSame(new SearchPlan(
            ScenarioLibrary.Named(name)!, new KernelConfiguration { Design = Design.Named(design)!, Release = KernelRelease.Named(release)! })
        {
            PreemptionsMax = bound, RunOn = true,
        });

    [Fact]
    public static void Random_programs_come_to_the_same()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var file = ScenarioFile.Load(new Diagnostics("random", $"scenario random{seed}\n{RandomProgram.Text(20_000 + seed)}"));
            AssertSame(new SearchPlan(file.Scenario!, new KernelConfiguration()) { PreemptionsMax = seed % 2 == 0 ? 2 : 1, RunOn = true });
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public static void Workers_who_are_equally_fast_have_equally_much_to_do(int workers)
    {
        var file = ScenarioFile.Load(new Diagnostics("test", "scenario test\nshared x\nthread t * 2\n  repeat 4\n  x = 1\n  end\nthread u\n  repeat 4\n  x = 2\n  end"));
        var plan = new SearchPlan(file.Scenario!, new KernelConfiguration()) { PreemptionsMax = null };
        using var division = new Division(plan, workers, new SearchProgress(null), new Sim.Search.Checkpoints.Interruption());
        var shares = new long[workers];
        foreach (var part in division.Beginnings(-1)!)
        {
            var tally = division.NewTally();
            Assert.Empty(division.Run(-1, [part], tally, long.MaxValue, long.MaxValue));
            shares[Array.IndexOf(shares, shares.Min())] += tally.Executions;       // whoever is done first takes the next one
        }

        Assert.Equal(34_650, shares.Sum());                // 12! / (4! 4! 4!)
        Assert.True(shares.Max() * workers * 100 < shares.Sum() * 102, string.Join(' ', shares));
    }

    private static void AssertSame(SearchPlan plan)
    {
        var alone = Summary(Explorer.Run(plan with { Workers = 1 }, new SearchProgress(null)));
        foreach (var workers in new[] { 2, 3, 7 })
            Assert.Equal(alone, Summary(Explorer.Run(plan with { Workers = workers }, new SearchProgress(null))));
    }

    private static string Summary(SearchResult result)
    {
        var tally = result.Tally;
        var outcomes = tally.Outcomes.Select(o => $"{o.Count} {o} {(o.Schedule == null ? "" : string.Join(',', o.Schedule))}");
        var violations = tally.Violations.Select(
            v => $"{v.Rule} {v.Message} {v.Count} {v.PreemptionsFewest} {v.Preemptions} {v.Steps} {string.Join(',', v.Schedule.ToArray())}");
        return string.Join('\n', [
            $"{result.Verdict} {result.Covered} {result.Reason}",
            $"{tally.Complete} {tally.Deadlocked} {tally.Cut} {tally.Steps} {tally.Violating} {tally.Ended}",
            string.Join(' ', tally.Held.ToArray()), .. outcomes, .. violations]);
    }
}
