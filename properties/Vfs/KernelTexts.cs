using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Scenarios written down in tests, and searched to the end.</summary>
internal static class KernelTexts
{
    /// <summary>d is encrypted with K1, and has the file f, which is clean, in the page cache, and not open.</summary>
    public const string Tree = """
        setup
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root sync

        """;

    /// <summary>The scenario of a text without its first line.</summary>
    public static Scenario Of(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("test", "scenario test\n" + text));
        Assert.Equal("", file.Diagnostics.Format());
        Assert.Equal("", file.MissingText);
        return Watched((KernelScenario)file.Scenario!);
    }

    /// <summary>A scenario in which every sentence about the kernel's state is asked: at each state, or when all threads have ended.</summary>
    public static KernelScenario Watched(KernelScenario scenario) => scenario with { Create = kernel => Watch(kernel, scenario.Create(kernel)) };

    /// <summary>What all states show: no finding, every expectation held. Returns how many there are.</summary>
    public static long States(string text, string release)
    {
        var result = Search(text, release, StrategyNames.States, null, clocks: true);
        return result.Tally.States!.States;
    }

    /// <summary>The same, races apart, which executions with few preemptions decide: fewer states, so that larger scenarios fit.</summary>
    public static long StatesButRaces(string text, string release)
    {
        var result = Run(text, release, StrategyNames.States, null, clocks: false);
        Assert.Empty(result.Tally.Violations);
        Assert.StartsWith("races not decided", result.Reason, StringComparison.Ordinal);
        return result.Tally.States!.States;
    }

    /// <summary>What all executions with few preemptions show. Returns how many there are.</summary>
    public static long Executions(string text, string release, int preemptions = 2, string fileSystem = "ext4")
        => Search(text, release, StrategyNames.DepthFirst, preemptions, clocks: false, fileSystem).Tally.Executions;

    private static ScenarioInstance Watch(Kernel kernel, ScenarioInstance instance)
    {
        var sentences = new KernelInvariants(kernel).All.Select(i => new Expectation(
            i.Sentence, i.AtRest ? Frequency.Always : Frequency.Invariant, i.Sentence, () => i.FindBroken() == null));
        return new ScenarioInstance
        {
            Setup = instance.Setup,
            Threads = instance.Threads,
            Finally = instance.Finally,
            Registers = instance.Registers,
            Collect = instance.Collect,
            Expectations = [.. instance.Expectations, .. sentences],
        };
    }

    private static SearchResult Search(
        string text, string release, string strategy, int? preemptions, bool clocks, string fileSystem = "ext4")
    {
        var result = Run(Of(text), release, strategy, preemptions, clocks, fileSystem);
        Assert.True(result.Verdict == Verdict.Holds, $"{release}: {result.Verdict}: {result.Reason} "
            + string.Join("; ", result.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")));
        return result;
    }

    /// <summary>What a search of all states of a scenario finds, as rule and message; if nothing, all were looked at.</summary>
    public static List<string> Findings(Scenario scenario, string release = "v6.18", params Fix[] without)
    {
        var result = Run(scenario, release, StrategyNames.States, null, clocks: false, without: without);
        Assert.True(result.Covered.Exhaustive || result.Tally.Violations.Count > 0, result.Reason);
        return [.. result.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}")];
    }

    /// <summary>Searches a scenario.</summary>
    public static SearchResult Run(
        Scenario scenario, string release, string strategy, int? preemptions, bool clocks, string fileSystem = "ext4", params Fix[] without)
        => Run(scenario, KernelRelease.Named(release)!, strategy, preemptions, clocks, fileSystem, without);

    /// <summary>Searches a scenario, on any release.</summary>
    public static SearchResult Run(
        Scenario scenario, KernelRelease release, string strategy, int? preemptions, bool clocks, string fileSystem = "ext4", params Fix[] without)
    {
        var configuration = new KernelConfiguration
        {
            Without = [.. without],
            Release = release,
            FileSystem = FileSystemType.Named(fileSystem)!,
        };
        return Explorer.Run(
            new SearchPlan(scenario, configuration) { Strategy = strategy, PreemptionsMax = preemptions, Clocks = clocks }, new SearchProgress(null));
    }

    private static SearchResult Run(string text, string release, string strategy, int? preemptions, bool clocks)
        => Run(Of(text), release, strategy, preemptions, clocks);
}
