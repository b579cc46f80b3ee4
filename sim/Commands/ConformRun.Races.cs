using System.Diagnostics;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;

namespace Fscrypt.Sim.Commands;

// Races: each outcome that the running kernel shows has to be one that the model has.
internal sealed partial class ConformRun
{
    private const int OutcomesShown = 40;

    private static readonly TimeSpan RaceDefault = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ModelDefault = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RaceOfAll = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan ModelOfAll = TimeSpan.FromSeconds(5);

    private Race Raced(string name)
    {
        var scenario = scenarios.Find(name);
        return Race.Of(scenario, IsSystemWide, out var refusal)
            ?? throw new UsageException($"conform: --races {name}: it cannot be raced on a running kernel: {refusal}");
    }

    // As many of the library's as there is time for, each for a moment: a scenario of its own is asked for by its name.
    private void RaceAll(TimeSpan left)
    {
        var watch = Stopwatch.StartNew();
        var late = new List<string>();
        foreach (var name in scenarios.Names.Where(n => !n.Contains('/') || n.StartsWith("races/", StringComparison.Ordinal)))
        {
            var race = Race.Of(scenarios.Find(name), IsSystemWide, out var refusal);
            if (race == null && IsTold)
                output.Line($"{name}: left out: {refusal}");
            else if (race != null && watch.Elapsed + RaceOfAll > left)
                late.Add(name);
            else if (race != null)
                RaceAndCompare(race, RaceOfAll, ModelOfAll, needsAll: true);
        }

        if (late.Count > 0 && IsTold)
            output.Line($"left out, because the time was over (--for has more): {string.Join(", ", late)}");
    }

    private void RaceAndCompare(Race race, TimeSpan most, TimeSpan modelTime, bool needsAll)
    {
        var configuration = ConfigurationFor(running);
        if (race.Scenario.RefusalOf(configuration) is { } refusal)
        {
            if (!json)
                output.Line($"{race.Scenario.Name}: left out: {refusal}");
            return;
        }

        var model = ModelOutcomes.Of(race.Scenario, configuration, modelTime);
        if (needsAll && model.Incomplete != null)
        {
            if (IsTold)
                output.Line($"{race.Scenario.Name}: left out: {model.Incomplete}; --races {race.Scenario.Name} gives it {ModelDefault.TotalMinutes:0} minutes");
            return;
        }

        try
        {
            Judge(race, RunFor(race, model, most), model);
        }
        catch (RaceSetupException exception)
        {
            Judge([new Comparison(race.Scenario.Name, false, exception.Message)], "set-ups succeed", "were not run", running.Modelled != null, leavesOut: false);
        }
        catch (NotExpressibleException exception)
        {
            Judge([new Comparison(race.Scenario.Name, false, exception.Message, NotModelled: true)], "races could be run", "were not run", fails: true, leavesOut: true);
        }
    }

    private RaceTally RunFor(Race race, ModelOutcomes model, TimeSpan most)
    {
        var tally = new RaceTally(race, model);
        using var kernel = new KernelRace(race, seed, IsSystemWide);
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < most)
            tally.Count(kernel.Run());
        return tally;
    }

    private void Judge(Race race, RaceTally tally, ModelOutcomes model)
    {
        var name = race.Scenario.Name;
        var fails = running.Modelled != null;
        var first = tally.Foreign.Count == 0 ? null : $"the kernel showed {tally.Foreign[0]}, which {(model.Incomplete == null ? "the model has not" : "the model was not seen to have")}";
        compared.Add(new Comparison(name, tally.IsGood, first));
        isDifferent |= fails && !tally.IsGood && tally.Reason == null;
        isOpen |= fails && tally.Reason != null;
        if (json)
            return;
        if (IsTold)
        {
            output.Line($"{name}, {Words.Number(tally.Runs)} runs, each {(race.NeedsOwnFileSystem ? "on a fresh file system" : "in a fresh directory")}, seed {seed}");
            foreach (var (outcome, count) in tally.Seen.Take(OutcomesShown))
                output.Line($"  {Words.Number(count),9}  {outcome}{(tally.Foreign.Contains(outcome) ? "   <- not the model's" : "")}");
            foreach (var outcome in tally.ForeignConditions.Take(OutcomesShown))
                output.Line($"  to look for it in the model: sometimes shown: {outcome}");
            foreach (var outcome in tally.Never.Take(OutcomesShown))
                output.Line($"          0  {outcome}   (the model's; never seen)");
        }
        else if (first != null)
        {
            output.Line($"{name}: {first}");
        }

        var seen = $": {tally.Seen.Count - tally.Foreign.Count} of {tally.Seen.Count} outcomes that were seen are the model's, who has {model.Outcomes.Count}";
        var (word, good) = (tally.IsGood, tally.Reason, fails) switch
        {
            (true, _, _) => ("the same", (bool?)true),
            (false, not null, _) => ("inconclusive", null),
            (false, null, true) => ("different", false),
            (false, null, false) => ("different, as other releases may be", null),
        };
        output.Judgement(word, seen + (model.Incomplete == null ? "" : $" ({model.Incomplete})"), good);
        output.Flush();
    }
}
