using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Bugs;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>bugs [ID…]</c>: each historic bug is found in the kernel that has it, and not in the one that has it not.</summary>
internal static class BugsCommand
{
    private const int PreemptionsDefault = 2;

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var ids = new Argument<string[]>("ID") { Description = "bugs by id, slug or commit (default: all)", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("bugs", "the historic bugs: rediscover each with its fix off, show none with it on")
        {
            ids, CommonOptions.Preemptions, CommonOptions.Workers, CommonOptions.Json, CommonOptions.Timing, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(ids) ?? [];
            Bug[] bugs = given.Length == 0 ? [.. BugBook.All] : [.. given.Select(BugOf).Distinct()];
            var preemptions = (int?)CommonOptions.NumberOf(parsed, CommonOptions.Preemptions, 0, 1_000_000) ?? PreemptionsDefault;
            var results = new BugResult[bugs.Length];
            var started = Stopwatch.GetTimestamp();
            var progress = new SearchProgress(parsed.GetValue(CommonOptions.Quiet) ? null : output.Error, bugs.Length);
            Explorer.InParallel(bugs.Length, CommonOptions.WorkersOf(parsed), i =>
            {
                results[i] = BugHunt.Run(bugs[i], bugs[i].Own ?? scenarios.Find(bugs[i].ScenarioName), preemptions, BugHunt.Strategies, progress);
                progress.Done();
            });
            var seconds = parsed.GetValue(CommonOptions.Timing) ? Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3) : (double?)null;
            if (parsed.GetValue(CommonOptions.Json))
                output.Line(ReportJson.ToText(new BugsReport("bugs", [.. results.Select(RowOf)], seconds)));
            else
                Print(parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output, results, seconds);
            return results.All(r => r.IsFound && r.IsClean) ? ExitCode.Good : ExitCode.Violated;
        });
        return command;
    }

    private static Bug BugOf(string name)
        => BugBook.Named(name) ?? throw new UsageException(Nearest.Message("bug", name, BugBook.All.Select(b => b.Id).Concat(BugBook.All.Select(b => b.Slug))));

    private static BugRow RowOf(BugResult result)
        => new(result.Bug.Id, result.Bug.Commit, result.IsFound, result.Bug.Rule, result.Preemptions, result.Needed[0], result.IsClean, result.Repaired.Covered.Code)
        {
            Slug = result.Bug.Slug,
            Scenario = result.Bug.ScenarioName,
            ByStrategy = BugHunt.Strategies.Zip(result.Needed).ToDictionary(p => p.First, p => p.Second),
        };

    private static void Print(Output output, BugResult[] results, double? seconds)
    {
        string[][] rows =
        [
            ["bug", "commit", "slug", "rule", "preempt.", .. BugHunt.Strategies, "repaired"],
            .. results.Select(r => (string[])[
                r.Bug.Id, r.Bug.Commit ?? "-", r.Bug.Slug, r.Bug.Rule, Text(r.Preemptions) ?? "not found",
                .. r.Needed.Select(n => Text(n) ?? "-"), CleanText(r)]),
        ];
        var widths = rows[0].Select((_, column) => rows.Max(r => r[column].Length)).ToArray();
        foreach (var row in rows)
            output.Line(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        output.Line();
        output.Line("preempt.    the fewest preemptions that show it, of all schedules with so many");
        output.Line(string.Create(CultureInfo.InvariantCulture, $"strategies  schedules until it is found, seed 1; -: not within {BugHunt.SchedulesMost:N0}"));
        output.Line("repaired    nothing is found with the fix in, in all schedules with so many preemptions");
        foreach (var result in results)
            output.Line($"{result.Bug.Id,-4} {(result.Bug.Own == null ? "explore" : "calls of functions, no file:")} {result.Bug.ScenarioName} {result.Bug.Options}");
        foreach (var result in results.Where(r => !r.IsFound))
            output.Judgement("not found", $": {result.Bug.Id}: {result.Bug.Rule} is not broken{(result.Seen == null ? "" : $", but {result.Seen} is")}", good: false);
        foreach (var result in results.Where(r => !r.IsClean))
            output.Judgement("not clean", $": {result.Bug.Id} with the fix in: {WhyNot(result)}", good: false);
        if (seconds != null)
            output.Line($"{seconds:0.000} s");
    }

    private static string CleanText(BugResult result)
        => !result.IsClean ? "not clean"
            : result.Repaired.Covered.PreemptionsMax is { } most ? string.Create(CultureInfo.InvariantCulture, $"<= {most}") : "all";

    private static string WhyNot(BugResult result)
        => result.Repaired.Tally.Violations.Count > 0 ? $"{result.Repaired.Tally.Violations[0].Rule}: {result.Repaired.Tally.Violations[0].Message}"
            : result.Repaired.Reason ?? "";

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
