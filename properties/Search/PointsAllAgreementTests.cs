using FsCheck;
using FsCheck.Fluent;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;
using Xunit.Abstractions;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// <c>--points all</c> changes no outcome of a program of shared variables: every statement is a point of it already. All
/// schedules run on threads of the operating system, which takes long: FSCRYPT_SIM_LONG_TESTS=1 takes 500 programs.
/// </summary>
public sealed class PointsAllAgreementTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FSCRYPT_SIM_LONG_TESTS") == "1";
    private static readonly int Programs = IsLong ? 500 : 100;

    // More of them take longer than they tell.
    private static readonly long ExecutionsMax = IsLong ? 1_500 : 400;

    [Fact]
    public void All_points_change_no_outcome_of_random_programs()
    {
        var (compared, executions, several) = (0, 0L, 0);
        Prop.ForAll(GeneratedProgram.All.Filter(p => !Search(ScenarioOf(p), pointsAll: false).BudgetSpent), program =>
        {
            var few = Search(ScenarioOf(program), pointsAll: false);
            var all = Search(ScenarioOf(program), pointsAll: true);
            Assert.Equal(Summary(few), Summary(all));
            compared++;
            executions += all.Tally.Executions;
            several += all.Tally.Outcomes.Count > 1 ? 1 : 0;
        }).Check(GeneratedProgram.First(Programs));

        output.WriteLine($"{compared} programs, {executions} executions with all points, {several} with several outcomes");
        Assert.Equal(Programs, compared);
        Assert.True(several > Programs / 8, $"{several}");
    }

    private static Scenario ScenarioOf(GeneratedProgram program)
        => ScenarioFile.Load(new Diagnostics("random", $"scenario random\n{program}")).Scenario!;

    private static SearchResult Search(Scenario scenario, bool pointsAll) => Explorer.Run(
        new SearchPlan(scenario, new KernelConfiguration()) { PreemptionsMax = null, PointsAll = pointsAll, ExecutionsMax = ExecutionsMax },
        new SearchProgress(null));

    private static string Summary(SearchResult result) => string.Join('\n', [
        $"{result.Verdict} {result.Tally.Executions} {result.Tally.Deadlocked} {result.Tally.Steps}",
        .. result.Tally.Outcomes.Select(o => $"{o.Count} {o}"), .. result.Tally.Violations.Select(v => $"{v.Count} {v.Rule} {v.Message}")]);
}
