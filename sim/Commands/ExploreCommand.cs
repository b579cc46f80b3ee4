using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Spectre.Console;
using Trace = Fscrypt.Sim.Findings.Trace;

namespace Fscrypt.Sim.Commands;

/// <summary><c>explore SCENARIO</c>: one scenario on one kernel, with any engine and strategy.</summary>
internal static class ExploreCommand
{
    // More than anybody reads; --json has them all.
    private const int OutcomesMax = 200;

    // So many take more room in lists that are half empty than in themselves.
    private const int StatesFew = 10_000;

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var name = new Argument<string?>("SCENARIO")
        {
            Description = "a file, or a name that 'list scenarios' shows", Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("explore", "look at the schedules of one scenario on one kernel")
        {
            name,
            CommonOptions.Design, CommonOptions.Release, CommonOptions.Without, CommonOptions.Fs, CommonOptions.Rule,
            CommonOptions.Engine, CommonOptions.Strategy, CommonOptions.Seed,
            CommonOptions.Preemptions, CommonOptions.Depth, CommonOptions.StepsMax, CommonOptions.Clocks, CommonOptions.Executions, CommonOptions.For,
            CommonOptions.Workers, CommonOptions.Points, CommonOptions.TraceOutcome, CommonOptions.ShardOption,
            CommonOptions.Checkpoint, CommonOptions.Resume, CommonOptions.Out,
            CommonOptions.Json, CommonOptions.Timing, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            var scenario = parsed.GetValue(name);
            var resumption = parsed.GetValue(CommonOptions.Resume) == null ? null : Resumption.Of(parsed, scenario, scenarios);
            var plan = resumption?.Plan ?? PlanOf(parsed, scenario, scenarios);
            var checkpoint = parsed.GetValue(CommonOptions.Checkpoint);
            if (checkpoint != null && Explorer.CheckpointRefusalOf(plan) is { } refusal)
                throw new UsageException($"--checkpoint: {refusal}");
            var search = new InterruptibleSearch(plan, output)
            {
                Checkpoint = checkpoint ?? parsed.GetValue(CommonOptions.Resume), From = resumption?.Position,
            };
            var explore = new Explore(plan, search, parsed.GetValue(CommonOptions.Out) ?? "out", parsed.GetValue(CommonOptions.Quiet));
            return explore.Run(
                parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output,
                parsed.GetValue(CommonOptions.Json),
                parsed.GetValue(CommonOptions.Timing));
        });
        return command;
    }

    private static SearchPlan PlanOf(ParseResult parsed, string? scenario, ScenarioCatalog scenarios)
    {
        if (scenario == null)
            throw new UsageException("explore: Required argument 'SCENARIO' missing for command: 'explore'");
        var plan = CommonOptions.PlanOf(parsed, scenarios.Find(scenario));
        return plan.Strategy == StrategyNames.States ? PlanOfStates(plan, parsed) : plan;
    }

    // Steps are no limit of states, and none of the schedules that are rebuilt from them.
    private static SearchPlan PlanOfStates(SearchPlan plan, ParseResult parsed)
    {
        if (VisitedStates.RefusalOf(plan) is { } refusal)
            throw new UsageException(refusal);
        if (parsed.GetValue(CommonOptions.StepsMax) != null)
            throw new UsageException("--steps-max cuts executions; strategy states has none: leave it out");
        return plan with { StepsMax = int.MaxValue };
    }

    private sealed class Explore(SearchPlan plan, InterruptibleSearch search, string directory, bool quiet)
    {
        public int Run(Output output, bool json, bool timing)
        {
            if (!json)
                PrintHeader(output);
            var started = Stopwatch.GetTimestamp();
            var result = search.Run(new SearchProgress(quiet ? null : output.Error));
            var seconds = timing ? Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3) : (double?)null;
            var findings = WriteTraces(result);
            var outcomes = WriteOutcomes(result);
            if (json)
                output.Line(ReportJson.ToText(ReportOf(result, findings, outcomes, seconds)));
            else
                Print(output, result, findings, outcomes, seconds);
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

        // The paths of the outcomes' traces, where those are wanted.
        private List<string?> WriteOutcomes(SearchResult result)
        {
            var paths = new List<string?>();
            if (!plan.TracesOutcomes)
                return paths;
            foreach (var outcome in result.Tally.Outcomes)
            {
                if (outcome.Schedule == null)
                {
                    paths.Add(null);
                    continue;
                }

                using var recording = new Recording(plan, outcome.Schedule);
                paths.Add(Write(recording.TraceOfOutcome(paths.Count + 1)));
            }

            return paths;
        }

        private Trace TraceOf(Violation violation)
        {
            using var recording = new Recording(plan, violation.Schedule);
            return recording.TraceOf(violation.Rule);
        }

        private string Write(Trace trace) => Output.Saved(directory, () => TraceFile.Write(trace, directory));

        private void PrintHeader(Output output)
        {
            var kernel = plan.Configuration;
            var without = kernel.Without.Length == 0 ? "" : $", without {string.Join(", ", kernel.Without)}";
            var on = plan.Scenario.HasKernel ? $"design {kernel.Design}, release {kernel.Release}{without}, fs {kernel.FileSystem}, " : "";
            output.Line($"explore {plan.Scenario.Name}: {on}{plan.Describe}{AskedRules.Words(plan.Scenario)}");
            if (plan.Scenario.Title.Length > 0)
                output.Line(plan.Scenario.Title);
            output.Line();
        }

        private void Print(Output output, SearchResult result, List<Found> findings, List<string?> outcomes, double? seconds)
        {
            PrintVerdict(output, result);
            if (!quiet)
            {
                PrintCounts(output, result);
                PrintExpectations(output, result);
                PrintOutcomes(output, result.Tally, outcomes);
            }

            PrintFindings(output, findings);
            if (seconds != null)
                output.Line($"{seconds:0.000} s");
            if (plan.TimeMax != null && result.Tally.States == null && result.IsPrefix)
                output.Line($"the same again: --executions {result.Tally.Executions} instead of --for");
            output.Line($"seed {plan.Seed}");
        }

        private void PrintVerdict(Output output, SearchResult result)
        {
            switch (result.Verdict)
            {
                case Verdict.Holds:
                    output.Judgement("holds", $": {result.Covered}{AskedRules.Words(plan.Scenario)}", good: true);
                    break;
                case Verdict.Inconclusive:
                    output.Judgement("inconclusive", $": {result.Reason}", good: null);
                    break;
                default:
                    var fewest = result.Tally.Violations.Min(v => v.PreemptionsFewest);
                    var proven = plan.IsExhaustive && !plan.Reduces && result.Covered.Exhaustive ? "fewest preemptions" : "fewest preemptions seen";
                    var rules = string.Join(", ", result.Tally.Violations.Select(v => v.Rule).Distinct());
                    output.Judgement("violated", $": {rules}; {proven} {fewest}", good: false);
                    break;
            }

            output.Line();
        }

        private static string Spent(SearchResult result)
            => result.Interrupted ? "; then it was interrupted" : result.BudgetSpent ? "; then the budget was spent" : "";

        private static void PrintStates(Output output, SearchResult result, StateCounts counts)
        {
            var what = result.Covered.Exhaustive ? result.Covered.ToString() : "a part of the states";
            output.Line($"covered     {what}{Spent(result)}");
            output.Line($"states      {counts.States:N0}, transitions {counts.Transitions:N0}, "
                + $"deadlocked states {counts.Deadlocks:N0}, final states {result.Tally.Ended:N0}");
            var bytes = counts.States < StatesFew ? "" : $", {counts.Bytes / counts.States:N0} bytes each";
            output.Line(counts.AreFingerprints
                ? string.Create(CultureInfo.InvariantCulture, $"            fingerprints of 128 bits{bytes}: {counts.Collisions:0e-0} collisions to be expected")
                : $"            kept in full{bytes}: no fingerprints, so 0 collisions");
            if (!result.Covered.Exhaustive && result.Tally.Violations.Any(v => RuleBook.IsOfOrder(v.Rule)))
                output.Line("            what is before what ended some of them, where another order goes on: --clocks keeps those apart");
            if (result.Tally.Violating > 0)
                output.Line($"            {result.Tally.Violating:N0} of them, or steps from them, with a finding, which ends an execution");
            output.Line();
        }

        private static void PrintCounts(Output output, SearchResult result)
        {
            var tally = result.Tally;
            if (tally.States != null)
            {
                PrintStates(output, result, tally.States);
                return;
            }

            var sample = result.Covered.Exhaustive ? "" : $": {Words.Number(tally.Executions)}, seed {result.Plan.Seed}";
            output.Line($"covered     {result.Covered}{sample}{Spent(result)}");
            output.Line(
                $"executions  {tally.Complete:N0} complete, {tally.Deadlocked:N0} deadlocked, {tally.Blocked:N0} blocked, "
                + $"{tally.AwaitBlocked:N0} await-blocked, {tally.Cut:N0} cut");
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
            table.AddColumn(new TableColumn(result.Tally.States == null ? "executions" : "final states").RightAligned());
            for (var i = 0; i < result.Expectations.Count; i++)
            {
                var expectation = result.Expectations[i];
                var held = result.Tally.Held[i];
                table.AddRow(
                    expectation.Frequency.ToString(),
                    Markup.Escape(expectation.Title),
                    Words.HowOften(held, result.Tally.Asked[i]),
                    Words.Number(held));
            }

            output.Table(table);
            output.Line();
        }

        // As herd7 writes them: how often, and the values.
        private static void PrintOutcomes(Output output, Tally tally, List<string?> paths)
        {
            var outcomes = tally.Outcomes;
            if (outcomes.Count == 0 || outcomes[0].Registers.Count == 0)
                return;
            output.Line(outcomes.Count == 1 ? "outcomes    1" : $"outcomes    {outcomes.Count:N0}");
            var width = Words.Number(outcomes[0].Count).Length;
            for (var i = 0; i < Math.Min(outcomes.Count, OutcomesMax); i++)
            {
                output.Line($"  {Words.Number(outcomes[i].Count).PadLeft(width)} :> {outcomes[i]}");
                if (paths.Count > i && paths[i] is { } path)
                    output.Line($"  {new string(' ', width)}    {path}");
            }

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

        private ExploreReport ReportOf(SearchResult result, List<Found> findings, List<string?> paths, double? seconds)
        {
            var tally = result.Tally;
            var kernel = plan.Scenario.HasKernel ? plan.Configuration : null;
            // A part that was interrupted must not be added up.
            var shard = result.Interrupted ? null : plan.Shard;
            return new ExploreReport(
                "fscrypt-sim", "explore",
                plan.Scenario.Name, kernel?.Design.Name, kernel?.Release.Name, [.. plan.Configuration.Without.Select(f => f.Id)],
                kernel?.FileSystem.Name,
                plan.Engine, plan.Strategy, plan.Seed, result.Verdict.ToString().ToLowerInvariant(), result.Covered.Code,
                new ExecutionCounts(tally.Complete, tally.Deadlocked, tally.Blocked, tally.AwaitBlocked, tally.Cut),
                tally.States?.States, tally.States?.Transitions, tally.States?.Deadlocks, tally.Steps,
                [.. findings.Select(f => new ViolationReport(
                    f.Violation.Rule, f.Violation.Message, f.Violation.Preemptions, f.Violation.Steps, f.Path, f.Summary,
                    shard == null ? null : f.Violation.Schedule.ToArray(),
                    shard == null ? null : f.Violation.PreemptionsFewest))],
                [.. tally.Outcomes.Select((o, i) => new OutcomeReport(o.Count, new OrderedDictionary<string, string>(o.Registers), paths.Count > i ? paths[i] : null))],
                shard?.ToString(),
                shard == null ? null : [.. result.Expectations.Select((e, i) => new ExpectationReport(
                    e.Name, e.Frequency.ToString().ToLowerInvariant(), e.Text, tally.Held[i], tally.Asked[i]))],
                seconds,
                plan.Scenario.OnlyRules.IsEmpty ? null : plan.Scenario.OnlyRules);
        }
    }

    // Of the violations of one rule the first has a trace.
    private sealed record Found(Violation Violation, Trace? Trace, string? Path)
    {
        public string Summary => Trace == null ? $"{Violation.Rule}: {Violation.Message}" : Splat.SummaryOf(Trace);
    }
}
