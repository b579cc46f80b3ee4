using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Microsoft.Coyote;
using Microsoft.Coyote.Logging;
using Microsoft.Coyote.SystematicTesting;

namespace Fscrypt.Sim.Engines;

/// <summary>
/// Samples the executions of a scenario with Microsoft Coyote: its testing engine, its strategies, its traces. It never
/// exhausts anything; what it finds is found again by <see cref="NativeHost{TStrategy}"/>, given the schedule.
/// </summary>
/// <remarks>
/// <para>
/// Execution i (from 0) runs with Coyote's seed (<c>seed</c> xor its upper half) + i, modulo 2^32: for a seed below 2^32
/// the one that <c>coyote test --seed</c> takes. A run with the same seed is the same again. With random and probabilistic
/// an execution is determined by its own seed; the others learn within a <see cref="TestingEngine"/>, of which one lasts
/// for <see cref="ExecutionsPerEngine"/> executions, since it keeps the path of each.
/// </para>
/// <para>Q-learning is the exception: Coyote hashes its states with .NET's string hash, which differs between processes.</para>
/// </remarks>
public sealed class CoyoteEngine
{
    /// <summary>Executions after which a new engine of Coyote's takes over: one grows by 7 kB an execution.</summary>
    public const int ExecutionsPerEngine = 10_000;

    // Fair strategies turn random after this many steps; unfair ones would end the execution. That is done by the host.
    private const uint PrioritizedStepsMax = 10_000;

    private static readonly (string Name, bool Fair, Func<Configuration, Configuration> Choose)[] Known =
    [
        ("random", true, c => c.WithRandomStrategy()),
        ("probabilistic", true, c => c.WithProbabilisticStrategy(3)),
        ("prioritization", false, c => c.WithPrioritizationStrategy(isFair: false, 10)),
        ("fair-prioritization", true, c => c.WithPrioritizationStrategy(isFair: true, 10)),
        ("delay-bounding", false, c => c.WithDelayBoundingStrategy(isFair: false, 10)),
        ("fair-delay-bounding", true, c => c.WithDelayBoundingStrategy(isFair: true, 10)),
        ("q-learning", false, c => c.WithQLearningStrategy()),
        ("portfolio", true, c => c),                     // Coyote's default: the fair ones above in turn, but for q-learning
    ];

    private readonly CoyoteExecution execution;
    private readonly string strategy;
    private readonly ulong seed;
    private long executed;

    /// <summary>Boots the kernel and runs the set-up: once, for all runs of this engine.</summary>
    /// <param name="scenario">What to execute.</param>
    /// <param name="configuration">On which kernel.</param>
    /// <param name="strategy">One of <see cref="Strategies"/>.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="stepsMax">Steps of the machine after which an execution is cut.</param>
    public CoyoteEngine(Scenario scenario, KernelConfiguration configuration, string strategy, ulong seed, int stepsMax)
    {
        if (!Strategies.Contains(strategy))
            throw new ArgumentException($"Coyote has no strategy '{strategy}': {string.Join(", ", Strategies)}", nameof(strategy));
        this.strategy = strategy;
        this.seed = seed;
        execution = new CoyoteExecution(scenario, configuration, stepsMax);
    }

    /// <summary>Names of Coyote's strategies, as the command line takes them.</summary>
    public static IReadOnlyList<string> Strategies { get; } = [.. Known.Select(k => k.Name)];

    /// <summary>The scenario on its machine, for those who look at executions while they run.</summary>
    public CoyoteExecution Execution => execution;

    /// <summary>The schedule of the last execution, as <see cref="Fscrypt.Sim.Search.Replay"/> takes it.</summary>
    public ReadOnlySpan<short> Schedule => execution.Host.Schedule;

    /// <summary>Samples executions until one is violated. Another call goes on with the execution after the last one.</summary>
    /// <param name="executions">At most how many.</param>
    /// <param name="onExecution">Called after each, between executions.</param>
    public CoyoteResult Run(long executions, Action<Simulation, ExecutionEnd>? onExecution = null)
    {
        var result = new CoyoteResult();
        while (result.Finding == null && result.Executions < executions)
        {
            var configuration = Configure()
                .WithTestingIterations((uint)Math.Min(executions - result.Executions, ExecutionsPerEngine))
                .WithRandomGeneratorSeed(unchecked((uint)(seed ^ seed >> 32) + (uint)executed));
            var before = result.Executions;
            result.Trace = Execute(configuration, result, onExecution);
            executed += result.Executions - before;
        }

        return result;
    }

    /// <summary>One execution that follows a trace of Coyote's own.</summary>
    /// <param name="trace">What <see cref="CoyoteResult.Trace"/> or a file of Coyote's said.</param>
    public CoyoteResult Replay(string trace)
    {
        var result = new CoyoteResult();
        Execute(Configure().WithReproducibleTrace(trace), result, onExecution: null);
        result.Trace = trace;
        return result;
    }

    private Configuration Configure()
    {
        var (_, fair, choose) = Known.Single(k => k.Name == strategy);
        return choose(Configuration.Create())
            .WithMaxSchedulingSteps(fair ? PrioritizedStepsMax : int.MaxValue, int.MaxValue)
            .WithTelemetryEnabled(false)
            .WithTraceAnalysisEnabled(false)
            .WithPartiallyControlledConcurrencyAllowed(false)
            .WithDeadlockTimeout(60_000)
            .WithVerbosityEnabled(VerbosityLevel.None);
    }

    private string Execute(Configuration configuration, CoyoteResult result, Action<Simulation, ExecutionEnd>? onExecution)
    {
        using var engine = TestingEngine.Create(configuration, execution.Run);
        using var silence = new TextWriterLogger(TextWriter.Null, VerbosityLevel.None);
        engine.SetLogger(silence);
        engine.RegisterEndIterationCallBack(_ =>
        {
            var end = execution.End();
            result.Count(execution, end);
            onExecution?.Invoke(execution.Simulation, end);
        });
        engine.Run();
        if (result.Finding == null)
            engine.ThrowIfBugFound();                    // outside of the simulated threads: a mistake of ours
        return engine.ReproducibleTrace;
    }
}
