using BenchmarkDotNet.Attributes;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>One execution (threads, last part, rules; all watchers on) under each engine, random walk on both.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class ExecutionBenchmarks
{
    private const int NativeExecutions = 10_000;
    private const int CoyoteExecutions = 200;
    private NativeHost<RandomWalk> host = null!;
    private Simulation simulation = null!;
    private CoyoteEngine coyote = null!;

    [Params("remove-vs-write", "remove-vs-open", "remove-vs-unlock")]
    public string Scenario { get; set; } = "";

    [GlobalSetup]
    public void Boot()
    {
        var scenario = ScenarioLibrary.Named(Scenario)!;
        host = new NativeHost<RandomWalk>(new RandomWalk(1));
        simulation = new Simulation(scenario, new KernelConfiguration(), host);
        coyote = new CoyoteEngine(scenario, new KernelConfiguration(), "random", seed: 1, stepsMax: 100_000);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = NativeExecutions)]
    public long Native()
    {
        long steps = 0;
        for (var i = 0; i < NativeExecutions; i++)
        {
            simulation.Execute();
            steps += host.Steps;
            host.Strategy.Next();
        }

        return steps;
    }

    [Benchmark(OperationsPerInvoke = CoyoteExecutions)]
    public long Coyote() => coyote.Run(CoyoteExecutions).Steps;
}
