using System.Diagnostics;
using System.Reflection;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Engines;

/// <summary>Coyote's own command line, in a process of its own, on assemblies as they were compiled.</summary>
[Collection(CoyoteCollection.Name)]
public sealed class CoyoteToolTest : IDisposable
{
    private const int BugFound = 2;
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
        var trace = Assert.Single(Directory.GetFiles(directory, "*.trace", SearchOption.AllDirectories));

        (exit, printed) = Run("replay", Tests, trace, "-m", method);

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
        var theirs = File.ReadAllText(Assert.Single(Directory.GetFiles(directory, "*.trace", SearchOption.AllDirectories)));
        Assert.Equal(found.Schedule, engine.Replay(theirs).Schedule);

        var ours = Path.Combine(directory, "ours.trace");
        File.WriteAllText(ours, found.Trace);
        var (exit, printed) = Run("replay", Tests, ours, "-m", nameof(CoyoteToolMethods.LostWakeUp));
        Assert.True(exit == BugFound, printed);
        Assert.Contains(found.Finding!.Message, printed);
    }

    [Fact]
    public void TheToolFindsTheScenariosOfTheProgram()
    {
        var (_, printed) = Run("test", typeof(CoyoteTests).Assembly.Location, "-m", nameof(CoyoteTests.FromEnvironment));
        Assert.Contains("scenario '' is none of: " + string.Join(", ", ScenarioLibrary.All.Select(s => s.Name)), printed);
    }

    private static string Tests => typeof(CoyoteToolTest).Assembly.Location;

    private static string Tool => typeof(CoyoteToolTest).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "CoyoteTool").Value!;

    private static (int Exit, string Printed) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["--roll-forward", "Major", Tool, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["COYOTE_CLI_TELEMETRY_OPTOUT"] = "1" },
        };
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
