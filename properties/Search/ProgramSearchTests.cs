using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// A depth-first search of a program that goes back to a decision is the one that runs every execution from the start:
/// execution by execution, and in all that it counts.
/// </summary>
public static class ProgramSearchTests
{
    private const int ExecutionsMax = 1_500;             // of a program; larger ones show nothing more

    private static readonly string[] Endings =
    [
        "\nnever big: x != 0 && y == 1",
        "\nwithout rule deadlock\nsometimes deadlock\nalways small: x == 0",
        "\ninvariant low: x < 1 || y == 1\nnever big: x > 1",
        "\nsometimes x == 1",
    ];

    [Fact]
    public static void Each_execution_is_the_one_that_is_run_from_the_start()
    {
        var (executions, unfinished, felt, skipped) = (0, 0, 0, 0L);
        foreach (var (scenario, bound, stepsMax) in Programs(120))
        {
            var plain = new NativeHost<DepthFirst>(new DepthFirst(bound)) { StepsMax = stepsMax };
            var other = new NativeHost<DepthFirst>(new DepthFirst(bound)) { StepsMax = stepsMax };
            var (oracle, ends) = (new Simulation(scenario, new KernelConfiguration(), plain), new ProgramEnds(scenario));
            var behind = new Simulation(scenario, new KernelConfiguration(), other);
            var path = new Backtracking(
                scenario.Code, stepsMax, !scenario.WithoutRules.Contains("deadlock"), ends.HasInvariants ? ends.BreaksInvariant : null);
            path.Reset();
            var before = Array.Empty<short>();
            for (var i = 0; i < ExecutionsMax; i++)
            {
                oracle.Execute();
                var ended = path.Run(ref other.Strategy);
                if (ended)
                {
                    var end = ends.Of(path.Machine);
                    Assert.Equal(plain.Schedule, path.Schedule);
                    Assert.Equal((plain.Preemptions, true, oracle.OutcomeHash()), (path.Preemptions, oracle.Ended, end.Hash));
                    Assert.Equal(oracle.Held, end.Held);
                    Assert.Equal(oracle.Violation != null, end.Breaks);
                    skipped += path.Schedule.CommonPrefixLength(before);
                }
                else
                {
                    unfinished++;
                    Assert.True(plain.Schedule.StartsWith(path.Schedule), scenario.Text);
                    // Only what is cut short is not over: otherwise the search would run far more than it has to.
                    Assert.True(oracle.Violation != null || oracle.WasDeadlock || plain.WasCut || scenario.WithoutRules.Length > 1, scenario.Text);
                    behind.Execute();
                }

                executions++;
                before = path.Schedule.ToArray();
                AssertSame(plain.Strategy, other.Strategy);
                var more = plain.Strategy.Next();
                Assert.Equal(more, other.Strategy.Next());
                if (!more)
                    break;
            }

            felt += plain.Strategy.BoundWasFelt ? 1 : 0;
        }

        Assert.True(
            executions > 40_000 && unfinished is > 10_000 and < 40_000 && felt > 20 && skipped > 100_000,
            $"{executions} executions, {unfinished} of them cut short, {felt} bounds felt, {skipped} steps that were not run again");
    }

    [Fact]
    public static void A_search_counts_what_the_ordinary_one_counts()
    {
        var rules = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (scenario, bound, stepsMax) in Programs(400))
        {
            var plan = new SearchPlan(scenario, new KernelConfiguration()) { StepsMax = stepsMax, TracesOutcomes = true };
            using var ordinary = new NativeSearch<DepthFirst>(plan, new SearchProgress(null));
            using var search = new ProgramSearch(plan, scenario, new SearchProgress(null));
            for (var run = 0; run < 2; run++)                   // a search is used for one part after another
            {
                var tally = ordinary.Run(new DepthFirst(bound), ExecutionsMax + run, long.MaxValue);
                rules.UnionWith(tally.Violations.Select(v => v.Rule));
                Assert.Equal(Text(tally), Text(search.Run(new DepthFirst(bound), ExecutionsMax + run, long.MaxValue)));
                Assert.Equal((ordinary.Exhausted, ordinary.IsEndless), (search.Exhausted, search.IsEndless));
                AssertSame(ordinary.Strategy, search.Strategy);
            }
        }

        Assert.Equal(["big", "deadlock", "division-by-zero", "index-out-of-bounds", "lock-misuse", "low", "small"], rules);
    }

    // Programs that end and some that do not, with every kind of expectation, without bound and with small ones, cut and not.
    private static IEnumerable<(ProgramScenario Scenario, int Bound, int StepsMax)> Programs(int count)
    {
        for (var seed = 0; seed < count; seed++)
        {
            var text = seed % 5 == 4 ? EndlessPrograms.OfRandom(seed) : RandomProgram.Text(30_000 + seed);
            var file = ScenarioFile.Load(new Diagnostics("random", $"scenario random{seed}\n{text}{Endings[seed % Endings.Length]}"));
            Assert.Equal("", file.Diagnostics.Format());
            var scenario = (ProgramScenario)file.Scenario!;
            if (seed % 8 == 3)
                scenario = scenario with { WithoutRules = ["lock-misuse", "deadlock"] };
            yield return (scenario, seed % 3 == 0 ? seed / 3 % 3 : -1, seed % 5 == 4 ? 40 : seed % 7 == 6 ? 9 : 10_000);
        }
    }

    private static void AssertSame(DepthFirst expected, DepthFirst actual)
    {
        Assert.Equal(expected.BoundWasFelt, actual.BoundWasFelt);
        Assert.Equal(expected.Given.Length, actual.Given.Length);
        for (var i = 0; i < expected.Given.Length; i++)
        {
            if (Decided(in expected.Given[i]) != Decided(in actual.Given[i]))
                Assert.Fail($"decision {i}");
        }
    }

    private static (ulong, int, short, short, byte, bool) Decided(in DepthFirst.Decision decision)
        => (decision.Rest, decision.PreemptionsAfter, decision.Chosen, decision.Current, decision.Branches, decision.Deviates);

    private static string Text(Tally tally) => string.Join('\n', [
        $"{tally.Complete} {tally.Deadlocked} {tally.Cut} {tally.Steps} {tally.Violating} {tally.Ended}",
        string.Join(' ', tally.Held.ToArray()), string.Join(' ', tally.Asked.ToArray()), string.Join(' ', tally.GivenUp),
        .. tally.Outcomes.Select(o => $"{o.Count} {o} {string.Join(',', o.Schedule!)}"),
        .. tally.Violations.Select(v
            => $"{v.Rule} {v.Message} {v.Count} {v.PreemptionsFewest} {v.Preemptions} {v.Steps} {string.Join(',', v.Schedule.ToArray())}"),
    ]);
}
