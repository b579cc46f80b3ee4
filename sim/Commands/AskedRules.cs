using System.Collections.Immutable;
using System.CommandLine;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Commands;

/// <summary>The rules of <c>--rule</c>: those that a search checks, and no others.</summary>
internal static class AskedRules
{
    // What can go wrong in a program of shared variables; what its file expects is checked as well.
    private static readonly string[] OfPrograms = ["deadlock", Livelock.Rule, .. ProgramFault.Rules];

    /// <summary>Plans that check what is asked for.</summary>
    /// <exception cref="UsageException">There is no such rule, or a search cannot decide it.</exception>
    public static SearchPlan[] Only(ParseResult parsed, SearchPlan[] plans)
    {
        ImmutableArray<string> asked = [.. (parsed.GetValue(CommonOptions.Rule) ?? []).Distinct().Order(StringComparer.Ordinal)];
        if (asked.Length == 0)
            return plans;
        var names = plans.SelectMany(NamesOf).Distinct().ToList();
        foreach (var rule in asked)
        {
            if (!names.Contains(rule))
                throw new UsageException($"--rule: {Nearest.Message("rule", rule, names)}");
            if (plans.Select(p => RefusalOf(p, rule)).OfType<string>().FirstOrDefault() is { } refusal)
                throw new UsageException($"--rule {rule}: {refusal}");
        }

        return [.. plans.Select(p => p with { Scenario = p.Scenario with { OnlyRules = asked } })];
    }

    /// <summary>What follows a verdict that is of some rules only.</summary>
    public static string Words(Scenario scenario) => scenario.OnlyRules.Length switch
    {
        0 => "",
        1 => $", rule {scenario.OnlyRules[0]} alone",
        _ => $", rules {string.Join(", ", scenario.OnlyRules)} alone",
    };

    private static IEnumerable<string> NamesOf(SearchPlan plan)
        => Explorer.ExpectationsOf(plan).Where(e => e.Frequency != Frequency.Sometimes).Select(e => e.Name)
            .Concat(plan.Scenario.HasKernel ? RuleBook.All.Select(r => r.Name).Where(r => r != RuleBook.Failure) : OfPrograms);

    private static string? RefusalOf(SearchPlan plan, string rule)
        => plan.Scenario.WithoutRules.Contains(rule) ? $"{plan.Scenario.Name} says 'without rule {rule}'; take that out to have it checked"
            : rule == Livelock.Rule && plan.Strategy != StrategyNames.States ? $"strategy {plan.Strategy} cannot decide it; --strategy states does"
            : plan is { Strategy: StrategyNames.States, Scenario.HasKernel: true, Clocks: false } && RuleBook.IsOfOrder(rule)
                ? "strategy states cannot decide it, because who was before whom is no part of a state; with --clocks it does, as do depth-first and dpor"
            : null;
}
