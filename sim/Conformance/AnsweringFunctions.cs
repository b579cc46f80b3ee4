using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance;

/// <summary>Which functions of the model answered an operation: where to look when the answer is not the kernel's.</summary>
internal static class AnsweringFunctions
{
    /// <summary>The functions of the kernel that the operation calls itself, in their order, and the last one of all.</summary>
    /// <param name="sequence">A sequence.</param>
    /// <param name="step">The place of the operation in it, from 0.</param>
    /// <param name="configuration">Which kernel.</param>
    /// <returns><c>do_sys_openat2 (fs/open.c), …; last in fscrypt_file_open (fs/crypto/hooks.c)</c>, or null if the model has none.</returns>
    public static string? Of(RecordedSequence sequence, int step, KernelConfiguration configuration)
    {
        var text = (sequence with { Steps = [.. sequence.Steps.Take(step)] }).ToScenario() + $"thread answers\n  {sequence.Steps[step].Text} -> answer\n";
        if (ScenarioFile.Load(new Diagnostics(sequence.Id, text)).Scenario is not { } scenario)
            return null;

        // One thread has one schedule; what the rules say of it does not matter.
        var plan = new SearchPlan(scenario with { OnlyRules = [Model.Rules.RuleBook.Failure] }, configuration)
        {
            Strategy = StrategyNames.DepthFirst, PreemptionsMax = 0, TracesOutcomes = true,
        };
        if (Explorer.Run(plan, new SearchProgress(null)).Tally.Outcomes is not [{ Schedule: { } schedule }, ..])
            return null;
        using var recording = new Recording(plan, schedule);
        var calls = recording.Stacks.Select(s => s.Where(f => f.Kernel != null).ToList()).Where(s => s.Count > 0).ToList();
        if (calls.Count == 0)
            return null;
        var outermost = calls.Select(c => Named(c[^1])).Distinct().ToList();
        var last = Named(calls[^1][0]);
        return string.Join(", ", outermost) + (outermost.Contains(last) ? "" : $"; last in {last}");
    }

    private static string Named(TraceFunction function) => $"{function.Kernel!.Function} ({function.Kernel.File})";
}
