using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Conditions;

/// <summary>What the names in a condition mean.</summary>
internal interface IConditionScope
{
    /// <summary>Whether values are numbers (programs of shared variables) or texts (results of system calls).</summary>
    bool IsNumeric { get; }

    /// <summary>Whether the execution ended in a deadlock.</summary>
    Func<bool> Deadlocked { get; }

    /// <summary>What a name can be, for messages: registers, and the predicates of the final state.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>The register, or final value, with a name: <c>data</c>, <c>x</c>, <c>a[1]</c>, <c>p[0].r</c>. Null if there is none.</summary>
    Register? Find(string name);

    /// <summary>A predicate that is true or false. Null if there is none of that name here.</summary>
    Func<bool>? Predicate(PredicateSyntax predicate);

    /// <summary>A predicate whose value is a text. Null if there is none of that name here.</summary>
    Func<string>? TextPredicate(PredicateSyntax predicate);
}
