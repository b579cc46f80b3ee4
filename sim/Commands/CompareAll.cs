using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>compare --all</c>: every scenario of the library on every design, and what is broken in how many of them.</summary>
internal sealed class CompareAll(IReadOnlyList<KernelConfiguration> kernels, IReadOnlyList<Scenario> scenarios, SearchPlan template, bool quiet, int workers)
{
    /// <summary>The bound unless another is asked for: there are hundreds of searches.</summary>
    public const int PreemptionsDefault = 1;

    private readonly List<(KernelConfiguration Kernel, Scenario Scenario)> cells =
        [.. from kernel in kernels from scenario in scenarios where scenario.HasKernel && scenario.RefusalOf(kernel) == null select (kernel, scenario)];

    /// <summary>Searches, and prints a block a kernel.</summary>
    public int Run(Output output, bool json, Func<long, double?> secondsSince)
    {
        var started = Stopwatch.GetTimestamp();
        var results = new SearchResult?[cells.Count];
        var progress = new SearchProgress(quiet ? null : output.Error, cells.Count);
        Explorer.InParallel(cells.Count, workers, i =>
        {
            results[i] = Ask(cells[i].Kernel, cells[i].Scenario, progress);
            progress.Done();
        });
        var seconds = secondsSince(started);
        var broken = results.OfType<SearchResult>().SelectMany(BrokenIn).ToList();
        if (json)
        {
            output.Line(ReportJson.ToText(new CompareReport("compare", kernels[0].FileSystem.Name, [.. broken.Select(b => b.Row)], seconds)));
        }
        else
        {
            output.Line($"compare --all: {scenarios.Count(s => s.HasKernel)} scenarios on {kernels.Count} kernels: {template.Describe}");
            foreach (var kernel in kernels)
                Print(output, kernel, [.. results.Where(r => r?.Plan.Configuration == kernel).OfType<SearchResult>()], broken);
            output.Line();
            output.Line("rule N   broken in so many scenarios, with as many preemptions as are given and with no fewer; expected: what a scenario itself expects");
            if (seconds != null)
                output.Line($"{seconds:0.000} s");
            output.Line($"seed {template.Seed}");
        }

        return results.Any(r => r != null && (r.BudgetSpent || r.Tally.Cut > 0)) ? ExitCode.Undecided : ExitCode.Good;
    }

    private static void Print(Output output, KernelConfiguration kernel, List<SearchResult> searched, List<(SearchResult Of, CompareRow Row)> broken)
    {
        output.Line();
        var cut = searched.Count(r => r.BudgetSpent || r.Tally.Cut > 0);
        output.Line($"{kernel.Design} {kernel.Release}: {searched.Count} scenarios{(cut == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {cut} not searched to their end"))}");
        var mine = broken.Where(b => b.Of.Plan.Configuration == kernel).ToList();
        if (mine.Count == 0)
            output.Line("  nothing is broken");
        foreach (var rule in mine.GroupBy(b => RuleBook.All.Any(r => r.Name == b.Row.Rule) ? b.Row.Rule : "expected").OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var of = rule.GroupBy(b => b.Row.Scenario).Select(g => (Scenario: g.Key, Fewest: g.Min(b => b.Row.Preemptions))).ToList();
            output.Line(string.Create(CultureInfo.InvariantCulture, $"  {rule.Key} {of.Count}"));
            foreach (var line in CompareDifferences.Wrapped(string.Join(", ", of.Select(s => $"{s.Scenario} ({s.Fewest})")), Output.Width - 4))
                output.Line("    " + line);
        }
    }

    // Null where the set-up does not end well with this design: there is no race to look at.
    private SearchResult? Ask(KernelConfiguration kernel, Scenario scenario, SearchProgress progress)
    {
        try
        {
            return Explorer.Run(template with { Scenario = scenario, Configuration = kernel }, progress);
        }
        catch (ScenarioException)
        {
            return null;
        }
    }

    private static IEnumerable<(SearchResult Of, CompareRow Row)> BrokenIn(SearchResult result)
        => result.Tally.Violations.GroupBy(v => v.Rule).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (result, new CompareRow(
            result.Plan.Scenario.Name, result.Plan.Configuration.Design.Name, result.Plan.Configuration.Release.Name, g.Key,
            Words.HowOften(g.Sum(v => v.Count), result.Tally.Executions).ToLowerInvariant(), g.Min(v => v.PreemptionsFewest), result.Covered.Code)));
}
