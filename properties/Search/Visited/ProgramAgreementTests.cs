using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>
/// The threads of a program are coroutines too: the search that restores states by replay, and knows them by a fingerprint,
/// sees what the one sees that copies them and keeps them in full. The two share no line.
/// </summary>
public static class ProgramAgreementTests
{
    private const int RandomPrograms = 200;
    private static readonly int?[] Bounds = [null, 0, 1, 2];

    public static TheoryData<string> Programs => [.. ScenarioLibrary.All.Where(s => !s.HasKernel).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Programs_of_the_library_have_the_same_numbers(string name) => AssertSame(ScenarioLibrary.Named(name)!);

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    public static void Philosophers_who_never_end_have_the_same_numbers(int count)
        => AssertSame(Scenario(EndlessPrograms.Philosophers(count) + "\nwithout rule deadlock\nsometimes deadlock"));

    [Fact]
    public static void Random_programs_have_the_same_numbers()
    {
        var (compared, endless, rules) = (0, 0, new SortedSet<string>(StringComparer.Ordinal));
        for (var seed = 0; compared < RandomPrograms; seed++)
        {
            var isEndless = seed % 4 == 3;
            var text = isEndless ? EndlessPrograms.OfRandom(seed) : RandomProgram.Text(20_000 + seed);
            var scenario = (ProgramScenario)Scenario(text + (seed % 2 == 0 ? "\nwithout rule deadlock" : "") + "\nnever big: x > 1 && y != 1");
            if (new PlainStates(scenario.Code, goesOnInCycles: seed % 2 == 0, statesMax: 1_000).IsTooMany)
                continue;
            compared++;
            endless += isEndless ? 1 : 0;
            rules.UnionWith(AssertSame(scenario).Violations.Select(v => v.Rule));
        }

        Assert.True(endless > 20, $"some go round for ever: {endless}");
        Assert.Equal(["big", "deadlock", "division-by-zero", "index-out-of-bounds", "lock-misuse"], rules);
    }

    private static Tally AssertSame(Scenario scenario)
    {
        Tally? unbounded = null;
        foreach (var bound in Bounds)
        {
            var plan = Searches.Plan(scenario, bound);
            var copied = Explorer.Run(plan, new SearchProgress(null));
            var replayed = Searches.Executed(plan);
            Assert.True(Text(copied) == Text(replayed), $"{bound}\n{Text(copied)}\n\n{Text(replayed)}\n\n{scenario.Text}");
            unbounded ??= replayed.Tally;
        }

        return unbounded!;
    }

    private static string Text(SearchResult result)
    {
        var (tally, counts) = (result.Tally, result.Tally.States!);
        return $"{counts.States} states, {counts.Transitions} transitions, {counts.Deadlocks} deadlocked, {tally.Ended} final, {result.Covered}\n"
            + string.Join('\n', Searches.Counted(tally).Concat(Searches.Rules(tally)).Concat(tally.GivenUp.Keys));
    }

    private static Scenario Scenario(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("test.scenario", "scenario test \"a test\"\n" + text));
        Assert.Equal("", file.Diagnostics.Format());
        return file.Scenario!;
    }
}
