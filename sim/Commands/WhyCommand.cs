using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Necessity;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>why SCENARIO…</c>: what breaks when one lock, check or order is taken out, and which of them nothing needs.</summary>
internal static class WhyCommand
{
    private const int PreemptionsDefault = 2;
    private const long BudgetDefault = 5_000_000;

    private static readonly Option<string[]> SiteOption = new("--site")
    {
        Description = "take out only this one, as the table names it (repeatable; default all)", HelpName = "SITE", Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<bool> AtOnceOption = new("--at-once") { Description = "take the given sites out together" };

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var names = new Argument<string[]>("SCENARIO") { Description = "files or scenarios", Arity = ArgumentArity.OneOrMore };
        var command = new Command("why", "which lock, check, ordering of the design is needed, and what breaks without it")
        {
            names, SiteOption, AtOnceOption, CommonOptions.Design, CommonOptions.Release, CommonOptions.Without, CommonOptions.Fs, CommonOptions.Preemptions,
            CommonOptions.Executions, CommonOptions.Workers, CommonOptions.Json, CommonOptions.Timing, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            List<Scenario> chosen = [.. parsed.GetValue(names)!.Distinct().Select(scenarios.Find)];
            if (chosen.FirstOrDefault(s => !s.HasKernel) is { } program)
                throw new UsageException($"{program.Name} has no kernel from which anything could be taken out; explore it");
            var kernel = CommonOptions.KernelOf(parsed);
            if (chosen.Select(s => s.RefusalOf(kernel)).OfType<string>().FirstOrDefault() is { } refusal)
                throw new UsageException(refusal);
            var preemptions = (int?)CommonOptions.NumberOf(parsed, CommonOptions.Preemptions, 0, 1_000_000) ?? PreemptionsDefault;
            var budget = CommonOptions.NumberOf(parsed, CommonOptions.Executions, 1, long.MaxValue) ?? BudgetDefault;
            List<Site> only = [.. (parsed.GetValue(SiteOption) ?? []).Distinct().Select(SiteOf)];
            var atOnce = parsed.GetValue(AtOnceOption);
            if (atOnce && only.Count == 0)
                throw new UsageException("--at-once takes the sites out that --site names; name them");
            var to = parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output;
            var started = Stopwatch.GetTimestamp();
            var progress = new SearchProgress(parsed.GetValue(CommonOptions.Quiet) ? null : output.Error, chosen.Count);
            var tables = new List<NecessityTable>();
            foreach (var scenario in chosen)
            {
                tables.Add(NecessityTable.Of((KernelScenario)scenario, kernel, preemptions, budget, CommonOptions.WorkersOf(parsed), () => progress.Add(1), only, atOnce));
                progress.Done();
            }

            var seconds = parsed.GetValue(CommonOptions.Timing) ? Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3) : (double?)null;
            if (parsed.GetValue(CommonOptions.Json))
                to.Line(ReportJson.ToText(ReportOf(tables, kernel, preemptions, seconds)));
            else
                Print(to, tables, kernel, preemptions, seconds);
            return tables.Any(t => t.Rows.Any(r => r.All.IsUndecided || r.WithoutOrder.IsUndecided)) ? ExitCode.Undecided : ExitCode.Good;
        });
        return command;
    }

    private static Site SiteOf(string name) => Site.All.FirstOrDefault(s => s.Name == name)
        ?? throw new UsageException($"--site: {Nearest.Message("site", name, Site.All.Select(s => s.Name))}");

    private static WhyReport ReportOf(List<NecessityTable> tables, KernelConfiguration kernel, int preemptions, double? seconds)
        => new(
            "why", kernel.Design.Name, kernel.Release.Name, kernel.FileSystem.Name, preemptions,
            [.. from t in tables from r in t.Rows select new WhyRow(
                t.Scenario.Name, r.Site.Name, r.Site.Kind.ToString().ToLowerInvariant(), ResultOf(r.All), r.All.Rule, r.All.Finding,
                r.All.Rule == null ? null : r.All.Preemptions, r.WithoutOrder.Rule, r.IsIdle, Survivors.ReasonOf(r))],
            [.. from t in tables from s in t.NotReached select new WhyNotReached(t.Scenario.Name, s.Name)],
            seconds);

    private static string ResultOf(MutantResult result) => result.Rule != null ? "needed" : result.IsUndecided ? "undecided" : "not-needed";

    private static void Print(Output output, List<NecessityTable> tables, KernelConfiguration kernel, int preemptions, double? seconds)
    {
        output.Line($"why on {kernel.Design} {kernel.Release} {kernel.FileSystem}: one thing taken out at a time, all schedules with at most {preemptions} preemptions");
        foreach (var table in tables)
        {
            output.Line();
            output.Line($"{table.Scenario.Name}: {table.Scenario.Title}");
            foreach (var row in table.Rows)
                output.Line($"  {row.Site.Kind.ToString().ToLowerInvariant(),-5}  {row.Site.Name,-68}  {TextOf(row)}");
            output.Line($"  not reached: {table.NotReached.Length}");
            PrintScore(output, table.Scenario.Name, table.Rows);
        }

        output.Line();
        if (tables.Count > 1)
            PrintScore(output, "together", [.. Together(tables)]);
        foreach (var row in Together(tables).Where(r => ResultOf(r.All) == "not-needed"))
            output.Line($"  {row.Site.Name}: {Survivors.ReasonOf(row) ?? "not explained"}");
        output.Line("rule N        it breaks with N preemptions, and with no fewer; the rule after / without findings of races and lock order");
        output.Line("kernel-state  no rule breaks, but a sentence about the kernel's state that is so between any two steps is not");
        output.Line("livelock      an execution does not end; impossible-state: the model has no next step, where a kernel would crash");
        if (seconds != null)
            output.Line($"{seconds:0.000} s");
    }

    private static string TextOf(NecessityRow row)
        => ReferenceEquals(row.All, row.WithoutOrder) ? TextOf(row.All) : $"{TextOf(row.All)} / {TextOf(row.WithoutOrder)}";

    private static string TextOf(MutantResult result) => result.Rule == null
        ? result.IsUndecided ? "undecided" : "not needed within the bound"
        : string.Create(CultureInfo.InvariantCulture, $"{result.Rule} {result.Preemptions}");

    // A site that one scenario needs is needed.
    private static IEnumerable<NecessityRow> Together(List<NecessityTable> tables)
        => tables.SelectMany(t => t.Rows).GroupBy(r => r.Site).Select(g => new NecessityRow(
            g.Key, g.All(r => r.IsIdle), g.Select(r => r.All).MaxBy(Weight)!, g.Select(r => r.WithoutOrder).MaxBy(Weight)!));

    private static int Weight(MutantResult result) => result.Rule != null ? 2 : result.IsUndecided ? 1 : 0;

    private static void PrintScore(Output output, string what, IReadOnlyCollection<NecessityRow> rows)
    {
        var (all, withoutOrder) = (rows.Count(r => r.All.Rule != null), rows.Count(r => r.WithoutOrder.Rule != null));
        var equivalent = rows.Count(r => r.All.Rule == null && Survivors.IsEquivalent(r));
        output.Line($"{what}: mutation score {Score(all, rows.Count)}; without races and lock order {Score(withoutOrder, rows.Count)}");
        output.Line($"  leaving out {equivalent} idle or redundant: {Score(all, rows.Count - equivalent)}; {Score(withoutOrder, rows.Count - equivalent)}");
    }

    private static string Score(int killed, int of)
        => string.Create(CultureInfo.InvariantCulture, $"{killed} of {of}, {(of == 0 ? 0 : 100.0 * killed / of):0.0} %");
}
