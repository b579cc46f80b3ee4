using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Conditions;

/// <summary>The names in the conditions of a program: its threads' registers, and the final values of what is shared.</summary>
/// <param name="registers">Both, under the names by which conditions call them.</param>
/// <param name="deadlocked">Whether the execution ended in a deadlock; null to check conditions without one.</param>
internal sealed class ProgramScope(IReadOnlyList<Register> registers, Func<bool>? deadlocked) : IConditionScope
{
    public bool IsNumeric => true;

    public Func<bool> Deadlocked => deadlocked ?? (() => false);

    public IEnumerable<string> Names => registers.Select(r => r.Name);

    public Register? Find(string name) => registers.FirstOrDefault(r => r.Name == name);

    public Func<bool>? Predicate(PredicateSyntax predicate) => null;

    public Func<string>? TextPredicate(PredicateSyntax predicate) => null;
}
