using System.Diagnostics;
using System.Reflection;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Engines;

/// <summary>Coyote's own command line, in a process of its own, on assemblies as they were compiled.</summary>
[Collection(CoyoteCollection.Name)]
public sealed class CoyoteToolTest : IDisposable
{
    private const int UsageError = 1;
    private const int BugFound = 2;
    private readonly Dictionary<string, string> environment = new() { ["COYOTE_CLI_TELEMETRY_OPTOUT"] = "1" };
    private readonly string directory = Directory.CreateTempSubdirectory("coyote-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData(nameof(CoyoteToolMethods.LostUpdate), "prioritization", "count: expected always: the count is right")]
    [InlineData(nameof(CoyoteToolMethods.LostWakeUp), "delay-bounding", "deadlock: sleeper waits for counter.queue")]
    [InlineData(nameof(CoyoteToolMethods.Throws), "random", "exception: a: InvalidOperationException: the other one was faster")]
    public void TheToolFindsABugAndReplaysIt(string method, string strategy, string bug)
    {
        var (exit, printed) = Run("test", Tests, "-m", method, "-i", "1000", "-s", strategy, "-sv", "5", "--seed", "5", "-o", directory);

        Assert.True(exit == BugFound, printed);
        Assert.Contains(bug, printed);

        (exit, printed) = Run("replay", Tests, Trace(), "-m", method);

        Assert.True(exit == BugFound, printed);
        Assert.Contains(bug, printed);
        Assert.Contains("Reproduced 1 bug", printed);
    }

    [Fact]
    public void TheToolEndsWhereThereIsNoBug()
    {
        var (exit, printed) = Run(
            "test", Tests, "-m", nameof(CoyoteToolMethods.GuardedUpdate), "-i", "100", "-s", "fair-prioritization", "-sv", "5");

        Assert.True(exit == 0, printed);
        Assert.Contains("Found 0 bugs", printed);
    }

    [Fact]
    public void TheToolAndTheEngineTakeEachOthersSeedsAndTraces()
    {
        var engine = new CoyoteEngine(SmallScenarios.LostWakeUp, new KernelConfiguration(), "prioritization", seed: 11, stepsMax: 500);
        var found = engine.Run(1000);

        Run("test", Tests, "-m", nameof(CoyoteToolMethods.LostWakeUp), "-i", "1000", "-s", "prioritization", "-sv", "10",
            "--seed", "11", "-o", directory);
        Assert.Equal(found.Schedule, engine.Replay(File.ReadAllText(Trace())).Schedule);

        var ours = Path.Combine(directory, "ours.trace");
        File.WriteAllText(ours, found.Trace);
        var (exit, printed) = Run("replay", Tests, ours, "-m", nameof(CoyoteToolMethods.LostWakeUp));
        Assert.True(exit == BugFound, printed);
        Assert.Contains(found.Finding!.Message, printed);
    }

    [Fact]
    public void TheToolShowsWhatTheFirstDesignLoses()
    {
        environment["FSCRYPT_SIM_DESIGN"] = Design.Walk.Name;
        var (exit, printed) = Run(
            "test", Program, "-m", nameof(CoyoteTests.RemoveVsWrite), "-i", "1000", "-s", "prioritization", "-sv", "5",
            "--seed", "1", "--deadlock-timeout", "60000", "-o", directory);
        Assert.True(exit == BugFound, printed);
        Assert.Contains("lost-write: ", printed);

        (exit, printed) = Run("replay", Program, Trace(), "-m", nameof(CoyoteTests.RemoveVsWrite));
        Assert.True(exit == BugFound, printed);
        Assert.Contains("lost-write: ", printed);
    }

    [Fact]
    public void AMistakeInTheEnvironmentIsNoBug()
    {
        environment["FSCRYPT_SIM_SCENARIO"] = ScenarioLibrary.All[0].Name;
        environment["FSCRYPT_SIM_RELEASE"] = "v2.4";
        var (exit, printed) = Run("test", Program, "-m", nameof(CoyoteTests.FromEnvironment));

        Assert.True(exit == UsageError, printed);
        Assert.Contains("FSCRYPT_SIM_RELEASE 'v2.4' is none of: v5.4, ", printed);
    }

    [Fact]
    public void EachMethodHasItsScenario()
    {
        var methods = typeof(CoyoteTests).GetMethods()
            .Where(m => m.IsDefined(typeof(Microsoft.Coyote.SystematicTesting.TestAttribute)) && m.Name != nameof(CoyoteTests.FromEnvironment));
        foreach (var method in methods)
        {
            var name = string.Concat(method.Name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
            Assert.True(ScenarioLibrary.Named(name) != null, name);
        }
    }

    private string Trace() => Assert.Single(Directory.GetFiles(directory, "*.trace", SearchOption.AllDirectories));

    private static string Program => typeof(CoyoteTests).Assembly.Location;

    private static string Tests => typeof(CoyoteToolTest).Assembly.Location;

    private static string Tool => typeof(CoyoteToolTest).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "CoyoteTool").Value!;

    private (int Exit, string Printed) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["--roll-forward", "Major", Tool, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (variable, value) in environment)
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var printed = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"coyote {string.Join(' ', arguments)} does not end");
        }

        return (process.ExitCode, printed.Result + errors.Result);
    }
}
