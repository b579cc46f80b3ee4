using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>What every sampling strategy does.</summary>
public abstract class SamplingContract<TStrategy>
    where TStrategy : struct, IStrategy
{
    private const string Inc2 = """
        scenario inc2
        shared x = 0
        thread a
          r = x
          x = r + 1
        thread b
          r = x
          x = r + 1
        never x == 1
        """;

    private const string Five = """
        scenario five
        shared x = 0
        thread t * 5
          x = 1
          x = 2
        always x == 2 || x == 1
        """;

    /// <summary>Its name on the command line.</summary>
    protected abstract string Name { get; }

    /// <summary>The strategy as a plan makes it.</summary>
    protected abstract TStrategy Make(SearchPlan plan, ulong first = 0);

    [Fact]
    public void The_same_seed_gives_the_same_schedules_and_another_one_others()
    {
        var scenario = ScenarioLibrary.Named("remove-vs-write")!;
        List<string> Of(ulong seed) => Sampled.Schedules(scenario, Make(Sampled.Plan(scenario, seed)), 30);

        Assert.Equal(Of(7), Of(7));
        Assert.NotEqual(Of(7), Of(8));
        Assert.True(Of(7).Distinct().Count() > 10);
    }

    [Fact]
    public void An_execution_does_not_depend_on_those_before_it()
    {
        foreach (var scenario in new[] { ScenarioLibrary.Named("remove-vs-open")!, SmallScenarios.SpawnsAndChooses, SmallScenarios.Random(4) })
        {
            var plan = Sampled.Plan(scenario, 3);
            Assert.Equal(Sampled.Schedules(scenario, Make(plan), 25).Skip(11), Sampled.Schedules(scenario, Make(plan, 11), 14));
        }
    }

    [Fact]
    public void Workers_do_not_change_the_result()
    {
        foreach (var scenario in new[] { LittleScenarios.Lost, SmallScenarios.SpawnsAndChooses })
        {
            var plan = Sampled.Plan(scenario, 5) with { Strategy = Name, ExecutionsMax = 997, StepsMax = 500 };
            var alone = Explorer.Run(plan, new SearchProgress(null)).Tally;
            foreach (var workers in new[] { 2, 3, 5 })
            {
                var together = Explorer.Run(plan with { Workers = workers }, new SearchProgress(null)).Tally;
                Assert.Equal((alone.Complete, alone.Steps, alone.Violating), (together.Complete, together.Steps, together.Violating));
                Assert.Equal(alone.Outcomes.Select(o => (o.Count, o.ToString())), together.Outcomes.Select(o => (o.Count, o.ToString())));
                Assert.Equal(alone.Violations.Select(v => string.Join(' ', v.Schedule.ToArray())), together.Violations.Select(v => string.Join(' ', v.Schedule.ToArray())));
            }
        }
    }

    [Fact]
    public void An_easy_bug_is_found()
    {
        var scenario = Sampled.Program(Inc2);
        Assert.InRange(Sampled.FirstViolating(scenario, Make(Sampled.Plan(scenario)), 100), 1, 100);
    }

    [Fact]
    public void The_lost_write_of_Linux_5_4_is_found()
    {
        var plan = new SearchPlan(
            ScenarioLibrary.Named("remove-vs-write")!, new KernelConfiguration { Release = KernelRelease.Named("v5.4")! })
        {
            Strategy = Name, ExecutionsMax = 2_000,
        };
        Assert.Equal(Verdict.Violated, Explorer.Run(plan, new SearchProgress(null)).Verdict);
    }

    [Fact]
    public void Every_thread_gets_its_turn_first_and_last()
    {
        var scenario = Sampled.Program(Five);
        var schedules = Sampled.Schedules(scenario, Make(Sampled.Plan(scenario)), 400).Select(s => s.Split(' ')).ToArray();
        Assert.Equal(5, schedules.Select(s => s[0]).Distinct().Count());
        Assert.Equal(5, schedules.Select(s => s[^1]).Distinct().Count());
    }

    [Fact]
    public void Only_threads_that_can_run_are_chosen()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var scenario = SmallScenarios.Random(seed);
            var choices = new List<(ulong Enabled, int Chosen)>();
            var watched = new Watched<TStrategy>(Make(Sampled.Plan(scenario) with { StepsMax = 200 }), choices);
            Sampled.Run(scenario, watched, 20, (_, _) => { }, stepsMax: 200);
            Assert.All(choices, c => Assert.True(c.Chosen >= 0 && (c.Enabled >> c.Chosen & 1) != 0));
        }
    }

    [Fact]
    public void Threads_that_are_started_and_choices_of_data_are_all_seen()
    {
        var plan = Sampled.Plan(SmallScenarios.SpawnsAndChooses);
        var all = Explorer.Run(plan with { PreemptionsMax = 0 }, new SearchProgress(null)).Tally.Outcomes.Select(o => o.ToString());
        var seen = Explorer.Run(plan with { Strategy = Name, ExecutionsMax = 5_000 }, new SearchProgress(null)).Tally.Outcomes.Select(o => o.ToString());
        Assert.Empty(all.Except(seen));
    }

    // Whoever polls gives way in the end: an execution that is cut says nothing.
    [Fact]
    public void A_thread_that_polls_does_not_keep_the_others_from_running()
    {
        var plan = Sampled.Plan(SmallScenarios.Polling) with { Strategy = Name, ExecutionsMax = 500, StepsMax = 5_000 };
        Assert.Equal(500, Explorer.Run(plan, new SearchProgress(null)).Tally.Complete);
    }

    [Fact]
    public void Points_at_plain_accesses_are_sampled_too()
    {
        var plan = Sampled.Plan(SmallScenarios.GuardedUpdate) with { Strategy = Name, ExecutionsMax = 50, PointsAll = true };
        var result = Explorer.Run(plan, new SearchProgress(null));
        Assert.Equal((50, Verdict.Inconclusive), (result.Tally.Complete, result.Verdict));
    }

    // Of the strategy alone: the machine around it allocates until the runtime has optimised its code, which takes its time.
    [Fact]
    public void A_strategy_allocates_nothing()
    {
        var scenario = ScenarioLibrary.Named("remove-vs-unlock")!;
        var (allocated, atFirst) = (new long[1], 0L);
        var executions = 0;
        Sampled.Run(scenario, new Measured<TStrategy>(Make(Sampled.Plan(scenario)), allocated), 200, (_, _) =>
        {
            if (++executions == 100)
                atFirst = allocated[0];
        });
        Assert.Equal(atFirst, allocated[0]);
    }
}

public sealed class RandomWalkTests : SamplingContract<RandomWalk>
{
    protected override string Name => StrategyNames.Random;

    protected override RandomWalk Make(SearchPlan plan, ulong first = 0) => new(plan.Seed, first);
}
