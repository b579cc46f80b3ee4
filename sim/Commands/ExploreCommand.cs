using System.CommandLine;
using System.Diagnostics;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Spectre.Console;
using Trace = Fscrypt.Sim.Findings.Trace;

namespace Fscrypt.Sim.Commands;

/// <summary><c>explore SCENARIO</c>: one scenario on one kernel, with any engine and strategy.</summary>
internal static class ExploreCommand
{
    private const int OutcomesMax = 12;

    public static Command Create(IReadOnlyList<Scenario> scenarios, Output output)
    {
        var name = new Argument<string>("SCENARIO") { Description = $"one of {string.Join(", ", scenarios.Select(s => s.Name))}" };
        var command = new Command("explore", "look at the schedules of one scenario on one kernel")
        {
            name,
            CommonOptions.Design, CommonOptions.Release, CommonOptions.Without, CommonOptions.Fs,
            CommonOptions.Engine, CommonOptions.Strategy, CommonOptions.Seed,
            CommonOptions.Preemptions, CommonOptions.StepsMax, CommonOptions.Executions, CommonOptions.For,
            CommonOptions.Workers, CommonOptions.Points, CommonOptions.Out,
            CommonOptions.Json, CommonOptions.Timing, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            var plan = CommonOptions.PlanOf(parsed, ScenarioNames.Find(scenarios, parsed.GetValue(name)!));
            var explore = new Explore(plan, parsed.GetValue(CommonOptions.Out) ?? "out", parsed.GetValue(CommonOptions.Quiet));
            return explore.Run(
                parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output,
                parsed.GetValue(CommonOptions.Json),
                parsed.GetValue(CommonOptions.Timing));
        });
        return command;
    }

    private sealed class Explore(SearchPlan plan, string directory, bool quiet)
    {
        public int Run(Output output, bool json, bool timing)
        {
            if (!json)
                PrintHeader(output);
            var started = Stopwatch.GetTimestamp();
            var result = Explorer.Run(plan, new SearchProgress(quiet ? null : output.Error));
            var seconds = timing ? Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3) : (double?)null;
            var findings = WriteTraces(result);
            if (json)
                output.Line(ReportJson.ToText(ReportOf(result, findings, seconds)));
            else
                Print(output, result, findings, seconds);
            return result.Verdict switch
            {
                Verdict.Holds => ExitCode.Good,
                Verdict.Violated => ExitCode.Violated,
                _ => ExitCode.Undecided,
            };
        }

        // One trace a rule: of the violation that comes first.
        private List<Found> WriteTraces(SearchResult result)
        {
            var findings = new List<Found>();
            foreach (var violation in result.Tally.Violations)
            {
                var trace = findings.Exists(f => f.Violation.Rule == violation.Rule) ? null : TraceOf(violation);
                findings.Add(new Found(violation, trace, trace == null ? null : Write(trace)));
            }

            return findings;
        }

        private Trace TraceOf(Violation violation)
        {
            using var recording = new Recording(plan, violation.Schedule);
            return recording.TraceOf(violation.Rule);
        }

        private string Write(Trace trace)
        {
            try
            {
                return TraceFile.Write(trace, directory);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"--out {directory}: {exception.Message}");
            }
        }

        private void PrintHeader(Output output)
        {
            var kernel = plan.Configuration;
            var without = kernel.Without.Length == 0 ? "" : $", without {string.Join(", ", kernel.Without)}";
            output.Line(
                $"explore {plan.Scenario.Name}: design {kernel.Design}, release {kernel.Release}{without}, fs ext4, {plan.Describe}");
            output.Line(plan.Scenario.Title);
            output.Line();
        }

        private void Print(Output output, SearchResult result, List<Found> findings, double? seconds)
        {
            PrintVerdict(output, result);
            if (!quiet)
            {
                PrintCounts(output, result);
                PrintExpectations(output, result);
                PrintOutcomes(output, result.Tally);
            }

            PrintFindings(output, findings);
            if (seconds != null)
                output.Line($"{seconds:0.000} s");
            if (plan.TimeMax != null)
                output.Line($"the same again: --executions {result.Tally.Executions} instead of --for");
            output.Line($"seed {plan.Seed}");
        }

        private void PrintVerdict(Output output, SearchResult result)
        {
            switch (result.Verdict)
            {
                case Verdict.Holds:
                    output.Judgement("holds", $": {result.Covered}", good: true);
                    break;
                case Verdict.Inconclusive:
                    output.Judgement("inconclusive", $": {result.Reason}", good: null);
                    break;
                default:
                    var fewest = result.Tally.Violations.Min(v => v.PreemptionsFewest);
                    var proven = plan.IsExhaustive && result.Covered.Exhaustive ? "fewest preemptions" : "fewest preemptions seen";
                    var rules = string.Join(", ", result.Tally.Violations.Select(v => v.Rule).Distinct());
                    output.Judgement("violated", $": {rules}; {proven} {fewest}", good: false);
                    break;
            }

            output.Line();
        }

        private static void PrintCounts(Output output, SearchResult result)
        {
            var tally = result.Tally;
            var sample = result.Covered.Exhaustive ? "" : $": {Words.Number(tally.Executions)}, seed {result.Plan.Seed}";
            var spent = result.BudgetSpent ? "; then the budget was spent" : "";
            output.Line($"covered     {result.Covered}{sample}{spent}");
            output.Line(
                $"executions  {tally.Complete:N0} complete, {tally.Deadlocked:N0} deadlocked, 0 blocked, 0 await-blocked, {tally.Cut:N0} cut");
            if (tally.Violating > 0)
                output.Line($"            {tally.Violating:N0} of {tally.Executions:N0} with a finding, which ends an execution");
            output.Line($"steps       {tally.Steps:N0}, {(double)tally.Steps / Math.Max(1, tally.Executions):0.0} an execution");
            output.Line();
        }

        private static void PrintExpectations(Output output, SearchResult result)
        {
            if (result.Expectations.Count == 0)
                return;
            var table = new Table().AddColumns("expected", "condition", "seen");
            table.AddColumn(new TableColumn("executions").RightAligned());
            for (var i = 0; i < result.Expectations.Count; i++)
            {
                var expectation = result.Expectations[i];
                var held = result.Tally.Held[i];
                table.AddRow(
                    expectation.Frequency.ToString(),
                    Markup.Escape($"{expectation.Name}: {expectation.Text}"),
                    Words.HowOften(held, result.Tally.Ended),
                    Words.Number(held));
            }

            output.Table(table);
            output.Line();
        }

        private static void PrintOutcomes(Output output, Tally tally)
        {
            var outcomes = tally.Outcomes;
            if (outcomes.Count == 0)
                return;
            var table = new Table();
            table.AddColumn(new TableColumn("executions").RightAligned());
            table.AddColumns([.. outcomes[0].Registers.Select(r => Markup.Escape(r.Key))]);
            foreach (var outcome in outcomes.Take(OutcomesMax))
                table.AddRow([Words.Number(outcome.Count), .. outcome.Registers.Select(r => Markup.Escape(r.Value))]);
            output.Table(table);
            if (outcomes.Count > OutcomesMax)
                output.Line($"and {outcomes.Count - OutcomesMax} other outcomes (--json has them all)");
            output.Line();
        }

        private static void PrintFindings(Output output, List<Found> findings)
        {
            var first = true;
            foreach (var (violation, trace, path) in findings)
            {
                if (trace == null)
                    continue;
                if (first)
                    output.Text(Splat.Of(trace, path!));
                else
                    output.Line($"also: {Splat.SummaryOf(trace)}\n  {Splat.ReplayCommand(path!)}");
                first = false;
                var others = findings.Count(f => f.Violation.Rule == violation.Rule) - 1;
                if (others > 0)
                    output.Line($"  and {others} more of rule {violation.Rule} in other words (--json has them all)");
                output.Line();
            }
        }

        private ExploreReport ReportOf(SearchResult result, List<Found> findings, double? seconds)
        {
            var tally = result.Tally;
            var kernel = plan.Configuration;
            return new ExploreReport(
                "fscrypt-sim", "explore",
                plan.Scenario.Name, kernel.Design.Name, kernel.Release.Name, [.. kernel.Without.Select(f => f.Id)], "ext4",
                plan.Engine, plan.Strategy, plan.Seed, result.Verdict.ToString().ToLowerInvariant(), result.Covered.Code,
                new ExecutionCounts(tally.Complete, tally.Deadlocked, 0, 0, tally.Cut),
                null, null, null, tally.Steps,
                [.. findings.Select(f => new ViolationReport(
                    f.Violation.Rule, f.Violation.Message, f.Violation.Preemptions, f.Violation.Steps, f.Path, f.Summary))],
                [.. tally.Outcomes.Select(o => new OutcomeReport(o.Count, new OrderedDictionary<string, string>(o.Registers)))],
                seconds);
        }
    }

    // Of the violations of one rule the first has a trace.
    private sealed record Found(Violation Violation, Trace? Trace, string? Path)
    {
        public string Summary => Trace == null ? $"{Violation.Rule}: {Violation.Message}" : Splat.SummaryOf(Trace);
    }
}
