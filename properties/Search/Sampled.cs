using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>What tests of sampling strategies share: programs, and what a strategy does with them.</summary>
internal static class Sampled
{
    /// <summary>A scenario by its text.</summary>
    public static Scenario Program(string text)
    {
        var diagnostics = new Diagnostics("test.scenario", text);
        return ScenarioFile.Load(diagnostics).Scenario ?? throw new InvalidOperationException(diagnostics.Format());
    }

    /// <summary>A plan for a scenario on the default kernel.</summary>
    public static SearchPlan Plan(Scenario scenario, ulong seed = 1) => new(scenario, new KernelConfiguration()) { Seed = seed };

    /// <summary>What a strategy's executions are, one after another.</summary>
    public static List<string> Schedules<TStrategy>(Scenario scenario, TStrategy strategy, int executions)
        where TStrategy : struct, IStrategy
    {
        var schedules = new List<string>();
        Run(scenario, strategy, executions, (host, _) => schedules.Add(string.Join(' ', host.Schedule.ToArray())));
        return schedules;
    }

    /// <summary>How many executions violate something.</summary>
    public static int Violating<TStrategy>(Scenario scenario, TStrategy strategy, int executions)
        where TStrategy : struct, IStrategy
    {
        var violating = 0;
        Run(scenario, strategy, executions, (_, end) => violating += end == ExecutionEnd.Violated ? 1 : 0);
        return violating;
    }

    /// <summary>The number of the first execution that violates something, from 1, or <paramref name="most"/> + 1.</summary>
    public static int FirstViolating<TStrategy>(Scenario scenario, TStrategy strategy, int most)
        where TStrategy : struct, IStrategy
    {
        var host = new NativeHost<TStrategy>(default);
        var simulation = new Simulation(scenario, new KernelConfiguration(), host);
        host.Strategy = strategy;
        for (var number = 1; number <= most; number++)
        {
            if (simulation.Execute() == ExecutionEnd.Violated)
                return number;
            host.Strategy.Next();
        }

        return most + 1;
    }

    /// <summary>Runs executions.</summary>
    public static void Run<TStrategy>(
        Scenario scenario, TStrategy strategy, int executions, Action<NativeHost<TStrategy>, ExecutionEnd> ended, int stepsMax = 100_000)
        where TStrategy : struct, IStrategy
    {
        var host = new NativeHost<TStrategy>(default) { StepsMax = stepsMax };
        var simulation = new Simulation(scenario, new KernelConfiguration(), host);
        host.Strategy = strategy;
        for (var i = 0; i < executions; i++)
        {
            ended(host, simulation.Execute());
            host.Strategy.Next();
        }
    }

    /// <summary>How far counts are from a uniform distribution over <paramref name="kinds"/>: Pearson's chi-square.</summary>
    public static double ChiSquare(IEnumerable<int> counts, int kinds)
    {
        int[] seen = [.. counts];
        var expected = (double)seen.Sum() / kinds;
        return seen.Concat(Enumerable.Repeat(0, kinds - seen.Length)).Sum(n => (n - expected) * (n - expected) / expected);
    }

    /// <summary>Whether a count is that of a probability, within four standard deviations.</summary>
    public static void AssertRate(double probability, int count, int executions)
    {
        var deviation = Math.Sqrt(executions * probability * (1 - probability));
        Assert.InRange(count, (executions * probability) - (4 * deviation), (executions * probability) + (4 * deviation));
    }
}

/// <summary>A strategy that is watched: whom it chooses, and that those can run.</summary>
internal struct Watched<TStrategy>(TStrategy strategy, List<(ulong Enabled, int Chosen)> choices) : IStrategy
    where TStrategy : struct, IStrategy
{
    private TStrategy strategy = strategy;

    public static bool Always => TStrategy.Always;

    public void Begin() => strategy.Begin();

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        var chosen = strategy.Choose(host, enabled, current);
        choices.Add((enabled, chosen));
        return chosen;
    }

    public int ChooseData(int options)
    {
        var chosen = strategy.ChooseData(options);
        Assert.InRange(chosen, 0, options - 1);
        return chosen;
    }

    public bool Next() => strategy.Next();
}

/// <summary>A strategy of which is known how many bytes it allocates.</summary>
internal struct Measured<TStrategy>(TStrategy strategy, long[] allocated) : IStrategy
    where TStrategy : struct, IStrategy
{
    private TStrategy strategy = strategy;

    public static bool Always => TStrategy.Always;

    public void Begin()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        strategy.Begin();
        allocated[0] += GC.GetAllocatedBytesForCurrentThread() - before;
    }

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var chosen = strategy.Choose(host, enabled, current);
        allocated[0] += GC.GetAllocatedBytesForCurrentThread() - before;
        return chosen;
    }

    public int ChooseData(int options)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var chosen = strategy.ChooseData(options);
        allocated[0] += GC.GetAllocatedBytesForCurrentThread() - before;
        return chosen;
    }

    public bool Next() => strategy.Next();
}
