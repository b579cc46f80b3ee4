using System.Globalization;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Commands;

/// <summary>Words and numbers that several verbs print.</summary>
internal static class Words
{
    /// <summary>The words of herd7 for how often a condition was so.</summary>
    public static string HowOften(long times, long of) => times == 0 ? "Never" : times == of ? "Always" : "Sometimes";

    /// <summary>A number with its thousands apart.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>Scenarios by their names.</summary>
internal static class ScenarioNames
{
    /// <summary>The scenario, or a mistake that names the nearest.</summary>
    public static Scenario Find(IReadOnlyList<Scenario> scenarios, string name)
        => scenarios.FirstOrDefault(s => s.Name == name)
            ?? throw new UsageException(Nearest.Message("scenario", name, scenarios.Select(s => s.Name)));
}
