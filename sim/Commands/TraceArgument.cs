using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary>A trace that is named on the command line.</summary>
internal static class TraceArgument
{
    /// <summary>Reads the file.</summary>
    public static Trace Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }

        return TraceFile.FromText(text, out var refusal) ?? throw new UsageException($"{path}: {refusal}");
    }

    /// <summary>What the trace was found with.</summary>
    public static SearchPlan PlanOf(Trace trace, ScenarioCatalog scenarios, string path)
    {
        try
        {
            return new SearchPlan(
                ScenarioOf(trace, scenarios) with { OnlyRules = [.. trace.Rules ?? []] },
                new KernelConfiguration
                {
                    Design = CommonOptions.DesignOf(trace.Design),
                    Release = CommonOptions.ReleaseOf(trace.Release),
                    Without = [.. trace.Without.Select(CommonOptions.FixOf)],
                    FileSystem = CommonOptions.FileSystemOf(trace.Fs),
                })
            {
                Engine = trace.Engine,
                Strategy = trace.Strategy,
                Seed = trace.Seed,
                StepsMax = trace.StepsMax,
                PointsAll = trace.Points == "all",
            };
        }
        catch (UsageException exception)
        {
            throw new UsageException($"{path}: {exception.Message.TrimEnd('\n')}");
        }
    }

    // A trace of a file has it in it: what the file says by now does not matter.
    private static Scenario ScenarioOf(Trace trace, ScenarioCatalog scenarios) => trace.ScenarioText is { } text
        ? ScenarioCatalog.RunnableOf(ScenarioFile.Load(new Diagnostics(trace.Scenario, text), trace.Scenario))
        : scenarios.Find(trace.Scenario);
}
