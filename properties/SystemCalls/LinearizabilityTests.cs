using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>What ioctls on keys answer side by side is what some order of them answers, but for what the kernel allows.</summary>
[Collection(CoyoteCollection.Name)]
public static class LinearizabilityTests
{
    private const int StepsMax = 20_000;

    private static readonly KeyRules Newest = new();

    private static IEnumerable<KernelRelease> Old => new[] { "v5.4", "v5.10", "v6.1" }.Select(r => KernelRelease.Named(r)!);

    [Property(MaxTest = 50, Replay = "20190218,7", Arbitrary = [typeof(KeyRaces)])]
    public static Property Answers_of_races_are_those_of_some_order(KeyRace race)
        => Unexplained(race, [.. DepthFirst(race, 2, 60), .. Native(race, new RandomWalk(1), 40)]);

    [Property(MaxTest = 12, Replay = "20190218,11", Arbitrary = [typeof(KeyRaces)])]
    public static Property Answers_of_races_on_old_kernels_are_those_of_some_order(KeyRace race) => Old
        .Select(release => Unexplained(race, [.. Native(race, new DepthFirst(2), 30, release), .. Native(race, new RandomWalk(1), 30, release)], KeyRules.Of(release)))
        .Aggregate((a, b) => a.And(b));

    [Property(MaxTest = 12, Replay = "20190218,9", Arbitrary = [typeof(KeyRaces)])]
    public static Property Answers_under_Coyote_are_those_of_some_order(KeyRace race) => Unexplained(race, [.. Coyote(race, 12)]);

    [Fact]
    public static void The_key_is_found_for_an_instant_after_a_complete_removal()
        => AssertNeeded(Allowances.Instant, new KeyRace(KeyRaces.Unlocked, [["alice rm_key K1"], ["root rm_key K1", "root status K1"]]));

    [Fact]
    public static void What_a_removal_left_may_go_by_itself()
        => AssertNeeded(
            Allowances.Disappearance,
            new KeyRace(KeyRaces.Unlocked, [["alice rm_key K1"], ["root cat d/f", "root drop_caches 2", "root status K1"]]));

    [Fact]
    public static void A_key_that_is_added_again_makes_a_removal_busy()
        => AssertNeeded(Allowances.AddedAgain, new KeyRace(KeyRaces.Unlocked, [["alice rm_key K1"], ["bob add_key K1"]]));

    [Fact]
    public static void Who_reads_makes_a_removal_busy()
        => AssertNeeded(Allowances.InPassing, new KeyRace(KeyRaces.Unlocked, [["alice rm_key K1"], ["root cat d/f"]]));

    // Where the worker has not come yet, a key that nobody refers to is removed once more; from v6.1 on it is absent.
    [Fact]
    public static void A_dead_key_is_found_on_old_kernels_only()
    {
        var race = new KeyRace(["alice add_key K1"], [["alice rm_key K1"], ["bob rm_key K1", "bob status K1"]]);
        foreach (var release in Old)
        {
            var rules = KeyRules.Of(release);
            TimedCall[][] histories = [.. Native(race, new DepthFirst(2), int.MaxValue, release)];
            Assert.All(histories, h => Assert.True(new Linearizability(rules).Explains(race.Setup, h), $"{release}\n{Text(h)}"));
            const Allowances Others = Allowances.All & ~Allowances.DeadWindow & ~Allowances.Instant;
            Assert.Equal(rules.DeadKeysAnswer, histories.Any(h => !new Linearizability(rules, Others).Explains(race.Setup, h)));
        }
    }

    [Fact]
    public static void Old_kernels_find_dead_keys()
    {
        TimedCall[] history =
        [
            new(0, "alice rm_key K1", "OK", 0, 9), new(1, "bob rm_key K1", "OK", 5, 8),
            new(1, "bob status K1", "INCOMPLETELY_REMOVED", 8, 8),
        ];
        string[] setup = ["alice add_key K1"];
        Assert.True(new Linearizability(new KeyRules(DeadKeysAnswer: true), Allowances.DeadWindow).Explains(setup, history));
        const Allowances Others = Allowances.All & ~Allowances.DeadWindow & ~Allowances.Instant;
        Assert.False(new Linearizability(new KeyRules(DeadKeysAnswer: true), Others).Explains(setup, history));
        Assert.False(new Linearizability(Newest, Others | Allowances.DeadWindow).Explains(setup, history));
    }

    [Theory]
    [InlineData("each of two users is told that the other is left", "alice rm_key K1 = OK[OTHER_USERS] @0-9", "bob rm_key K1 = OK[OTHER_USERS] @0-9")]
    [InlineData("both are told that they were the last", "alice rm_key K1 = OK @0-9", "bob rm_key K1 = OK @0-9")]
    [InlineData("it is gone before anybody removed it", "bob status K1 = ABSENT @0-4", "alice rm_key K1 = OK[OTHER_USERS] @5-9")]
    [InlineData("a claim stays", "alice rm_key K1 = OK[OTHER_USERS] @0-4", "root status K1 = PRESENT[users=2] @5-9")]
    [InlineData("a file is read after all is locked", "carol rm_key_all K1 = OK @0-4", "bob cat d/f = text @5-9")]
    [InlineData("it is found long after a complete removal", "carol rm_key_all K1 = OK @0-4", "bob status K1 = INCOMPLETELY_REMOVED @5-9")]
    [InlineData("busy without anybody", "carol rm_key_all K1 = OK[FILES_BUSY] @0-9", "bob status K1 = INCOMPLETELY_REMOVED @0-9")]
    [InlineData("it is removed and was never away", "carol rm_key_all K1 = OK @0-4", "bob status K1 = PRESENT[users=2,self] @5-9")]
    public static void What_no_order_explains_is_refused(string why, string first, string second)
    {
        string[] setup = [.. KeyRaces.Unlocked, "bob add_key K1"];
        var history = new[] { first, second }.Select((text, thread) =>
        {
            var (call, rest) = (text.Split(" = ")[0], text.Split(" = ")[1].Split(" @"));
            int[] times = [.. rest[1].Split('-').Select(t => t[0] - '0')];
            return new TimedCall(thread, call, rest[0], times[0], times[1]);
        });
        Assert.False(new Linearizability(Newest).Explains(setup, history), why);
    }

    // All histories are explained with all allowances, and some are not without this one.
    private static void AssertNeeded(Allowances allowance, KeyRace race)
    {
        TimedCall[][] histories = [.. DepthFirst(race, 1, int.MaxValue)];
        Assert.All(histories, h => Assert.True(new Linearizability(Newest).Explains(race.Setup, h), Text(h)));
        Assert.Contains(histories, h => !new Linearizability(Newest, Allowances.All & ~allowance).Explains(race.Setup, h));
    }

    private static Property Unexplained(KeyRace race, IReadOnlyCollection<TimedCall[]> histories, KeyRules? rules = null)
    {
        var checker = new Linearizability(rules ?? Newest);
        var unexplained = histories.FirstOrDefault(h => !checker.Explains(race.Setup, h));
        return (unexplained == null).Label(unexplained == null ? "" : Text(unexplained));
    }

    private static string Text(TimedCall[] history) => string.Join('\n', history.Select(c => c.ToString()));

    private static IEnumerable<TimedCall[]> DepthFirst(KeyRace race, int preemptions, int executions)
        => Native(race, new DepthFirst(preemptions), executions);

    private static IEnumerable<TimedCall[]> Native<TStrategy>(KeyRace race, TStrategy strategy, int executions, KernelRelease? release = null)
        where TStrategy : struct, IStrategy
    {
        var host = new NativeHost<TStrategy>(strategy) { StepsMax = StepsMax };
        var simulation = new Simulation(ScenarioOf(race), new KernelConfiguration { Release = release ?? KernelRelease.Default }, host);
        var history = new KeyHistory(race, host, simulation);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < executions; i++)
        {
            Assert.True(simulation.Execute() == ExecutionEnd.Complete, simulation.Violation?.ToString());
            var calls = history.Take();
            if (seen.Add(Order(calls)))
                yield return calls;
            if (!host.Strategy.Next())
                yield break;
        }
    }

    private static IReadOnlyCollection<TimedCall[]> Coyote(KeyRace race, int executions)
    {
        var engine = new CoyoteEngine(ScenarioOf(race), new KernelConfiguration(), "random", seed: 1, StepsMax);
        var history = new KeyHistory(race, engine.Execution.Host, engine.Execution.Simulation);
        var histories = new Dictionary<string, TimedCall[]>(StringComparer.Ordinal);
        engine.Run(executions, (simulation, end) =>
        {
            Assert.True(end == ExecutionEnd.Complete, simulation.Violation?.ToString());
            var calls = history.Take();
            histories.TryAdd(Order(calls), calls);
        });
        return histories.Values;
    }

    private static Scenario ScenarioOf(KeyRace race)
    {
        var file = ScenarioFile.Load(new Diagnostics("race", race.ToString()));
        Assert.True(file.Scenario != null, file.Diagnostics.Format() + string.Join(", ", file.Missing.Select(m => m.What)));
        return file.Scenario;
    }

    // Answers, and what came before what: all that an explanation depends on.
    private static string Order(TimedCall[] calls)
    {
        var text = new StringBuilder();
        foreach (var call in calls)
        {
            text.Append(call.Answer).Append(' ');
            foreach (var other in calls)
                text.Append(call.Precedes(other) ? '<' : '.');
        }

        return text.ToString();
    }
}
