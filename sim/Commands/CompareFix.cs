using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>compare --fix F</c>: every scenario whose result a fix changes.</summary>
internal sealed class CompareFix(Fix fix, KernelConfiguration with, SearchPlan template, bool quiet, int workers)
{
    private readonly KernelConfiguration without = with with { Without = [fix] };

    /// <summary>The kernel to ask: the release that was given, or the default one, or the newest that the fix can be taken out of.</summary>
    public static KernelConfiguration KernelOf(Fix fix, string? release, string? design, KernelConfiguration mounted)
    {
        var kernel = mounted with
        {
            Release = release == null ? fix.IsRemovableFrom(KernelRelease.Default) ? KernelRelease.Default : KernelRelease.All.Last(fix.IsRemovableFrom) : CommonOptions.ReleaseOf(release),
            Design = CommonOptions.DesignOf(design),
        };
        return (kernel with { Without = [fix] }).Refusal() is { } refusal ? throw new UsageException(refusal) : kernel;
    }

    /// <summary>Searches each scenario with the fix and without, and prints where that makes a difference.</summary>
    public int Run(Output output, IReadOnlyList<Scenario> scenarios, bool json, Func<long, double?> secondsSince)
    {
        var started = Stopwatch.GetTimestamp();
        List<Scenario> applying = [.. scenarios.Where(s => s.HasKernel && s.RefusalOf(with) == null)];
        var pairs = new (SearchResult With, SearchResult Without)?[applying.Count];
        var progress = new SearchProgress(quiet ? null : output.Error, applying.Count);
        Explorer.InParallel(applying.Count, workers, i =>
        {
            pairs[i] = Ask(applying[i], progress);
            progress.Done();
        });
        var changed = pairs.OfType<(SearchResult With, SearchResult Without)>().Where(p => RowsOf(p).Count > 0).ToList();
        var seconds = secondsSince(started);
        if (json)
        {
            output.Line(ReportJson.ToText(new CompareReport("compare", with.FileSystem.Name, [], seconds)
            {
                Fix = fix.Id, FixRows = [.. changed.SelectMany(p => RowsOf(p).Select(r => r with { Scenario = p.With.Plan.Scenario.Name }))],
            }));
        }
        else
        {
            output.Line($"compare --fix {fix.Id}: {fix.Title}");
            output.Line($"without it: {fix.WithoutIt}");
            output.Line($"{with.Design} {with.Release} {with.FileSystem}: {template.Describe}");
            foreach (var pair in changed)
            {
                output.Line();
                output.Line($"{pair.With.Plan.Scenario.Name}: {pair.With.Plan.Scenario.Title}");
                foreach (var row in RowsOf(pair))
                    output.Line($"  {row.What}: with {row.With}, without {row.Without}");
            }

            output.Line();
            var undecided = pairs.Count(p => p is { } pair && (IsUndecided(pair.With) || IsUndecided(pair.Without)));
            output.Line(string.Create(CultureInfo.InvariantCulture,
                $"{changed.Count} of {applying.Count} scenarios change{(undecided == 0 ? "" : $"; {undecided} not searched to their end")}"));
            if (seconds != null)
                output.Line($"{seconds:0.000} s");
            output.Line($"seed {template.Seed}");
        }

        return pairs.Any(p => p is { } pair && (IsUndecided(pair.With) || IsUndecided(pair.Without))) ? ExitCode.Undecided : ExitCode.Good;
    }

    // Null where the set-up does not end well on one of them: then there is nothing to compare.
    private (SearchResult With, SearchResult Without)? Ask(Scenario scenario, SearchProgress progress)
    {
        try
        {
            return (Explorer.Run(template with { Scenario = scenario, Configuration = with }, progress),
                Explorer.Run(template with { Scenario = scenario, Configuration = without }, progress));
        }
        catch (ScenarioException)
        {
            return null;
        }
    }

    private static bool IsUndecided(SearchResult result) => result.BudgetSpent || result.Tally.Cut > 0;

    // What is broken or reached differently; then the outcomes that only one of them has.
    private static List<FixRow> RowsOf((SearchResult With, SearchResult Without) pair)
    {
        var rows = new List<FixRow>();
        var name = pair.With.Plan.Scenario.Name;
        var rules = pair.With.Tally.Violations.Concat(pair.Without.Tally.Violations).Select(v => v.Rule).Distinct().Order(StringComparer.Ordinal);
        foreach (var rule in rules)
            rows.Add(new FixRow(name, rule, BrokenText(pair.With, rule), BrokenText(pair.Without, rule)));
        for (var i = 0; i < pair.With.Expectations.Count; i++)
        {
            if (pair.With.Expectations[i].Frequency == Frequency.Sometimes)
                rows.Add(new FixRow(name, pair.With.Expectations[i].Name + "?", ReachedText(pair.With, i), ReachedText(pair.Without, i)));
        }

        var there = pair.Without.Tally.Outcomes.Select(o => o.ToString()).ToHashSet();
        var here = pair.With.Tally.Outcomes.Select(o => o.ToString()).ToHashSet();
        rows.AddRange(here.Except(there).Order(StringComparer.Ordinal).Select(o => new FixRow(name, o, "yes", "no")));
        rows.AddRange(there.Except(here).Order(StringComparer.Ordinal).Select(o => new FixRow(name, o, "no", "yes")));
        rows.RemoveAll(r => r.With == r.Without);
        return rows;
    }

    private static string BrokenText(SearchResult result, string rule)
    {
        var violations = result.Tally.Violations.Where(v => v.Rule == rule).ToList();
        return violations.Count == 0 ? "never" : string.Create(CultureInfo.InvariantCulture, $"broken {violations.Min(v => v.PreemptionsFewest)}");
    }

    private static string ReachedText(SearchResult result, int i)
        => result.Tally.Held[i] == 0 ? "never" : result.Tally.Held[i] == result.Tally.Asked[i] ? "always" : "sometimes";
}
