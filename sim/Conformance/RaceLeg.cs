using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance;

/// <summary>The outcomes of a scenario that the model has.</summary>
/// <param name="Outcomes">As outcomes are printed.</param>
/// <param name="Incomplete">Why these may not be all; null if they are.</param>
internal sealed record ModelOutcomes(IReadOnlyList<string> Outcomes, string? Incomplete)
{
    /// <summary>Searches all states of a scenario.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="configuration">Which kernel.</param>
    /// <param name="time">Time that the search may take; null for as long as it takes.</param>
    public static ModelOutcomes Of(Scenario scenario, KernelConfiguration configuration, TimeSpan? time)
    {
        // No rule is asked for: an execution that breaks one has an outcome, as it has on a kernel that nobody watches.
        var plan = new SearchPlan(scenario with { OnlyRules = [RuleBook.Failure] }, configuration)
        {
            Strategy = StrategyNames.States, PreemptionsMax = null, TimeMax = time,
        };
        var found = Explorer.Run(plan, new SearchProgress(null));
        var incomplete = found.BudgetSpent ? "the model's search was not at its end in time"
            : found.Tally.Cut > 0 ? "executions of the model were cut"
            : found.Tally.Violations.Count > 0 ? $"the model fails: {found.Tally.Violations[0].Message}"
            : null;
        return new ModelOutcomes([.. found.Tally.Outcomes.Select(o => o.ToString())], incomplete);
    }
}

/// <summary>What a race came to on the running kernel, beside what the model says of it.</summary>
/// <param name="race">The race.</param>
/// <param name="model">The outcomes that the model has.</param>
internal sealed class RaceTally(Race race, ModelOutcomes model)
{
    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> results = new(StringComparer.Ordinal);

    /// <summary>How often it was run.</summary>
    public long Runs { get; private set; }

    /// <summary>The outcomes that were seen, the most frequent first.</summary>
    public IReadOnlyList<(string Outcome, long Count)> Seen
        => [.. seen.Select(s => (s.Key, s.Value)).OrderByDescending(s => s.Value).ThenBy(s => s.Key, StringComparer.Ordinal)];

    /// <summary>The outcomes that the model allows and that were not seen.</summary>
    public IReadOnlyList<string> Never => [.. model.Outcomes.Where(o => !seen.ContainsKey(o)).Order(StringComparer.Ordinal)];

    /// <summary>The outcomes that were seen and that the model has not.</summary>
    public IReadOnlyList<string> Foreign => [.. Seen.Select(s => s.Outcome).Except(model.Outcomes)];

    /// <summary>The same as conditions, in the language of scenarios.</summary>
    public IReadOnlyList<string> ForeignConditions
        => [.. Foreign.Select(o => string.Join(" && ", race.Registers.Zip(results[o], (name, text) => $"{name} == {RecordedStep.InQuotes(text)}")))];

    /// <summary>Whether everything that was seen is the model's.</summary>
    public bool IsGood => Foreign.Count == 0;

    /// <summary>Why that is no verdict, if it is none: what the model was not seen to have it may have nevertheless.</summary>
    public string? Reason => IsGood ? null : model.Incomplete;

    /// <summary>Counts a run.</summary>
    /// <param name="texts">The text of each register.</param>
    public void Count(string[] texts)
    {
        Runs++;
        var outcome = string.Join(' ', race.Registers.Zip(texts, (name, text) => $"{name}={text}"));
        results[outcome] = texts;
        seen[outcome] = seen.GetValueOrDefault(outcome) + 1;
    }
}
