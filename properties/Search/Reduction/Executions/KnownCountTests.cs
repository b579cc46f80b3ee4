using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>What is known of textbook programs holds of them as coroutines too.</summary>
public static class KnownCountTests
{
    public static TheoryData<string, int, int> Programs => KnownTraceCountTests.Programs;

    public static TheoryData<string> Library
        => [.. ScenarioLibrary.All.Where(s => !s.HasKernel && !EndlessPrograms.Names.Contains(s.Name)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Each_trace_is_looked_at_and_nothing_else(string program, int complete, int deadlocked)
    {
        var tally = Coroutines.Explore(Coroutines.Of(program), StrategyNames.Dpor).Tally;
        Assert.Equal((complete, deadlocked), (tally.Complete, tally.Deadlocked));
        Assert.Equal((0, 0, 0), (tally.Blocked, tally.AwaitBlocked, tally.Cut));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Sleep_sets_look_at_each_trace_once(string program, int complete, int deadlocked)
    {
        var tally = Coroutines.Explore(Coroutines.Of(program), StrategyNames.SleepSets).Tally;
        Assert.Equal((complete, deadlocked), (tally.Complete, tally.Deadlocked));
        Assert.Equal(0, tally.Cut);
    }

    [Theory]
    [MemberData(nameof(Library))]
    public static void Programs_have_as_many_traces_as_coroutines(string name)
    {
        var scenario = ScenarioLibrary.Named(name)!;
        var program = Coroutines.Explore(scenario, StrategyNames.Dpor, 3_000).Tally;
        var coroutines = Coroutines.Explore(Coroutines.Of(scenario), StrategyNames.Dpor, 3_000).Tally;
        Assert.Equal((program.Complete, program.Deadlocked), (coroutines.Complete, coroutines.Deadlocked));
        Assert.Equal(0, coroutines.Blocked);             // of those that wait for a change it is not known before what lets them go on
    }
}
