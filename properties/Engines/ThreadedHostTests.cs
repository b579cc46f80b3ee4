using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Engines;

/// <summary>With the same points, OS threads do what coroutines do: step for step, execution for execution.</summary>
public static class ThreadedHostTests
{
    private const int StepsMax = 60;

    [Theory]
    [InlineData("lost-update")]
    [InlineData("guarded-update")]
    [InlineData("both-orders", "deadlock")]
    [InlineData("lost-wake-up", "deadlock")]
    [InlineData("throws", "exception")]
    [InlineData("throws-at-once", "exception")]
    [InlineData("throws-at-the-end", "exception")]
    [InlineData("spawns-and-chooses")]
    [InlineData("nothing-to-do")]
    [InlineData("nothing")]
    [InlineData("polling")]
    public static void A_depth_first_search_is_the_same(string name, string? finds = null)
    {
        var scenario = new[]
        {
            SmallScenarios.LostUpdate, SmallScenarios.GuardedUpdate, SmallScenarios.BothOrders, SmallScenarios.LostWakeUp,
            SmallScenarios.Throws, SmallScenarios.ThrowsAtOnce, SmallScenarios.ThrowsAtTheEnd, SmallScenarios.SpawnsAndChooses,
            SmallScenarios.NothingToDo, SmallScenarios.Nothing, SmallScenarios.Polling,
        }.Single(s => s.Name == name);
        var bound = name is "spawns-and-chooses" or "polling" ? 2 : -1;

        var native = Search(scenario, new NativeHost<DepthFirst>(new DepthFirst(bound)) { StepsMax = StepsMax });
        using var host = new ThreadedHost<DepthFirst>(new DepthFirst(bound)) { StepsMax = StepsMax };
        var threaded = Search(scenario, host);

        Assert.Equal(native, threaded);
        Assert.Contains(threaded, e => finds == null || (e.Finding ?? "").StartsWith(finds + ":", StringComparison.Ordinal));
    }

    [Fact]
    public static void Random_walks_of_random_programs_are_the_same()
    {
        var ends = new Dictionary<ExecutionEnd, int>();
        for (var seed = 0; seed < 60; seed++)
        {
            var scenario = SmallScenarios.Random(seed);
            var native = Search(scenario, new NativeHost<RandomWalk>(new RandomWalk(1)) { StepsMax = StepsMax }, 10);
            using var host = new ThreadedHost<RandomWalk>(new RandomWalk(1)) { StepsMax = StepsMax };
            var threaded = Search(scenario, host, 10);
            Assert.Equal(native, threaded);
            foreach (var execution in threaded)
                ends[execution.End] = ends.GetValueOrDefault(execution.End) + 1;
        }

        Assert.True(ends[ExecutionEnd.Complete] > 10 && ends[ExecutionEnd.Violated] > 10, string.Join(", ", ends));
    }

    [Fact]
    public static void The_programs_scenarios_are_the_same()
    {
        foreach (var scenario in ScenarioLibrary.All)
        {
            var native = Search(scenario, new NativeHost<RandomWalk>(new RandomWalk(1)), 20);
            using var host = new ThreadedHost<RandomWalk>(new RandomWalk(1));
            Assert.Equal(native, Search(scenario, host, 20));
        }
    }

    [Fact]
    public static void The_programs_scenarios_run_with_all_points()
    {
        foreach (var scenario in ScenarioLibrary.All.Where(s => !EndlessPrograms.Names.Contains(s.Name) && s.Text!.Contains("\nthread ", StringComparison.Ordinal)))
        {
            var coarse = Search(scenario, new NativeHost<RandomWalk>(new RandomWalk(1)), 20);
            using var host = new ThreadedHost<RandomWalk>(new RandomWalk(1), pointsAll: true);
            using var twice = new ThreadedHost<DepthFirst>(new DepthFirst(-1), pointsAll: true);
            var fine = Search(scenario, host, 20);
            var simulation = new Simulation(scenario, new KernelConfiguration(), twice);
            Assert.NotEqual(ExecutionEnd.Cut, new StandingCheck(twice).ExecuteTwice(simulation, 0));
            Assert.DoesNotContain(fine, e => e.Finding is { } found && found.StartsWith("exception", StringComparison.Ordinal));
            Assert.Equal(scenario.HasKernel, fine.Sum(e => (long)e.Steps) > coarse.Sum(e => (long)e.Steps));
        }
    }

    [Fact]
    public static void Os_threads_are_used_again_and_end()
    {
        var ids = new HashSet<int>();
        var host = new ThreadedHost<DepthFirst>(new DepthFirst(-1));
        async KTask Body()
        {
            await host.Point();
            ids.Add(Environment.CurrentManagedThreadId);
            await host.Point();
        }

        var executions = 0;
        host.Checkpoint();
        using (host)
        {
            do
            {
                host.Restore();
                Assert.True(host.RunTogether([new ThreadBody("a", Body), new ThreadBody("b", Body)]));
                executions++;
            }
            while (host.Strategy.Next());
        }

        Assert.Equal(6, executions);
        Assert.Equal(2, ids.Count);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, ids);
        Assert.Throws<ObjectDisposedException>(() => host.RunTogether([]));
    }

    [Fact]
    public static void With_all_points_a_plain_access_is_a_point()
    {
        // Two threads take a lock that nobody tries, read a field, write it, and release: one step each, or four.
        Assert.Equal((2, 2 * 2), Updates(pointsAll: false));
        Assert.Equal((2, 2 * 2 * 4), Updates(pointsAll: true));
    }

    [Fact]
    public static void A_field_freed_around_a_plain_access_is_found()
    {
        using var host = new ThreadedHost<DepthFirst>(new DepthFirst(-1), pointsAll: true);
        var slab = new Slab<Cell>(host, static h => new Cell(h));
        Cell cell = null!;
        async KTask Reads()
        {
            await host.Point();
            _ = cell.Field.Value;
        }

        async KTask Frees()
        {
            await host.Point();
            slab.Free(cell);
        }

        Assert.True(host.RunAlone(new ThreadBody("setup", () =>
        {
            cell = slab.Allocate();
            return KTask.Done;
        })));
        host.Checkpoint();
        var rules = new List<string>();
        do
        {
            host.Restore();
            host.RunTogether([new ThreadBody("reads", Reads), new ThreadBody("frees", Frees)]);
            rules.Add($"{host.Finding?.Rule} {host.Finding?.Thread}");
        }
        while (host.Strategy.Next());
        // By the one that comes second. An access that was announced counts: nothing orders it after the free.
        Assert.Equal(["use-after-free 1", "use-after-free 1", "use-after-free 0"], rules);
    }

    private static (int Executions, int Steps) Updates(bool pointsAll)
    {
        using var host = new ThreadedHost<DepthFirst>(new DepthFirst(-1), pointsAll);
        var cell = new Cell(host);
        async KTask Body()
        {
            await cell.Lock.Acquire();
            cell.Field.Value = cell.Field.Value + 1;
            await cell.Lock.Release();
        }

        host.Checkpoint();
        var executions = 0;
        var steps = 0;
        do
        {
            host.Restore();
            Assert.True(host.RunTogether([new ThreadBody("a", Body), new ThreadBody("b", Body)]));
            Assert.Equal(2, cell.Field.Peek);
            executions++;
            steps += host.Steps;
        }
        while (host.Strategy.Next());
        return (executions, steps);
    }

    private static List<Execution> Search<TStrategy>(Scenario scenario, StrategyHost<TStrategy> host, int executionsMax = int.MaxValue)
        where TStrategy : struct, IStrategy
    {
        var simulation = new Simulation(scenario, new KernelConfiguration(), host);
        var executions = new List<Execution>();
        do
        {
            var end = simulation.Execute();
            executions.Add(new Execution(
                end,
                string.Join(' ', host.Schedule.ToArray()),
                simulation.Ended ? string.Join(' ', simulation.Instance.Registers.Select(r => r.Text)) : "",
                simulation.Violation is { } found ? $"{found.Rule}: {found.Message} ({found.Thread}, {found.Step})" : null,
                host.Steps,
                host.Preemptions,
                host.WasCut));
        }
        while (host.Strategy.Next() && executions.Count < executionsMax);
        return executions;
    }

    private sealed record Execution(
        ExecutionEnd End, string Schedule, string Outcome, string? Finding, int Steps, int Preemptions, bool WasCut);

    private sealed class Cell(KernelHost host) : KernelObject(host)
    {
        public Plain<int> Field;
        public Model.Machine.SpinLock Lock = new(new LockClass(60, "lock"));

        public override string Name => "cell";
    }
}
