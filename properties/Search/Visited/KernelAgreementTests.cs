using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>What depth-first sees of a kernel without any reduction, a search of states sees too, and nothing else.</summary>
public static class KernelAgreementTests
{
    private const int ExecutionsMax = 20_000;            // of depth-first

    // FSCRYPT_SIM_LONG_TESTS=1 takes the goals in v5.4 too, and more random threads.
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FSCRYPT_SIM_LONG_TESTS") == "1";

    // Three threads, or long ones: too many states without a bound.
    private static readonly string[] Large = ["races/write-vs-two-removers", "races/remove-vs-create", "races/remove-vs-follow", "races/remove-vs-tmpfile"];
    private static readonly string[] Goals = ["remove-vs-write", "remove-vs-open", "remove-vs-unlock"];

    public static TheoryData<string, string, string> Kernels
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var goal in Goals)
            {
                data.Add(goal, "drop-inode", "v6.18");
                if (IsLong)
                    data.Add(goal, "drop-inode", "v5.4");
                data.Add(goal, "walk-and-invalidate", "v6.18");
            }

            foreach (var race in ScenarioLibrary.All.Where(s => s.HasKernel && s.Name.StartsWith("races/", StringComparison.Ordinal)))
                data.Add(race.Name, "drop-inode", "v6.18");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public static void States_come_to_what_depth_first_sees(string name, string design, string release)
    {
        var configuration = new KernelConfiguration { Design = Design.Named(design)!, Release = KernelRelease.Named(release)! };
        var scenario = ScenarioLibrary.Named(name)!;
        if (scenario.RefusalOf(configuration) == null)
            Assert.InRange(Compare(scenario, configuration, isBounded: Large.Contains(name)), Large.Contains(name) ? 1 : 2, 3);
    }

    [Fact]
    public static void A_write_is_lost_with_one_preemption()
    {
        var old = new KernelConfiguration { Release = KernelRelease.Named("v5.4")! };
        var scenario = ScenarioLibrary.Named("remove-vs-write")!;
        Assert.Equal(["lost-write at 1"], Searches.Rules(Searches.Executed(Searches.Plan(scenario, 1, old)).Tally));
        Assert.Empty(Searches.Executed(Searches.Plan(scenario, 0, old)).Tally.Violations);
    }

    [Fact]
    public static void Random_threads_come_to_what_depth_first_sees()
    {
        var (compared, rules) = (0, new SortedSet<string>(StringComparer.Ordinal));
        for (var seed = 0; seed < (IsLong ? 90 : 50); seed++)
        {
            var scenario = SmallScenarios.Random(seed) with { WithoutRules = ["data-race", "lock-order"] };
            try
            {
                compared += Compare(scenario, new KernelConfiguration(), isBounded: true, rules) > 0 ? 1 : 0;
            }
            catch (InternalErrorException exception) when (exception.InnerException is IndexOutOfRangeException)
            {
                // A count beyond those that the last part has a text for.
            }
        }

        Assert.True(compared > (IsLong ? 60 : 30), $"random threads show something: {compared}");
        Assert.Equal(["count", "deadlock"], rules);
    }

    // How many bounds were compared; the states without a bound contain them all.
    private static int Compare(Scenario scenario, KernelConfiguration configuration, bool isBounded, SortedSet<string>? rules = null)
    {
        var bounds = 0;
        SearchResult? unbounded = null;
        for (; bounds <= 2; bounds++)
        {
            var plan = Searches.Plan(scenario, bounds, configuration);
            var oracle = Searches.DepthFirst(plan, ExecutionsMax);
            if (oracle.BudgetSpent)
                break;
            var states = Searches.Executed(plan);
            Assert.True(Text(oracle.Tally) == Text(states.Tally), $"{scenario.Name} at {bounds}\n{Text(oracle.Tally)}\n\n{Text(states.Tally)}");
            Assert.Equal(oracle.Tally.Deadlocked > 0, states.Tally.States!.Deadlocks > 0);
            rules?.UnionWith(states.Tally.Violations.Select(v => v.Rule));
            if (isBounded)
                continue;
            unbounded ??= Searches.Executed(plan with { PreemptionsMax = null });
            Assert.Empty(Searches.Outcomes(oracle.Tally).Except(Searches.Outcomes(unbounded.Tally)));
            Assert.Empty(Searches.Rules(oracle.Tally).Except(Searches.Rules(unbounded.Tally)));
        }

        return bounds;
    }

    private static string Text(Tally tally) => string.Join('\n', Searches.Outcomes(tally).Concat(Searches.Rules(tally)));
}
