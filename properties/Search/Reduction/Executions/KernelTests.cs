using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>Scenarios of system calls, which no reduction brings to an end within a test: what it sees on its way.</summary>
public static class KernelTests
{
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
