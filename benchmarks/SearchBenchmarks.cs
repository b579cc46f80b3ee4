using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>Whole searches of programs, each by the strategy that suits it: one class, so that one run compares them.</summary>
[MemoryDiagnoser]
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 1, iterationCount: 5, invocationCount: 1)]
public class SearchBenchmarks
{
    /// <summary>Executions of the depth-first search: far fewer than there are.</summary>
    public const int DepthFirstExecutions = 1_000_000;

    private static readonly Scenario SixtySteps =
        Reductions.Read("shared x, y\nthread t * 3\n  repeat 10\n    r = x\n    y = r\n  end\n");

    private static readonly Scenario Readers = Reductions.Named("readers(17)");
    private static readonly Scenario Writers = Reductions.Named("n_writers(9)");
    private static readonly Scenario Increments = Reductions.Named("ainc(9)");
    private static readonly Scenario Philosophers = Reductions.Named("philosophers(14), the last reversed");

    private static readonly Scenario Cyclic = Reductions.Read("""
        lock fork[13]
        thread philosopher * 13
          while 1
            acquire fork[id]
            acquire fork[(id + 1) % 13]
            release fork[id]
            release fork[(id + 1) % 13]
          end
        """);

    /// <summary>18! / (7! 7! 4!) = 10,501,920 schedules of three threads.</summary>
    internal static readonly Scenario Divided = Reductions.Read("shared x\nthread t * 2\n  repeat 7\n    x = 1\n  end\nthread u\n  repeat 4\n    x = 2\n  end\n");

    [Benchmark]
    public long DepthFirstMillion60Steps() => Search(SixtySteps, StrategyNames.DepthFirst, executions: DepthFirstExecutions).Executions;

    [Benchmark]
    public long DporReaders17() => Search(Readers, StrategyNames.Dpor).Executions;

    [Benchmark]
    public long DporWriters9() => Search(Writers, StrategyNames.Dpor).Executions;

    [Benchmark]
    public long DporIncrements9() => Search(Increments, StrategyNames.Dpor).Executions;

    [Benchmark]
    public long DporPhilosophers14() => Search(Philosophers, StrategyNames.Dpor).Executions;

    [Benchmark]
    public long StatesPhilosophers13() => Search(Cyclic, StrategyNames.States).States!.States;

    [Benchmark]
    public long OneWorker() => Search(Divided, StrategyNames.DepthFirst).Executions;

    [Benchmark]
    public long TwoWorkers() => Search(Divided, StrategyNames.DepthFirst, workers: 2).Executions;

    /// <summary>A search of all schedules, or of the first so many.</summary>
    internal static SearchPlan PlanOf(Scenario scenario, string strategy, long? executions = null, int workers = 1)
        => new(scenario, new KernelConfiguration())
        {
            Strategy = strategy, PreemptionsMax = null, ExecutionsMax = executions, Workers = workers,
            StepsMax = strategy == StrategyNames.States ? int.MaxValue : SearchPlan.StepsMaxDefault,
        };

    private static Tally Search(Scenario scenario, string strategy, long? executions = null, int workers = 1)
        => Explorer.Run(PlanOf(scenario, strategy, executions, workers), new SearchProgress(null)).Tally;
}
