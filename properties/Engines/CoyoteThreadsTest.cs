using System.Diagnostics;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Xunit;
using Xunit.Abstractions;

namespace Fscrypt.Sim.Properties.Engines;

[Collection(CoyoteCollection.Name)]
public sealed class CoyoteThreadsTest(ITestOutputHelper output)
{
    // Most of the time goes into making OS threads; FSCRYPT_SIM_LONG_TESTS=1 takes a minute or so.
    private static readonly int Iterations = Environment.GetEnvironmentVariable("FSCRYPT_SIM_LONG_TESTS") == "1" ? 20_000 : 3_000;
    private const int OsThreadsMax = 32;

    [Fact]
    public void ThreadsOfFailedIterationsAreEnded()
    {
        // A sleeper that nobody wakes is left behind in some iterations, and ended by nobody but the engine.
        var engine = new CoyoteEngine(SmallScenarios.LostWakeUp, new KernelConfiguration(), "random", seed: 1, stepsMax: 100);
        var watch = Stopwatch.StartNew();
        var (executions, bugs) = (0L, 0L);
        while (executions < Iterations)
        {
            var result = engine.Run(Iterations - executions);
            executions += result.Executions;
            bugs += result.Deadlocked;
        }

        var threads = Process.GetCurrentProcess().Threads.Count;
        output.WriteLine($"{bugs} bugs in {executions} iterations, {executions / watch.Elapsed.TotalSeconds:F0}/s, {threads} threads");
        Assert.Equal(Iterations, executions);
        Assert.InRange(bugs, 352, Iterations / 2);
        Assert.InRange(threads, 1, OsThreadsMax);
    }
}
