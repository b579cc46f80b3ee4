using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios;

/// <summary>Every file of the library: it is read without a mistake, and what it expects is so on v6.18, on both engines.</summary>
[Collection(CoyoteCollection.Name)]
public static class LibraryTests
{
    private const int CoyoteExecutions = 40;
    private const int BoundOfKernels = 2;

    public static TheoryData<string> Names => [.. ScenarioLibrary.Names];

    public static TheoryData<string> Runnable => [.. ScenarioLibrary.All.Select(s => s.Name).Except(EndlessPrograms.Names)];

    public static TheoryData<string> Endless => [.. EndlessPrograms.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public static void A_file_has_no_mistake_and_is_called_what_it_says(string name)
    {
        var file = ScenarioLibrary.File(name)!;

        Assert.Equal("", file.Diagnostics.Format());
        Assert.NotEqual(file.Missing.IsEmpty, file.Scenario == null);
        Assert.NotEmpty(file.Title);
        Assert.Contains($"scenario {name.Split('/')[^1]} ", ScenarioLibrary.TextOf(name), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Runnable))]
    public static void What_is_expected_is_so_and_Coyote_sees_no_other_outcome(string name)
    {
        var scenario = ScenarioLibrary.Named(name)!;
        var plan = new SearchPlan(scenario, new KernelConfiguration()) { PreemptionsMax = scenario.HasKernel ? BoundOfKernels : null };

        var native = Explorer.Run(plan, new SearchProgress(null));
        Assert.True(native.Verdict == Verdict.Holds, $"{name}: {native.Verdict}: {native.Reason} "
            + string.Join("; ", native.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")));

        var coyote = Explorer.Run(
            plan with { Engine = EngineNames.Coyote, Strategy = "random", PreemptionsMax = null, ExecutionsMax = CoyoteExecutions }, new SearchProgress(null));
        Assert.Empty(coyote.Tally.Violations);
        Assert.Equal(CoyoteExecutions, coyote.Tally.Executions);
        Assert.Equal([], coyote.Tally.Outcomes.Select(o => o.ToString()).Except(native.Tally.Outcomes.Select(o => o.ToString())));
    }

    [Theory]
    [MemberData(nameof(Endless))]
    public static void What_is_expected_of_the_states_of_a_program_without_end_is_so(string name)
    {
        var plan = new SearchPlan(ScenarioLibrary.Named(name)!, new KernelConfiguration()) { Strategy = StrategyNames.States, PreemptionsMax = null };
        var states = Explorer.Run(plan, new SearchProgress(null));
        Assert.Equal((Verdict.Holds, null), (states.Verdict, states.Reason));
    }

    [Theory]
    [InlineData("textbook/inc2", 6, 0)]
    [InlineData("textbook/inc3", 90, 0)]
    [InlineData("textbook/readers4", 120, 0)]
    [InlineData("textbook/lastzero3", 920, 0)]
    [InlineData("textbook/fib2", 924, 0)]
    [InlineData("textbook/philosophers3", 390, 6)]
    [InlineData("textbook/iriw", 180, 0)]
    [InlineData("textbook/n-writers3", 6, 0)]
    [InlineData("textbook/cas3", 6, 0)]
    [InlineData("textbook/sb", 6, 0)]
    public static void The_known_numbers_of_interleavings_come_out(string name, int complete, int deadlocked)
    {
        var plan = new SearchPlan(ScenarioLibrary.Named(name)!, new KernelConfiguration()) { PreemptionsMax = null };
        var tally = Explorer.Run(plan, new SearchProgress(null)).Tally;
        Assert.Equal((complete, deadlocked, 0), (tally.Complete, tally.Deadlocked, tally.Cut));
    }
}
