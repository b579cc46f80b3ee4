using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>Scenarios of system calls: all their traces, and the same ends as a search of states sees.</summary>
public static class KernelTests
{
    // FSCRYPT_SIM_LONG_TESTS=1 takes those too that take a quarter of a minute each.
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FSCRYPT_SIM_LONG_TESTS") == "1";

    // Traces, and executions that turned out to be of none: where tasks wait for the flusher, the reduction is not optimal.
    public static TheoryData<string, long, long> Scenarios
    {
        get
        {
            var data = new TheoryData<string, long, long> { { "races/remove-vs-add", 46, 0 }, { "races/two-keys", 6, 0 }, { "races/sync-vs-remove", 9_176, 16 } };
            if (!IsLong)
                return data;
            data.Add("races/two-openers", 78_376, 0);
            data.Add("remove-vs-open", 241_859, 0);
            data.Add("remove-vs-write", 332_021, 0);
            data.Add("remove-vs-unlock", 151_693, 0);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public static void Reduction_and_states_agree(string name, long traces, long blocked)
    {
        var dpor = Coroutines.Explore(ScenarioLibrary.Named(name)!, StrategyNames.Dpor);
        var states = Coroutines.Explore(ScenarioLibrary.Named(name)!, StrategyNames.States);
        Assert.Equal((Verdict.Holds, traces, blocked, 0), (dpor.Verdict, dpor.Tally.Complete, dpor.Tally.Blocked, dpor.Tally.Deadlocked));
        Assert.Equal(Outcomes(states), Outcomes(dpor));
        Assert.Empty(states.Tally.Violations);
    }

    private static IEnumerable<string> Outcomes(SearchResult result)
        => result.Tally.Outcomes.Select(o => o.ToString()).Order(StringComparer.Ordinal);

    [Theory]
    [InlineData("remove-vs-write")]
    [InlineData("remove-vs-open")]
    [InlineData("remove-vs-unlock")]
    public static void Nothing_is_looked_at_in_vain(string name)
    {
        var tally = Coroutines.Explore(ScenarioLibrary.Named(name)!, StrategyNames.Dpor, 3_000).Tally;
        Assert.Equal((3_000, 0, 0), (tally.Complete, tally.Blocked, tally.Cut));
        Assert.Empty(tally.Violations);
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void The_command_line_takes_them(string strategy)
    {
        using var tester = new CommandLineTester();
        var run = tester.Explore("lost", "--strategy", strategy);
        Assert.Equal(ExitCode.Violated, run.Result.Item1);
        Assert.Contains($"strategy {strategy}, any number of preemptions", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void A_thread_that_never_ends_ends_the_search(string strategy)
    {
        var result = Coroutines.Explore(SmallScenarios.Endless, strategy);
        Assert.Equal(Verdict.Inconclusive, result.Verdict);
        Assert.Contains($"{strategy} needs threads that end", result.Reason, StringComparison.Ordinal);
    }
}
