using System.Diagnostics;
using System.Reflection;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;
using Xunit.Abstractions;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>
/// Whenever a search comes to a state that it has seen, two schedules lead to it: two machines that follow one each must be
/// in the same state, field by field. That is the whole proof that states are merged rightly, step by step.
/// </summary>
public sealed class StatePairsTests(ITestOutputHelper output)
{
    // FSCRYPT_SIM_LONG_TESTS=1 takes all pairs of searches without a bound: 1,202,053 (docs/BENCHMARKS.md), in half an hour.
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FSCRYPT_SIM_LONG_TESTS") == "1";

    // Numbers that a disk gives texts when it meets them first are to be the same on both machines.
    private const int AlignedPairs = 500;

    public static TheoryData<string, string, string, int?> Searched
    {
        get
        {
            int? bound = IsLong ? null : 2;
            var data = new TheoryData<string, string, string, int?>
            {
                { "remove-vs-write", "drop-inode", "v6.18", bound },
                { "remove-vs-write", "drop-inode", "v5.4", bound },
                { "remove-vs-open", "walk-and-invalidate", "v6.18", bound },
                { "remove-vs-unlock", "drop-inode", "v6.18", bound },
                { "races/two-keys", "drop-inode", "v6.18", bound },
                { "races/two-openers", "drop-inode", "v6.18", bound },
                { "races/remove-vs-add", "drop-inode", "v6.18", bound },
            };
            if (!IsLong)
                return data;
            data.Add("races/sync-vs-remove", "drop-inode", "v6.18", bound);
            data.Add("races/two-removers", "drop-inode", "v6.18", bound);
            data.Add("races/keys-vs-mkdir", "drop-inode", "v6.18", bound);
            data.Add("races/lazytime-vs-remove", "drop-inode", "v6.18", bound);
            data.Add("races/remove-vs-follow", "drop-inode", "v6.18", bound);
            data.Add("races/remove-vs-tmpfile", "drop-inode", "v6.18", bound);
            data.Add("races/write-vs-two-removers", "drop-inode", "v6.18", 2);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Searched))]
    public void Equal_fingerprints_are_equal_states(string name, string design, string release, int? bound)
    {
        var configuration = new KernelConfiguration { Design = Design.Named(design)!, Release = KernelRelease.Named(release)! };
        var started = Stopwatch.GetTimestamp();
        var pairs = Compare(ScenarioLibrary.Named(name)!, configuration, bound);
        Assert.True(pairs > 500, $"schedules meet in states: {pairs}");
        output.WriteLine($"{name} {design} {release}: {pairs} pairs in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
    }

    [Fact]
    public void Equal_fingerprints_of_random_threads_are_equal_states()
    {
        var pairs = 0;
        for (var seed = 0; seed < (IsLong ? 300 : 60); seed++)
        {
            try
            {
                pairs += Compare(SmallScenarios.Random(seed) with { WithoutRules = ["data-race", "lock-order"] }, new KernelConfiguration(), IsLong ? 1 : 0);
            }
            catch (InternalErrorException exception) when (exception.InnerException is IndexOutOfRangeException)
            {
                // A count beyond those that the last part has a text for.
            }
        }

        Assert.True(pairs > 1_000, $"schedules meet in states: {pairs}");
        output.WriteLine($"{pairs} pairs");
    }

    // The judge itself: one step more or less is another state, and it says so.
    [Theory]
    [InlineData("remove-vs-write")]
    [InlineData("races/two-keys")]
    public void A_step_makes_another_state(string name)
    {
        var scenario = ScenarioLibrary.Named(name)!;
        var met = new List<short[]>();
        Searches.Executed(Searches.Plan(scenario, 1), (first, _) => met.Add(first));
        var (one, other) = (new SuspendedMachine(scenario), new SuspendedMachine(scenario));
        var comparison = new MachineComparison();
        foreach (var schedule in met.Where((_, i) => i % 20 == 0))
        {
            one.GoTo(schedule);
            other.GoTo(schedule);
            Assert.True(comparison.Compare(one, other), comparison.Difference);
            other.GoTo(schedule.AsSpan(0, schedule.Length - 1));
            Assert.False(comparison.Compare(one, other));
        }
    }

    [Fact]
    public void Fields_that_are_left_out_are_there()
    {
        var names = new[] { typeof(Model.Machine.KernelHost), typeof(Scenario) }.SelectMany(t => t.Assembly.GetTypes())
            .SelectMany(t => t.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(MachineComparison.NameOf).ToHashSet();
        Assert.Empty(MachineComparison.LeftOut.Keys.Except(names));
    }

    private static int Compare(Scenario scenario, KernelConfiguration configuration, int? bound)
    {
        var (one, other) = (new SuspendedMachine(scenario, configuration), new SuspendedMachine(scenario, configuration));
        var comparison = new MachineComparison();
        var pairs = 0;
        Searches.Executed(Searches.Plan(scenario, bound, configuration), (first, second) =>
        {
            if (pairs++ < AlignedPairs)
                one.GoTo(second);
            var state = other.WordsAt(first).ToArray();
            one.GoTo(first);
            var isSame = other.WordsAt(second).SequenceEqual(state);
            if (!isSame || !comparison.Compare(one, other))
                throw new InternalErrorException($"{comparison.Difference ?? "words"}\n{string.Join(',', first)}\n{string.Join(',', second)}");
        });
        return pairs;
    }
}
