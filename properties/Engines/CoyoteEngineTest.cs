using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Engines;

[Collection(CoyoteCollection.Name)]
public sealed class CoyoteEngineTest
{
    private const int StepsMax = 500;

    public static TheoryData<string> Strategies => [.. CoyoteEngine.Strategies];

    [Theory]
    [MemberData(nameof(Strategies))]
    public void EveryStrategyFindsAnEasyBug(string strategy)
    {
        var result = Engine(SmallScenarios.LostUpdate, strategy).Run(1000);

        Assert.Equal("count", result.Finding?.Rule);
        Assert.Equal(1, result.Violated);
        Assert.Equal(0, result.Deadlocked + result.Cut);
        AssertSameOnNative(SmallScenarios.LostUpdate, result.Schedule, result.Finding!);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void NoStrategyFindsABugWhereThereIsNone(string strategy)
    {
        var result = Engine(SmallScenarios.GuardedUpdate, strategy).Run(200);

        Assert.Null(result.Finding);
        Assert.Equal(200, result.Complete);
        Assert.Equal(200, result.Executions);
        Assert.Equal("", result.Trace);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void EveryExecutionIsTheSameOnTheNativeHost(string strategy)
    {
        var ends = new Dictionary<ExecutionEnd, int>();
        for (var seed = 0; seed < 40; seed++)
        {
            var scenario = SmallScenarios.Random(seed);
            var engine = Engine(scenario, strategy, (ulong)seed);
            var native = new NativeReplay(scenario);
            engine.Run(8, (simulation, end) =>
            {
                ends[end] = ends.GetValueOrDefault(end) + 1;
                native.AssertSame(engine.Schedule, end, simulation);
                native.AssertSame(engine.Schedule, end, simulation);
            });
        }

        Assert.True(ends[ExecutionEnd.Complete] > 10 && ends[ExecutionEnd.Violated] > 10, string.Join(", ", ends));
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void TheProgramsScenariosAreTheSameOnTheNativeHost(string strategy)
    {
        foreach (var scenario in ScenarioLibrary.All.Where(s => s.HasKernel && !s.Name.Contains('/')))
        {
            foreach (var design in Design.All)
            {
                var configuration = new KernelConfiguration { Design = design };
                var engine = new CoyoteEngine(scenario, configuration, strategy, seed: 1, StepsMax);
                var native = new NativeReplay(scenario, configuration);
                engine.Run(4, (simulation, end) => native.AssertSame(engine.Schedule, end, simulation));
            }
        }
    }

    [Fact]
    public void SpawnedThreadsAndChoicesOfDataAreExploredAndReplayed()
    {
        var outcomes = new HashSet<string>();
        var native = new NativeReplay(SmallScenarios.SpawnsAndChooses);
        var engine = Engine(SmallScenarios.SpawnsAndChooses, "random");

        var result = engine.Run(300, (simulation, end) =>
        {
            outcomes.Add(simulation.Instance.Registers[0].Text);
            native.AssertSame(engine.Schedule, end, simulation);
        });

        Assert.Null(result.Finding);
        Assert.True(outcomes.Count >= 3, string.Join(", ", outcomes));
    }

    [Fact]
    public void ADeadlockIsTheSameFindingOnBothHosts()
    {
        foreach (var scenario in new[] { SmallScenarios.BothOrders, SmallScenarios.LostWakeUp })
        {
            var engine = Engine(scenario, "random");
            var result = engine.Run(1);
            while (result.Deadlocked == 0)
                result = engine.Run(1);

            Assert.Equal("deadlock", result.Finding?.Rule);
            Assert.Equal(1, result.Executions);
            AssertSameOnNative(scenario, result.Schedule, result.Finding!);
            Assert.Equal(result.Schedule, engine.Replay(result.Trace).Schedule);
        }
    }

    [Fact]
    public void AnExceptionInAThreadIsAFinding()
    {
        foreach (var (scenario, message) in new[]
        {
            (SmallScenarios.Throws, "a: InvalidOperationException: the other one was faster"),
            (SmallScenarios.ThrowsAtOnce, "b: InvalidOperationException: at once"),
            (SmallScenarios.ThrowsAtTheEnd, "InvalidOperationException: at the end"),
        })
        {
            var result = Engine(scenario, "random").Run(1000);

            Assert.Equal("exception", result.Finding?.Rule);
            Assert.EndsWith(message, result.Finding!.Message);
            Assert.IsType<InvalidOperationException>(result.Finding.Exception);
            AssertSameOnNative(scenario, result.Schedule, result.Finding);
        }
    }

    [Fact]
    public void AnExceptionOutsideOfTheThreadsIsThrown()
    {
        var broken = SmallScenarios.LostUpdate with
        {
            Create = kernel =>
            {
                var instance = SmallScenarios.LostUpdate.Create(kernel);
                instance.Expectations[0] = instance.Expectations[0] with { Holds = () => throw new InvariantException("wrong") };
                return instance;
            },
        };

        Assert.Throws<InvariantException>(() => Engine(broken, "random").Run(10));
    }

    [Fact]
    public void ThreadsWithNothingToDoEndAtOnce()
    {
        Assert.Equal(20, Engine(SmallScenarios.NothingToDo, "random").Run(20).Complete);
        Assert.Equal(20, Engine(SmallScenarios.Nothing, "random").Run(20).Complete);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void AnEndlessExecutionIsCut(string strategy)
    {
        var engine = Engine(SmallScenarios.Endless, strategy);
        var native = new NativeReplay(SmallScenarios.Endless);

        var result = engine.Run(20, (simulation, end) =>
        {
            Assert.Equal(StepsMax, engine.Schedule.Length);
            native.AssertSame(engine.Schedule, end, simulation);
        });

        Assert.Equal(20, result.Cut);
        Assert.Equal(20 * StepsMax, result.Steps);
    }

    [Fact]
    public void AnUnfairStrategyIsCutWhereAFairOneEnds()
    {
        Assert.Equal(100, Engine(SmallScenarios.Polling, "random").Run(100).Complete);
        Assert.NotEqual(0, Engine(SmallScenarios.Polling, "prioritization").Run(100).Cut);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void CoyotesOwnTraceReplays(string strategy)
    {
        var found = Engine(SmallScenarios.LostUpdate, strategy, seed: 7).Run(1000);
        var engine = Engine(SmallScenarios.LostUpdate, "random", seed: 8);

        for (var i = 0; i < 2; i++)
        {
            var replayed = engine.Replay(found.Trace);

            Assert.Equal(found.Schedule, replayed.Schedule);
            Assert.Equal(found.Finding!.Message, replayed.Finding?.Message);
            Assert.Equal(found.Trace, replayed.Trace);
        }
    }

    [Fact]
    public void ATraceOfAnotherScenarioDoesNotReplay()
    {
        var found = Engine(SmallScenarios.LostUpdate, "random").Run(1000);
        var replayed = Engine(SmallScenarios.BothOrders, "random").Replay(found.Trace);

        Assert.NotEqual(found.Finding!.Message, replayed.Finding?.Message);
        Assert.Equal(1, replayed.Executions);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void TheSameSeedIsTheSameRun(string strategy)
    {
        Assert.Equal(Schedules(seed: 3, each: 60), Schedules(seed: 3, each: 60));
        Assert.NotEqual(Schedules(seed: 3, each: 60), Schedules(seed: 4, each: 60));

        List<string> Schedules(ulong seed, int each)
        {
            var schedules = new List<string>();
            var engine = Engine(SmallScenarios.SpawnsAndChooses, strategy, seed);
            engine.Run(each, (_, _) => schedules.Add(string.Join(",", engine.Schedule.ToArray())));
            return schedules;
        }
    }

    [Fact]
    public void AnExecutionOfRandomDependsOnItsOwnSeedOnly()
    {
        var all = new List<string>();
        var engine = Engine(SmallScenarios.SpawnsAndChooses, "random", seed: uint.MaxValue - 3UL);
        engine.Run(10, (_, _) => all.Add(string.Join(",", engine.Schedule.ToArray())));

        // The seed of Coyote wraps around, and the upper half of ours is folded in.
        var single = Engine(SmallScenarios.SpawnsAndChooses, "random", seed: 5UL << 32 | 1);
        single.Run(1);
        Assert.Equal(all[8], string.Join(",", single.Schedule.ToArray()));
    }

    [Fact]
    public void AnUnknownStrategyIsRefused()
    {
        var refusal = Assert.Throws<ArgumentException>(() => Engine(SmallScenarios.Nothing, "pct"));
        Assert.Contains("fair-delay-bounding", refusal.Message);
    }

    private static CoyoteEngine Engine(Scenario scenario, string strategy, ulong seed = 1)
        => new(scenario, new KernelConfiguration(), strategy, seed, StepsMax);

    private static void AssertSameOnNative(Scenario scenario, short[] schedule, Finding finding)
    {
        var native = new NativeReplay(scenario);
        native.AssertSame(schedule, finding);
        native.AssertSame(schedule, finding);
    }

    /// <summary>Schedules of one scenario on the native host.</summary>
    private sealed class NativeReplay
    {
        private readonly NativeHost<Replay> host = new(new Replay([])) { StepsMax = StepsMax };
        private readonly Simulation simulation;

        public NativeReplay(Scenario scenario, KernelConfiguration? configuration = null)
            => simulation = new Simulation(scenario, configuration ?? new KernelConfiguration(), host);

        public void AssertSame(ReadOnlySpan<short> schedule, ExecutionEnd end, Simulation expected)
        {
            Assert.Equal(end, Run(schedule));
            AssertSame(expected.Violation);
            if (end == ExecutionEnd.Complete)
                Assert.Equal(expected.Instance.Registers.Select(r => r.Text), simulation.Instance.Registers.Select(r => r.Text));
        }

        public void AssertSame(ReadOnlySpan<short> schedule, Finding expected)
        {
            Run(schedule);
            AssertSame(expected);
        }

        private ExecutionEnd Run(ReadOnlySpan<short> schedule)
        {
            host.Strategy = new Replay(schedule);
            var end = simulation.Execute();
            Assert.Null(host.Strategy.Divergence);
            Assert.True(host.Strategy.IsUsedUp);
            Assert.Equal(schedule, host.Schedule);
            return end;
        }

        private void AssertSame(Finding? expected)
        {
            var found = simulation.Violation;
            Assert.Equal(expected?.Rule, found?.Rule);
            Assert.Equal(expected?.Message, found?.Message);
            Assert.Equal(expected?.Thread, found?.Thread);
            Assert.Equal(expected?.Step, found?.Step);
        }
    }
}

/// <summary>Tests that use Coyote run one after another, and next to no others: their threads are counted.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CoyoteCollection
{
    public const string Name = "Coyote";
}
