using System.Collections.Immutable;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Differences;

/// <summary>What a kernel can answer in a scenario, whatever the schedule, and which of it breaks no rule.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Outcomes">The outcomes, as text by register, in the order of their texts.</param>
/// <param name="Allowed">Those of them that some execution comes to without breaking a rule.</param>
/// <param name="Probes">For each probe whether it is never, sometimes or always so at the end.</param>
/// <param name="Broken">The rules that are broken in some schedule.</param>
public sealed record Answers(
    KernelConfiguration Kernel, ImmutableArray<Outcome> Outcomes, ImmutableHashSet<string> Allowed, ImmutableArray<string> Probes,
    ImmutableArray<string> Broken)
{
    /// <summary>What was answered up to a register, in the schedules of this kernel, and in none of the other.</summary>
    /// <param name="other">The other kernel's.</param>
    /// <param name="register">The last register that counts.</param>
    /// <returns>The answers as text, and whether an outcome that begins so is allowed.</returns>
    public IEnumerable<(string Text, bool IsAllowed)> OnlyHere(Answers other, string register)
    {
        var there = other.Outcomes.Select(o => UpTo(o, register)).ToHashSet();
        return from outcome in Outcomes
               group outcome by UpTo(outcome, register) into same
               where !there.Contains(same.Key)
               select (same.Key, same.Any(o => Allowed.Contains(o.ToString())));
    }

    private static string UpTo(Outcome outcome, string register)
        => new Outcome([.. outcome.Registers.Take(1 + outcome.Registers.TakeWhile(r => r.Key != register).Count())]).ToString();
}

/// <summary>The first scenario, of those that a question allows, in which two kernels differ.</summary>
/// <param name="Question">The question.</param>
/// <param name="Searched">Scenarios that were looked at, this one among them.</param>
/// <param name="Scenario">The scenario; null if they differ in none.</param>
/// <param name="Observation">The first register up to which the answers differ, or the probe.</param>
/// <param name="Left">What the first kernel answers; null if they do not differ.</param>
/// <param name="Right">What the second one answers.</param>
/// <param name="Undecided">Scenarios whose search did not come to its end.</param>
public sealed record Divergence(
    Question Question, int Searched, Scenario? Scenario, string? Observation, Answers? Left, Answers? Right, int Undecided)
{
    /// <summary>Whether the observation is one that system calls make.</summary>
    public bool IsProbe => Scenario != null && Observation != null && Question.Probes.Any(p => p == Observation);
}
