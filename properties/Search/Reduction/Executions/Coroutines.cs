using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>Scenarios whose threads are coroutines, for the searches that reduce executions on a machine.</summary>
internal static class Coroutines
{
    /// <summary>A program of shared variables, run as any scenario is: the search does not see that it is one.</summary>
    public static Scenario Of(string program, bool deadlockIsNone = true)
        => new Disguised(new ProgramScenario("test", "", ProgramText.Compile(program), [])) { WithoutRules = deadlockIsNone ? ["deadlock"] : [] };

    /// <summary>The same of a scenario.</summary>
    public static Scenario Of(Scenario scenario) => new Disguised(scenario) { WithoutRules = scenario.WithoutRules };

    /// <summary>Threads on a machine of their own.</summary>
    public static Scenario Of(Func<KernelHost, Func<KTask>[]> threads, bool deadlockIsNone = true)
        => new Bare(threads) { WithoutRules = deadlockIsNone ? ["deadlock", "lock-order"] : [] };

    /// <summary>Searches without a bound.</summary>
    public static SearchResult Explore(Scenario scenario, string strategy, long? executionsMax = null)
        => Explorer.Run(
            new SearchPlan(scenario, new KernelConfiguration())
            {
                Strategy = strategy, PreemptionsMax = null, ExecutionsMax = executionsMax, StepsMax = 10_000,
            },
            new SearchProgress(null));

    /// <summary>Outcomes, rules, and whether there are deadlocks and executions that were given up.</summary>
    public static string Found(Tally tally)
        => string.Join('\n', tally.Outcomes.Select(o => o.ToString()).Order(StringComparer.Ordinal)) + "\n"
            + string.Join('\n', tally.Violations.Select(v => v.Rule).Distinct().Order(StringComparer.Ordinal))
            + $"\n{tally.Deadlocked > 0} {string.Join(' ', tally.GivenUp.Keys)}";

    private sealed record Disguised(Scenario Inner) : Scenario(Inner.Name, Inner.Title)
    {
        public override bool HasKernel => Inner.HasKernel;

        public override ScenarioInstance Bind(KernelHost host, KernelConfiguration configuration) => Inner.Bind(host, configuration);
    }

    private sealed record Bare(Func<KernelHost, Func<KTask>[]> Create) : Scenario("bare", "")
    {
        public override ScenarioInstance Bind(KernelHost host, KernelConfiguration configuration) => new()
        {
            Threads = [.. Create(host).Select((run, i) => new ThreadBody($"t{i}", run))], Registers = [], Expectations = [],
        };
    }
}
