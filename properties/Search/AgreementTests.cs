using FsCheck;
using FsCheck.Fluent;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// Two searches that have nothing in common but the programs' interpreter, one by equivalent executions and one by states,
/// find the same ends: the strongest test that either has. Depth-first, which leaves nothing out, is the judge.
/// </summary>
public static class AgreementTests
{
    private const int RandomPrograms = 500;
    private const long ExecutionsMax = 3_000;            // of a program, for the judge

    public static TheoryData<string> Programs
        => [.. ScenarioLibrary.All.Where(s => !s.HasKernel && !EndlessPrograms.Names.Contains(s.Name)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Reduction_and_states_agree_on_the_library(string name) => AssertAgree(ScenarioLibrary.Named(name)!);

    [Fact]
    public static void All_three_agree_on_programs_that_FsCheck_makes()
    {
        var (judged, several, cut, threads) = (0, 0, 0, new int[5]);
        var seen = new HashSet<string>();
        Prop.ForAll(GeneratedProgram.All, program =>
        {
            var file = ScenarioFile.Load(new Diagnostics("random", $"scenario random\n{program}"));
            Assert.Equal("", file.Diagnostics.Format());
            seen.UnionWith(AssertAgree(file.Scenario!));
            threads[program.Threads.Length]++;
            var all = Explorer.Run(
                new SearchPlan(file.Scenario!, new KernelConfiguration()) { PreemptionsMax = null, ExecutionsMax = ExecutionsMax }, new SearchProgress(null));
            cut += all.BudgetSpent ? 1 : 0;
            if (all.BudgetSpent)
                return;
            var states = Search(file.Scenario!, StrategyNames.States);
            Assert.Equal(Outcomes(all.Tally), Outcomes(states));
            Assert.Equal(Rules(all.Tally), Rules(states));
            Assert.Equal(all.Tally.Deadlocked > 0, states.States!.Deadlocks > 0);
            judged++;
            several += all.Tally.Outcomes.Count > 1 ? 1 : 0;
        }).Check(GeneratedProgram.First(RandomPrograms));

        // Otherwise the programs are too tame to tell anything.
        Assert.Superset(new HashSet<string> { "deadlock", "lock-misuse", "division-by-zero", "index-out-of-bounds" }, seen);
        Assert.True(judged > 450 && several > 150 && threads[2..].Min() > 100, $"{judged} judged, {cut} not, {several} several; {string.Join(' ', threads)}");
    }

    [Fact]
    public static void Generated_programs_shrink_to_the_least_that_shows_it()
    {
        var failure = Assert.ThrowsAny<Exception>(() => Prop.ForAll(
            GeneratedProgram.All, program => !program.ToString().Contains("fetch_add", StringComparison.Ordinal)).Check(GeneratedProgram.First(RandomPrograms)));
        var least = failure.Message[failure.Message.IndexOf("Shrunk:", StringComparison.Ordinal)..];
        Assert.Equal(2, least.Split("\nthread t").Length - 1);
        Assert.Single(least.Split('\n'), line => line.Contains("fetch_add", StringComparison.Ordinal));
        Assert.DoesNotContain(least.Split('\n'), line => line.Contains("acquire", StringComparison.Ordinal) || line.Contains("repeat", StringComparison.Ordinal));
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
