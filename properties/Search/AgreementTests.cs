using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// Two searches that have nothing in common but the programs' interpreter, one by equivalent executions and one by states,
/// find the same ends: the strongest test that either has.
/// </summary>
public static class AgreementTests
{
    private const int RandomPrograms = 500;

    public static TheoryData<string> Programs
        => [.. ScenarioLibrary.All.Where(s => !s.HasKernel && !EndlessPrograms.Names.Contains(s.Name)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Reduction_and_states_agree_on_the_library(string name) => AssertAgree(ScenarioLibrary.Named(name)!);

    [Fact]
    public static void Reduction_and_states_agree_on_random_programs()
    {
        var seen = new HashSet<string>();
        for (var seed = 0; seed < RandomPrograms; seed++)
        {
            var file = ScenarioFile.Load(new Diagnostics("random", $"scenario random{seed}\n{RandomProgram.Text(10_000 + seed)}"));
            Assert.Equal("", file.Diagnostics.Format());
            seen.UnionWith(AssertAgree(file.Scenario!));
        }

        Assert.Contains("deadlock", seen);                         // otherwise the programs are too tame to tell anything
        Assert.Contains("lock-misuse", seen);
    }

    private static List<string> AssertAgree(Scenario scenario)
    {
        var (dpor, states) = (Search(scenario, StrategyNames.Dpor), Search(scenario, StrategyNames.States));

        Assert.Equal(Outcomes(states), Outcomes(dpor));
        Assert.Equal(Rules(states), Rules(dpor));
        Assert.Equal(states.States!.Deadlocks > 0, dpor.Deadlocked > 0);
        return Rules(dpor);
    }

    private static Tally Search(Scenario scenario, string strategy)
        => Explorer.Run(new SearchPlan(scenario, new KernelConfiguration()) { Strategy = strategy, PreemptionsMax = null }, new SearchProgress(null)).Tally;

    private static List<string> Outcomes(Tally tally) => [.. tally.Outcomes.Select(o => o.ToString()).Order(StringComparer.Ordinal)];

    private static List<string> Rules(Tally tally) => [.. tally.Violations.Select(v => v.Rule).Distinct().Order(StringComparer.Ordinal)];
}
