using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Operations one after another, as in scenarios, each with its answer: <c>root add_key K1 => OK</c>. Then all rules are asked.</summary>
internal static class Answers
{
    /// <summary>The users that operations may be of: one more with each capability.</summary>
    private const string Users = KeySpecification.Users;

    public static void Are(params string[] lines) => AreIn("v6.18", lines);

    public static void AreIn(string release, params string[] lines)
    {
        var calls = lines.Select(l => l.Split(" => ")).ToList();
        var text = $"scenario answers\n{Users}setup\n{string.Concat(calls.Select((c, i) => $"  {c[0]} -> r{i + 1}\n"))}";
        var file = ScenarioFile.Load(new Diagnostics("answers", text));
        Assert.True(file.Scenario != null, file.Diagnostics.Format() + string.Join(", ", file.Missing.Select(m => m.What)));
        var configuration = new KernelConfiguration { Release = KernelRelease.Named(release)! };
        var simulation = new Simulation(file.Scenario, configuration, new NativeHost<DepthFirst>(new DepthFirst(0)));
        Assert.Equal(lines, calls.Select((c, i) => $"{c[0]} => {simulation.Instance.Registers[i].Text}"));
        simulation.Execute();
        Assert.Null(simulation.Violation?.ToString());
    }
}
