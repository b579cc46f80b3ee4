using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction;

/// <summary>Random programs: a reduction looks at each trace, at none twice, and comes to what all schedules come to.</summary>
public static class RandomReductionTests
{
    private const int InterleavingsMax = 3_000;          // of a program; larger ones show nothing more
    private const int Seeds = 600;                       // 6,000 were looked at once

    [Theory]
    [InlineData(false, 400, 1_500)]
    [InlineData(true, 200, 3_000)]
    public static void Each_trace_is_looked_at_once(bool contended, int programs, int traces)
    {
        var (compared, reduced, interleaved) = (0, 0, 0);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var text = Text(seed, contended);
            if (Traces.AllOf(text, InterleavingsMax) is not { } all)
                continue;
            var (optimal, blocked) = Traces.LookedAt(text, StrategyNames.Dpor);
            Assert.True(optimal.Distinct().Count() == optimal.Count, $"seed {seed}: a trace twice\n{text}");
            Assert.True(all.SetEquals(optimal), $"seed {seed}: {optimal.Count} of {all.Count} traces\n{text}\nmissing {string.Join('\n', all.Except(optimal))}");
            Assert.True(blocked == 0, $"seed {seed}: {blocked} blocked\n{text}");
            var (sleeping, redundant) = Traces.LookedAt(text, StrategyNames.SleepSets);
            Assert.True(sleeping.Count == all.Count && all.SetEquals(sleeping), $"seed {seed}: sleep sets\n{text}");
            compared++;
            reduced += all.Count;
            interleaved += redundant;
        }

        Assert.True(compared > programs && reduced > traces && interleaved > 1_000, $"{compared} programs, {reduced} traces, {interleaved} blocked");
    }

    [Theory]
    [InlineData(StrategyNames.Dpor, false)]
    [InlineData(StrategyNames.Dpor, true)]
    [InlineData(StrategyNames.SleepSets, true)]
    public static void A_reduction_comes_to_what_all_schedules_come_to(string strategy, bool contended)
    {
        var (compared, deadlocked, rules) = (0, 0, new SortedSet<string>(StringComparer.Ordinal));
        for (var seed = 0; seed < Seeds / 3; seed++)
        {
            var text = Text(seed, contended);
            var scenario = new ProgramScenario("test", "", ProgramText.Compile(text), []);
            var plan = new SearchPlan(scenario, new KernelConfiguration()) { PreemptionsMax = null, ExecutionsMax = InterleavingsMax };
            var all = Explorer.Run(plan, new SearchProgress(null));
            if (all.BudgetSpent)
                continue;
            var some = Explorer.Run(plan with { Strategy = strategy, ExecutionsMax = null }, new SearchProgress(null));
            Assert.True(new Coverage(true, null) == some.Covered, $"seed {seed}: {some.Covered}\n{text}");
            Assert.True(Found(all.Tally) == Found(some.Tally), $"seed {seed}:\n{Found(all.Tally)}\n{Found(some.Tally)}\n{text}");
            Assert.True(all.Verdict == some.Verdict, $"seed {seed}: {some.Reason}");
            compared++;
            deadlocked += some.Tally.Deadlocked > 0 ? 1 : 0;
            rules.UnionWith(some.Tally.Violations.Select(v => v.Rule));
        }

        Assert.True(compared > 60 && deadlocked > 10, $"{compared} programs, {deadlocked} with deadlocks");
        Assert.Superset(new HashSet<string> { "deadlock", contended ? "division-by-zero" : "lock-misuse" }, rules);
    }

    private static string Text(int seed, bool contended) => contended ? ContendedProgram.Text(seed) : RandomProgram.Text(seed);

    // A deadlock is told from the side of who came last.
    private static string Found(Tally tally)
        => string.Join('\n', tally.Outcomes.Select(o => o.ToString()).Order(StringComparer.Ordinal)) + "\n"
            + string.Join('\n', tally.Violations.Select(v => v.Rule == "deadlock" ? v.Rule : v.Message).Distinct().Order(StringComparer.Ordinal))
            + $"\n{tally.Deadlocked > 0} {tally.GivenUp.Count}";
}
