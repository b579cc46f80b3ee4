using System.Collections.Immutable;

namespace Fscrypt.Sim.Scenarios;

/// <summary>The scenarios that come with the program.</summary>
public static class ScenarioLibrary
{
    /// <summary>All of them, in the order in which they are listed.</summary>
    public static ImmutableArray<Scenario> All { get; } = [RemoveVsWrite.Scenario, RemoveVsOpen.Scenario, RemoveVsUnlock.Scenario];

    /// <summary>The scenario called <paramref name="name"/>, or null.</summary>
    public static Scenario? Named(string name) => All.FirstOrDefault(s => s.Name == name);
}
