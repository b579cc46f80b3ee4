using System.Globalization;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Search;

/// <summary>What a search may say of a scenario.</summary>
public enum Verdict
{
    /// <summary>Nothing bad within what was covered, and all of that was looked at.</summary>
    Holds,

    /// <summary>A rule or an expectation is violated.</summary>
    Violated,

    /// <summary>Nothing bad was seen, and that is no proof.</summary>
    Inconclusive,
}

/// <summary>Which schedules were looked at.</summary>
/// <param name="Exhaustive">All of them, within <paramref name="PreemptionsMax"/>; otherwise a sample.</param>
/// <param name="PreemptionsMax">Preemptions of the schedules that were looked at; null for any number.</param>
public readonly record struct Coverage(bool Exhaustive, int? PreemptionsMax)
{
    /// <summary>As programs read it.</summary>
    public string Code => (Exhaustive, PreemptionsMax) switch
    {
        (false, _) => "sampled",
        (true, null) => "all-schedules",
        (true, { } most) => string.Create(CultureInfo.InvariantCulture, $"preemptions<={most}"),
    };

    /// <summary>As people read it.</summary>
    public override string ToString() => (Exhaustive, PreemptionsMax) switch
    {
        (false, _) => "a sample of the schedules",
        (true, null) => "all schedules",
        (true, 1) => "all schedules, at most 1 preemption",
        (true, { } most) => string.Create(CultureInfo.InvariantCulture, $"all schedules, at most {most} preemptions"),
    };
}

/// <summary>What a search found.</summary>
public sealed class SearchResult
{
    internal SearchResult(SearchPlan plan, Tally tally, Coverage covered, bool budgetSpent, IReadOnlyList<Expectation> expectations)
    {
        Plan = plan;
        Tally = tally;
        Covered = covered;
        BudgetSpent = budgetSpent;
        Expectations = expectations;
    }

    /// <summary>What was asked for.</summary>
    public SearchPlan Plan { get; }

    /// <summary>The executions of the largest bound that was searched to its end, and all that was found; of states all that was seen.</summary>
    public Tally Tally { get; }

    /// <summary>Which schedules those executions are.</summary>
    public Coverage Covered { get; }

    /// <summary>Whether a limit of executions or time ended the search before it had done what was asked for.</summary>
    public bool BudgetSpent { get; }

    /// <summary>Whether it was ended from outside before it had done what was asked for.</summary>
    public bool Interrupted { get; internal init; }

    /// <summary>Whether a search that ends after so many executions comes to the same.</summary>
    public bool IsPrefix { get; internal init; } = true;

    /// <summary>What the scenario expects; <see cref="Search.Tally.Held"/> counts each.</summary>
    public IReadOnlyList<Expectation> Expectations { get; }

    /// <summary>The verdict.</summary>
    public Verdict Verdict => Tally.Violations.Count > 0 ? Verdict.Violated : Reason != null ? Verdict.Inconclusive : Verdict.Holds;

    /// <summary>Why nothing was proved, even if nothing bad was seen; null if there is no reason for doubt.</summary>
    public string? Reason => FindReason();

    private string? FindReason()
    {
        var reasons = new List<string>();
        var atSteps = Tally.Cut - Tally.GivenUp.Values.Sum();
        var isEndless = atSteps > 0 && Plan.IsExhaustive && (!Plan.Scenario.HasKernel || Plan.Reduces);
        if (!Plan.IsExhaustive)
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"sampled {Tally.Executions:N0} schedules, seed {Plan.Seed}"));
        if (Interrupted)
            reasons.Add("interrupted before the search was at its end");
        else if (Plan.IsExhaustive && BudgetSpent && !isEndless)
            reasons.Add("the budget was spent before the search was at its end");
        if (atSteps > 0)
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"{Cut(atSteps)} at {Plan.StepsMax:N0} steps"));
        if (isEndless)
            reasons.Add($"{Plan.Strategy} needs threads that end, --strategy states does not");
        else if (atSteps > 0)
            reasons.Add("a livelock is suspected, --strategy states decides");
        foreach (var (why, count) in Tally.GivenUp)
            reasons.Add($"{Cut(count)}: {why}");
        if (Plan.Shard is { } shard)
            reasons.Add($"shard {shard} is a part of the search");
        if (Plan.Strategy == StrategyNames.States && Plan.Scenario.HasKernel && !Plan.Clocks && RuleBook.All.Any(r => RuleBook.IsOfOrder(r.Name) && Plan.Scenario.IsAskedFor(r.Name)))
            reasons.Add("races not decided: who is before whom is not part of a state; --clocks makes it one");
        for (var i = 0; i < Expectations.Count && Plan.Shard == null; i++)
        {
            if (Expectations[i].Frequency == Frequency.Sometimes && Tally.Held[i] == 0)
                reasons.Add($"never reached: {Expectations[i].Title}");
        }

        return reasons.Count == 0 ? null : string.Join("; ", reasons);
    }

    // A search of states has no executions: it cuts at a step.
    private string Cut(long number)
    {
        var what = Tally.States == null ? "execution" : "step";
        return number == 1 ? $"1 {what} was cut" : string.Create(CultureInfo.InvariantCulture, $"{number:N0} {what}s were cut");
    }
}
