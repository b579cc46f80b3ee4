using System.CommandLine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>merge RESULT…</c>: the parts of a search that was divided by <c>--shard</c>, added up.</summary>
internal static class MergeCommand
{
    public static Command Create(Output output)
    {
        var files = new Argument<string[]>("RESULT")
        {
            Description = "what explore --shard I/N --json printed, a file for each part", Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("merge", "add up the parts of a search that --shard divided") { files };
        command.SetAction(parsed =>
        {
            var parts = parsed.GetValue(files)!.Distinct(StringComparer.Ordinal).Select(Read).ToList();
            var merged = Merge(parts);
            output.Line(ReportJson.ToText(merged));
            return merged.Verdict switch
            {
                "holds" => ExitCode.Good,
                "violated" => ExitCode.Violated,
                _ => ExitCode.Undecided,
            };
        });
        return command;
    }

    private static (string Path, ExploreReport Report) Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }

        var report = ReportJson.FromText(text) ?? throw new UsageException($"{path}: not what explore --json prints");
        return report.Shard == null ? throw new UsageException($"{path}: not a part of a search: it has no shard") : (path, report);
    }

    private static ExploreReport Merge(List<(string Path, ExploreReport Report)> parts)
    {
        var first = parts[0].Report;
        var count = CountOf(first);
        for (var i = 0; i < parts.Count; i++)
        {
            var (path, report) = parts[i];
            if (Identity(report) != Identity(first))
                throw new UsageException($"{path}: a part of another search than {parts[0].Path}: {Identity(report)}, and not {Identity(first)}");
            if (parts.Take(i).FirstOrDefault(p => p.Report.Shard == report.Shard).Path is { } twice)
                throw new UsageException($"{path}: the same part as {twice}: {report.Shard}");
        }

        var missing = Enumerable.Range(1, count).Select(i => new Shard(i, count).ToString())
            .Except(parts.Select(p => p.Report.Shard!)).ToList();
        if (missing.Count > 0)
            throw new UsageException($"not all parts are there: {string.Join(", ", missing.Take(10))} {(missing.Count == 1 ? "is" : "are")} missing");
        List<ExploreReport> reports = [.. parts.OrderBy(p => int.Parse(p.Report.Shard!.Split('/')[0], null)).Select(p => p.Report)];
        var violations = ViolationsOf(reports);
        var expectations = first.Expectations!.Select((e, i) => e with
        {
            Held = reports.Sum(r => r.Expectations![i].Held), Asked = reports.Sum(r => r.Expectations![i].Asked),
        });
        var isProved = first.Covered != new Coverage(false, null).Code && reports.All(r => r.Executions.Cut == 0)
            && expectations.All(e => e.Frequency != "sometimes" || e.Held > 0);
        return first with
        {
            Verdict = violations.Count > 0 ? "violated" : isProved ? "holds" : "inconclusive",
            // A part that never felt the bound says that it looked at everything; it did, at its part.
            Covered = reports.Select(r => r.Covered).FirstOrDefault(c => c != "all-schedules") ?? first.Covered,
            Executions = new ExecutionCounts(
                reports.Sum(r => r.Executions.Complete), reports.Sum(r => r.Executions.Deadlocked), reports.Sum(r => r.Executions.Blocked),
                reports.Sum(r => r.Executions.AwaitBlocked), reports.Sum(r => r.Executions.Cut)),
            Steps = reports.Sum(r => r.Steps),
            Violations = violations,
            Outcomes = OutcomesOf(reports),
            Shard = null,
            Expectations = null,
            Seconds = null,
        };
    }

    private static string Identity(ExploreReport report)
        => $"{report.Scenario} on {report.Design} {report.Release} {string.Join(' ', report.Without)} {report.Fs}, "
            + $"{report.Strategy}, seed {report.Seed}, {CountOf(report)} parts"
            + (report.Rules == null ? "" : $", rules {string.Join(' ', report.Rules)}");

    private static int CountOf(ExploreReport report)
        => int.TryParse(report.Shard!.Split('/')[^1], out var count) && count is > 0 and <= Shard.CountMax ? count
            : throw new UsageException($"'{report.Shard}' is no part of a search");

    // Of one finding the smallest schedule, as a search that is not divided reports it; one trace a rule.
    private static List<ViolationReport> ViolationsOf(List<ExploreReport> reports)
    {
        var found = reports.SelectMany(r => r.Violations).GroupBy(v => (v.Rule, v.Finding)).Select(same =>
        {
            var smallest = same.Aggregate((a, b) => Violation.Compare([.. a.Schedule!], [.. b.Schedule!]) <= 0 ? a : b);
            return smallest with { PreemptionsFewest = same.Min(v => v.PreemptionsFewest) };
        });
        return
        [
            .. found.OrderBy(v => v.PreemptionsFewest)
                .ThenBy(v => v, Comparer<ViolationReport>.Create((a, b) => Violation.Compare([.. a.Schedule!], [.. b.Schedule!])))
                .ThenBy(v => v.Rule, StringComparer.Ordinal).ThenBy(v => v.Finding, StringComparer.Ordinal)
                .Select(v => v with { Schedule = null, PreemptionsFewest = null }),
        ];
    }

    private static List<OutcomeReport> OutcomesOf(List<ExploreReport> reports)
    {
        var outcomes = reports.SelectMany(r => r.Outcomes).GroupBy(TextOf, StringComparer.Ordinal)
            .Select(same => new OutcomeReport(same.Sum(o => o.Count), same.First().Registers));
        return [.. outcomes.OrderByDescending(o => o.Count).ThenBy(TextOf, StringComparer.Ordinal)];
    }

    private static string TextOf(OutcomeReport outcome) => new Outcome([.. outcome.Registers]).ToString();
}
