using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

public sealed class ReplayTest
{
    // Thread numbers begin after that of the set-up, which has none left at the checkpoint: the first racing thread is 0.
    private static readonly short[] BothReadThenSet = [0, 1, 0, 1];

    [Fact]
    public void ARecordedScheduleIsTheSameExecutionAgain()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var scenario = SmallScenarios.Random(seed);
            var walk = new NativeHost<RandomWalk>(new RandomWalk((ulong)seed)) { StepsMax = 500 };
            var recorded = new Simulation(scenario, new KernelConfiguration(), walk);
            var end = recorded.Execute();
            var (host, simulation) = Replaying(scenario, walk.Schedule);

            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(end, simulation.Execute());
                Assert.Null(host.Strategy.Divergence);
                Assert.True(host.Strategy.IsUsedUp);
                Assert.Equal(walk.Schedule, host.Schedule);
                Assert.Equal(recorded.Violation?.Message, simulation.Violation?.Message);
                Assert.Equal(recorded.OutcomeHash(), simulation.OutcomeHash());
            }
        }
    }

    [Fact]
    public void AScheduleMadeByHandIsFollowed()
    {
        var (host, simulation) = Replaying(SmallScenarios.LostUpdate, BothReadThenSet);

        Assert.Equal(ExecutionEnd.Violated, simulation.Execute());
        Assert.True(host.Strategy.IsUsedUp);
        Assert.Equal(0, host.Strategy.DivergedAt);
    }

    [Theory]
    [InlineData(3, "step 3 diverges: thread 0 of the schedule cannot run, thread 1 can", 0, 0, 0, 1)]
    [InlineData(2, "step 2 diverges: thread 2 of the schedule cannot run, threads 0, 1 can", 0, 2)]
    [InlineData(1, "step 1 diverges: thread 64 of the schedule cannot run, threads 0, 1 can", 64)]
    [InlineData(4, "step 4 diverges: the schedule ends before it, but thread 1 can still run", 0, 1, 0)]
    public void ADivergenceSaysAtWhichStep(int step, string sentence, params int[] schedule)
    {
        var (host, simulation) = Replaying(SmallScenarios.LostUpdate, [.. schedule.Select(e => (short)e)]);

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(ExecutionEnd.Cut, simulation.Execute());
            Assert.Equal(step, host.Strategy.DivergedAt);
            Assert.Equal(sentence, host.Strategy.Divergence);
        }
    }

    [Fact]
    public void AnExecutionThatEndsEarlyLeavesEntries()
    {
        var (host, simulation) = Replaying(SmallScenarios.LostUpdate, [.. BothReadThenSet, 0]);

        simulation.Execute();

        Assert.Null(host.Strategy.Divergence);
        Assert.False(host.Strategy.IsUsedUp);
    }

    [Theory]
    [InlineData("step 3 diverges: outcome 3 of the schedule is none of the 3 of its choice of data", 0, 0, 0, 3)]
    [InlineData("step 3 diverges: the schedule ends before its choice of data", 0, 0, 0)]
    public void AChoiceOfDataDivergesToo(string sentence, params int[] schedule)
    {
        var (host, simulation) = Replaying(SmallScenarios.SpawnsAndChooses, [.. schedule.Select(e => (short)e)]);

        Assert.Equal(ExecutionEnd.Cut, simulation.Execute());
        Assert.Equal(sentence, host.Strategy.Divergence);
    }

    private static (NativeHost<Replay> Host, Simulation Simulation) Replaying(Scenario scenario, ReadOnlySpan<short> schedule)
    {
        var host = new NativeHost<Replay>(new Replay(schedule)) { StepsMax = 500 };
        return (host, new Simulation(scenario, new KernelConfiguration(), host));
    }
}
