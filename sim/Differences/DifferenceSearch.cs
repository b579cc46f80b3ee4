using System.Collections.Immutable;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Differences;

/// <summary>Looks for the shortest scenario in which two kernels can be told apart, by searching all schedules of both.</summary>
public static class DifferenceSearch
{
    /// <summary>Which rule is asked for where none is.</summary>
    private const string NoRule = "none";

    /// <summary>Goes through the scenarios of a question until the kernels differ in one.</summary>
    /// <param name="question">The question.</param>
    /// <param name="left">The first kernel.</param>
    /// <param name="right">The second kernel.</param>
    /// <param name="preemptions">The bound of all searches; null for none.</param>
    /// <param name="progress">To be told how far it is.</param>
    public static Divergence Run(Question question, KernelConfiguration left, KernelConfiguration right, int? preemptions, SearchProgress progress)
    {
        var searched = 0;
        var undecided = 0;
        foreach (var scenario in question.Scenarios())
        {
            if (Ask(scenario, left, preemptions, progress) is not { } ofLeft || Ask(scenario, right, preemptions, progress) is not { } ofRight)
                continue;
            searched++;
            if (!ofLeft.Covered.Exhaustive || !ofRight.Covered.Exhaustive)
            {
                undecided++;
                continue;
            }

            if (!Differ(ofLeft, ofRight))
                continue;
            var (a, b) = (AnswersOf(ofLeft, progress), AnswersOf(ofRight, progress));
            return new Divergence(question, searched, scenario, FirstOf(a, b, ofLeft), a, b, undecided);
        }

        return new Divergence(question, searched, null, null, null, null, undecided);
    }

    // Null where the scenario does not make sense: its set-up fails.
    private static SearchResult? Ask(Scenario scenario, KernelConfiguration kernel, int? preemptions, SearchProgress progress)
    {
        if (scenario.RefusalOf(kernel) != null)
            return null;
        try
        {
            return Explorer.Run(
                new SearchPlan(scenario with { OnlyRules = [NoRule] }, kernel) { Strategy = StrategyNames.States, PreemptionsMax = preemptions, RunOn = true },
                progress);
        }
        catch (ScenarioException)
        {
            return null;
        }
    }

    private static bool Differ(SearchResult left, SearchResult right)
        => !left.Tally.Outcomes.Select(o => o.ToString()).ToHashSet().SetEquals(right.Tally.Outcomes.Select(o => o.ToString()))
            || !ProbesOf(left).SequenceEqual(ProbesOf(right));

    private static ImmutableArray<string> ProbesOf(SearchResult result)
        => [.. Enumerable.Range(0, result.Expectations.Count).Select(i => Often(result.Tally.Held[i], result.Tally.Asked[i]))];

    private static string Often(long held, long asked) => held == 0 ? "never" : held == asked ? "always" : "sometimes";

    private static Answers AnswersOf(SearchResult seen, SearchProgress progress)
    {
        var plan = seen.Plan with { Scenario = seen.Plan.Scenario with { OnlyRules = [] } };
        var watched = Explorer.Run(plan, progress).Tally;
        return new Answers(
            plan.Configuration,
            [.. seen.Tally.Outcomes.OrderBy(o => o.ToString(), StringComparer.Ordinal)],
            [.. watched.Outcomes.Where(o => o.Broken < o.Count).Select(o => o.ToString())],
            ProbesOf(seen),
            [.. watched.Violations.Select(v => v.Rule).Distinct().Order(StringComparer.Ordinal)]);
    }

    // The first register at which what was answered so far is no longer the same on both sides; then the probes.
    private static string FirstOf(Answers left, Answers right, SearchResult of)
    {
        foreach (var (register, _) in left.Outcomes.Concat(right.Outcomes).First().Registers)
        {
            if (left.OnlyHere(right, register).Any() || right.OnlyHere(left, register).Any())
                return register;
        }

        return of.Expectations[Enumerable.Range(0, of.Expectations.Count).First(i => left.Probes[i] != right.Probes[i])].Title;
    }
}
