using System.Globalization;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance;

/// <summary>How a sequence compares.</summary>
/// <param name="Sequence">Its id.</param>
/// <param name="Match">Whether all results are the same.</param>
/// <param name="FirstDifference">The first operation whose result is another, with both; or null.</param>
/// <param name="NotModelled">Whether it was not run: it asks for what the model has not got yet.</param>
/// <param name="Step">The place of that operation, from 0; -1 if it is about none.</param>
internal sealed record Comparison(string Sequence, bool Match, string? FirstDifference, bool NotModelled = false, int Step = -1);

/// <summary>Runs sequences on the model, alone on a fresh machine each, and compares with what is expected.</summary>
/// <param name="configuration">Which kernel.</param>
internal sealed class ModelLeg(KernelConfiguration configuration)
{
    /// <summary>Runs one and compares.</summary>
    public Comparison Compare(RecordedSequence sequence)
    {
        if (Run(sequence, out var failure) is not { } simulation)
            return failure!;
        for (var i = 0; i < sequence.Steps.Count; i++)
        {
            var step = sequence.Steps[i];
            var actual = AnswerOf(simulation, i);
            var expected = RecordedResult.TextOf(step.Op, step.Result);
            if (actual != expected)
            {
                return new Comparison(
                    sequence.Id, false, $"step {i + 1}, {step.Text}: the kernel answered {Shown(expected)}, the model {Shown(actual)}", Step: i);
            }
        }

        // Nobody runs any more: what is left has to obey the rules.
        simulation.Execute();
        return simulation.Violation is { } finding
            ? new Comparison(sequence.Id, false, $"at the end {finding.Rule}: {finding.Message}")
            : new Comparison(sequence.Id, true, null);
    }

    /// <summary>The functions of the model that answer a step, or null; see <see cref="AnsweringFunctions"/>.</summary>
    public string? FunctionsOf(RecordedSequence sequence, int step) => AnsweringFunctions.Of(sequence, step, configuration);

    /// <summary>What the model answers to each step, or null if it cannot run them.</summary>
    public IReadOnlyList<string>? AnswersTo(RecordedSequence sequence)
        => Run(sequence, out _) is { } simulation ? [.. Enumerable.Range(0, sequence.Steps.Count).Select(i => AnswerOf(simulation, i))] : null;

    private static string AnswerOf(Simulation simulation, int step)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"r{step + 1}");
        return simulation.Instance.Registers.Single(r => r.Name == name).Text;
    }

    private Simulation? Run(RecordedSequence sequence, out Comparison? failure)
    {
        failure = null;
        var file = ScenarioFile.Load(new Diagnostics(sequence.Id, sequence.ToScenario()));
        if (file.Diagnostics.Any)
        {
            failure = new Comparison(sequence.Id, false, $"it is no scenario: {file.Diagnostics.Found[0].Message}", NotModelled: true);
            return null;
        }

        if (file.Scenario is not { } scenario)
        {
            var what = string.Join(", ", file.Missing.Select(m => m.What).Distinct());
            failure = new Comparison(sequence.Id, false, $"not modelled yet: {what}", NotModelled: true);
            return null;
        }

        try
        {
            return new Simulation(scenario, configuration, new NativeHost<DepthFirst>(new DepthFirst(0)));
        }
        catch (ScenarioException exception)
        {
            failure = new Comparison(sequence.Id, false, exception.Message);
            return null;
        }
    }

    /// <summary>A result as people read it.</summary>
    public static string Shown(string text) => text.Length == 0 ? "nothing" : text.Replace("\0", "\\0", StringComparison.Ordinal);
}
