using System.Globalization;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Operations as scenarios have them, one after another, each with its answer: <c>root cat d/f = hello</c>.</summary>
internal static class Answers
{
    /// <summary>Asks all of them on a fresh file system, and afterwards all rules.</summary>
    public static void Are(params string[] lines) => Are(new KernelConfiguration(), lines);

    /// <summary>The same of a kernel.</summary>
    public static void Are(KernelConfiguration configuration, params string[] lines)
    {
        var steps = lines.Select(l => l.Split(" = ")).ToList();
        var text = string.Concat(steps.Select((s, i) => string.Create(CultureInfo.InvariantCulture, $"  {s[0]} -> r{i}\n")));
        var file = ScenarioFile.Load(new Diagnostics("answers", $"scenario answers\nsetup\n{text}"));
        Assert.Equal("", file.Diagnostics.Format() + file.MissingText);
        var simulation = new Simulation(file.Scenario!, configuration, new NativeHost<DepthFirst>(new DepthFirst(0)));
        var wrong = steps.Select((s, i) => (Step: s, Answer: simulation.Instance.Registers[i].Text))
            .Where(a => a.Answer != a.Step[1]).Select(a => $"{string.Join(" = ", a.Step)}; the model: {a.Answer}");
        Assert.Equal("", string.Join("\n", wrong));
        simulation.Execute();
        Assert.Null(simulation.Violation);
    }
}
