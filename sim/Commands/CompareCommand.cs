using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Differences;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;
using Spectre.Console;

namespace Fscrypt.Sim.Commands;

/// <summary><c>compare [SCENARIO…]</c>: the designs side by side, each searched exhaustively within a bound.</summary>
internal static class CompareCommand
{
    /// <summary>Executions after which a cell is given up.</summary>
    private const long BudgetDefault = 5_000_000;

    /// <summary>The bound of <c>--fix</c>: every historic bug but one shows with so many, and all scenarios are gone through.</summary>
    private const int PreemptionsOfFix = 1;

    private const int ColumnWidth = 11;

    /// <summary>What is compared unless designs or a release are asked for.</summary>
    private static readonly KernelConfiguration[] KernelsDefault =
    [
        Kernel(Design.DropInode, "v5.4"), Kernel(Design.DropInode, "v5.6"), Kernel(Design.DropInode, "v6.18"),
        Kernel(Design.Walk, "v6.18"), Kernel(Design.WalkSkipDirty, "v6.18"), Kernel(Design.WalkSkipBusy, "v6.18"),
    ];

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var names = new Argument<string[]>("SCENARIO")
        {
            Description = "files or scenarios to compare (default: those of no folder)", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("compare", "every eviction design against every rule, exhaustively within a bound")
        {
            names, CommonOptions.AllScenarios, CommonOptions.Differences, CommonOptions.FixToCompare, CommonOptions.Designs, CommonOptions.Release,
            CommonOptions.Fs, CommonOptions.Rule, CommonOptions.Preemptions, CommonOptions.StepsMax, CommonOptions.Executions, CommonOptions.Workers, CommonOptions.Points,
            CommonOptions.Json, CommonOptions.Timing, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(names) ?? [];
            var fileSystem = CommonOptions.FileSystemOf(parsed.GetValue(CommonOptions.Fs));
            var to = parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output;
            if (parsed.GetValue(CommonOptions.Differences))
                return OnlyDifferences(parsed, to, [.. given.Distinct().Select(n => Question.Of(scenarios.Find(n)))]);
            if (parsed.GetValue(CommonOptions.FixToCompare) is { } fix)
                return OnlyFix(parsed, to, CommonOptions.FixOf(fix), given.Length == 0 ? [.. scenarios.Names.Select(scenarios.Find)] : [.. given.Distinct().Select(scenarios.Find)]);
            KernelConfiguration[] kernels =
            [
                .. KernelsOf(parsed.GetValue(CommonOptions.Designs), parsed.GetValue(CommonOptions.Release))
                    .Select(k => k with { FileSystem = fileSystem }),
            ];
            if (parsed.GetValue(CommonOptions.AllScenarios))
                return All(parsed, to, given.Length == 0 ? [.. scenarios.Names.Select(scenarios.Find)] : [.. given.Distinct().Select(scenarios.Find)], fileSystem);
            List<Scenario> chosen = given.Length == 0 ? [.. scenarios.Compared]
                : [.. given.Distinct().Select(n => ComparableOf(scenarios.Find(n), kernels))];
            var template = TemplateOf(parsed, chosen[0], kernels[0], SearchPlan.PreemptionsDefault);
            var cells = from scenario in chosen from kernel in kernels where scenario.RefusalOf(kernel) == null
                select template with { Scenario = scenario, Configuration = kernel };
            var compare = new Compare(AskedRules.Only(parsed, [.. cells]), kernels.Length, parsed.GetValue(CommonOptions.Quiet), CommonOptions.WorkersOf(parsed))
            {
                // Whoever asks for nothing in particular is shown what was in dispute.
                Differences = IsAsked(parsed) ? null : DifferencesOf(parsed, Questions.All),
            };
            return compare.Run(to, parsed.GetValue(CommonOptions.Json), parsed.GetValue(CommonOptions.Timing));
        });
        return command;
    }

    private static bool IsAsked(ParseResult parsed)
        => parsed.CommandResult.Children.OfType<System.CommandLine.Parsing.ArgumentResult>().Any(a => a.Tokens.Count > 0)
            || new[] { CommonOptions.Designs, CommonOptions.Release, CommonOptions.Fs }.Any(o => parsed.GetValue(o) != null)
            || parsed.GetResult(CommonOptions.Rule) != null;

    private static CompareDifferences DifferencesOf(ParseResult parsed, IReadOnlyList<Question> questions)
    {
        var designs = parsed.GetValue(CommonOptions.Designs)?.Split(',').Select(d => CommonOptions.DesignOf(d.Trim())).ToList() ?? [Design.Walk, Design.DropInode];
        if (designs.Count != 2 || designs[0] == designs[1])
            throw new UsageException("--differences: two designs part, or do not; give --design A,B");
        var kernel = new KernelConfiguration
        {
            Release = CommonOptions.ReleaseOf(parsed.GetValue(CommonOptions.Release)), FileSystem = CommonOptions.FileSystemOf(parsed.GetValue(CommonOptions.Fs)),
        };
        return new CompareDifferences(
            kernel with { Design = designs[0] }, kernel with { Design = designs[1] }, questions, parsed.GetValue(CommonOptions.Quiet), CommonOptions.WorkersOf(parsed));
    }

    private static int OnlyDifferences(ParseResult parsed, Output output, List<Question> questions)
    {
        var differences = DifferencesOf(parsed, questions.Count == 0 ? Questions.All : questions);
        if (differences.Refusal() is { } refusal)
            throw new UsageException(refusal);
        var started = Stopwatch.GetTimestamp();
        differences.Run(output);
        var seconds = SecondsOf(parsed, started);
        if (parsed.GetValue(CommonOptions.Json))
        {
            output.Line(ReportJson.ToText(new CompareReport("compare", CommonOptions.FileSystemOf(parsed.GetValue(CommonOptions.Fs)).Name, [], seconds) { Differences = differences.Rows }));
        }
        else
        {
            differences.Print(output);
            if (seconds != null)
                output.Line($"{seconds:0.000} s");
        }

        return differences.IsUndecided ? ExitCode.Undecided : ExitCode.Good;
    }

    private static int All(ParseResult parsed, Output output, List<Scenario> scenarios, FileSystemType fileSystem)
    {
        var designs = parsed.GetValue(CommonOptions.Designs)?.Split(',').Select(d => CommonOptions.DesignOf(d.Trim())).Distinct() ?? Design.All;
        List<KernelConfiguration> kernels =
            [.. designs.Select(d => new KernelConfiguration { Design = d, Release = CommonOptions.ReleaseOf(parsed.GetValue(CommonOptions.Release)), FileSystem = fileSystem })];
        var template = TemplateOf(parsed, scenarios[0], kernels[0], CompareAll.PreemptionsDefault);
        return new CompareAll(kernels, scenarios, template, parsed.GetValue(CommonOptions.Quiet), CommonOptions.WorkersOf(parsed))
            .Run(output, parsed.GetValue(CommonOptions.Json), started => SecondsOf(parsed, started));
    }

    private static SearchPlan TemplateOf(ParseResult parsed, Scenario scenario, KernelConfiguration kernel, int preemptions) => new(scenario, kernel)
    {
        PreemptionsMax = (int?)CommonOptions.NumberOf(parsed, CommonOptions.Preemptions, 0, 1_000_000) ?? preemptions,
        StepsMax = (int?)CommonOptions.NumberOf(parsed, CommonOptions.StepsMax, 1, int.MaxValue) ?? SearchPlan.StepsMaxDefault,
        ExecutionsMax = CommonOptions.NumberOf(parsed, CommonOptions.Executions, 1, long.MaxValue) ?? BudgetDefault,
        PointsAll = CommonOptions.PointsAllOf(parsed),
        RunOn = true,
    };

    private static int OnlyFix(ParseResult parsed, Output output, Fix fix, List<Scenario> scenarios)
    {
        var mounted = new KernelConfiguration { FileSystem = CommonOptions.FileSystemOf(parsed.GetValue(CommonOptions.Fs)) };
        var kernel = CompareFix.KernelOf(fix, parsed.GetValue(CommonOptions.Release), parsed.GetValue(CommonOptions.Designs), mounted);
        var template = TemplateOf(parsed, scenarios[0], kernel, PreemptionsOfFix);
        return new CompareFix(fix, kernel, template, parsed.GetValue(CommonOptions.Quiet), CommonOptions.WorkersOf(parsed))
            .Run(output, scenarios, parsed.GetValue(CommonOptions.Json), started => SecondsOf(parsed, started));
    }

    private static double? SecondsOf(ParseResult parsed, long started)
        => parsed.GetValue(CommonOptions.Timing) ? Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3) : null;

    // With designs or a release: each of them there. With neither: the default.
    private static IEnumerable<KernelConfiguration> KernelsOf(string? designs, string? release)
    {
        if (designs == null && release == null)
            return KernelsDefault;
        var chosen = designs == null ? KernelsDefault.Select(k => k.Design) : designs.Split(',').Select(d => CommonOptions.DesignOf(d.Trim()));
        return chosen.Distinct().Select(d => new KernelConfiguration { Design = d, Release = CommonOptions.ReleaseOf(release) });
    }

    private static Scenario ComparableOf(Scenario scenario, KernelConfiguration[] kernels)
        => !scenario.HasKernel ? throw new UsageException($"{scenario.Name} has no kernel: no design makes a difference to it; explore it")
            : kernels.All(k => scenario.RefusalOf(k) != null) ? throw new UsageException(scenario.RefusalOf(kernels[^1])!)
            : scenario;

    private static KernelConfiguration Kernel(Design design, string release)
        => new() { Design = design, Release = KernelRelease.Named(release)! };

    private sealed class Compare(SearchPlan[] plans, int kernels, bool quiet, int workers)
    {
        private readonly SearchResult[] results = new SearchResult[plans.Length];

        /// <summary>What is to be shown at the end; null for nothing.</summary>
        public CompareDifferences? Differences { get; init; }

        public int Run(Output output, bool json, bool timing)
        {
            if (!json)
            {
                var scenarios = plans.Select(p => p.Scenario).Distinct().Count();
                output.Line($"compare {scenarios} {(scenarios == 1 ? "scenario" : "scenarios")} on {kernels} {(kernels == 1 ? "kernel" : "kernels")}: {plans[0].Describe}{AskedRules.Words(plans[0].Scenario)}");
                output.Line();
            }

            var started = Stopwatch.GetTimestamp();
            var progress = new SearchProgress(quiet ? null : output.Error, plans.Length);
            Explorer.InParallel(plans.Length, workers, i =>
            {
                results[i] = Explorer.Run(plans[i], progress);
                progress.Done();
            });
            Differences?.Run(output);
            var seconds = timing ? Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3) : (double?)null;
            var undecided = results.Where(r => r.BudgetSpent || r.Tally.Cut > 0).ToList();
            if (json)
                output.Line(ReportJson.ToText(new CompareReport("compare", plans[0].Configuration.FileSystem.Name, [.. results.SelectMany(RowsOf)], seconds) { Differences = Differences?.Rows }));
            else
                Print(output, undecided, seconds);
            return undecided.Count > 0 || Differences?.IsUndecided == true ? ExitCode.Undecided : ExitCode.Good;
        }

        private void Print(Output output, List<SearchResult> undecided, double? seconds)
        {
            foreach (var row in results.GroupBy(r => r.Plan.Scenario))
                PrintScenario(output, [.. row]);
            output.Line("sometimes N   broken in some schedules; N preemptions are enough, and fewer are not. always: in all");
            output.Line("probe?        in how many of the executions that came to their end the situation was reached");
            output.Line("preemptions   all schedules with so many were looked at; all: with any number");
            output.Line("An execution ends with its first finding: what would follow is not counted.");
            output.Line("Releases differ in what docs/FIDELITY.md lists.");
            var mounted = plans[0].Configuration.FileSystem;
            output.Line("To see a finding: explore SCENARIO --design D --release R"
                + (mounted == FileSystemType.Ext4 ? "" : $" --fs {mounted}"));
            foreach (var result in undecided)
            {
                var kernel = result.Plan.Configuration;
                output.Judgement(
                    "undecided", $": {result.Plan.Scenario.Name} on {kernel.Design} {kernel.Release}: {result.Reason}", good: null);
            }

            if (Differences != null)
            {
                output.Line();
                Differences.Print(output);
                output.Line();
            }

            if (seconds != null)
                output.Line($"{seconds:0.000} s");
            output.Line($"seed {plans[0].Seed}");
        }

        private static void PrintScenario(Output output, SearchResult[] row)
        {
            output.Line($"{row[0].Plan.Scenario.Name}: {row[0].Plan.Scenario.Title}");
            output.Line();
            var table = new Table();
            table.AddColumn(new TableColumn("").NoWrap());
            foreach (var result in row)
                table.AddColumn(new TableColumn(Markup.Escape(HeadOf(result.Plan.Configuration))).Width(ColumnWidth));
            var rules = RulesOf(row);
            var broken = rules.FindAll(rule => IsExpected(row[0], rule) || row.Any(r => BrokenIn(r, rule).Preemptions != null));
            foreach (var rule in broken)
                table.AddRow([rule, .. row.Select(r => BrokenText(r, rule))]);
            if (rules.Count > broken.Count)
                table.AddRow([$"{rules.Count - broken.Count} other rules", .. row.Select(_ => "never")]);
            for (var i = 0; i < row[0].Expectations.Count; i++)
            {
                if (row[0].Expectations[i].Frequency == Frequency.Sometimes)
                    table.AddRow([$"{row[0].Expectations[i].Name}?", .. row.Select(r => ReachedText(r.Tally.Held[i], r.Tally.Asked[i]))]);
            }

            table.AddRow(["executions", .. row.Select(r => Words.Number(r.Tally.Executions))]);
            table.AddRow(["preemptions", .. row.Select(CoveredText)]);
            output.Table(table);
            output.Line();
        }

        private static string HeadOf(KernelConfiguration kernel)
            => string.Join('\n', Lines(kernel.Design.Name)) + "\n" + kernel.Release.Name;

        // A long name, broken at its hyphens.
        private static List<string> Lines(string name)
        {
            var lines = new List<string> { "" };
            foreach (var word in name.Split('-').Select((w, i) => i == name.Count(c => c == '-') ? w : w + "-"))
            {
                if (lines[^1].Length + word.Length > ColumnWidth)
                    lines.Add("");
                lines[^1] += word;
            }

            return lines;
        }

        private static string BrokenText(SearchResult result, string rule)
        {
            var (often, preemptions) = BrokenIn(result, rule);
            return preemptions == null ? often : string.Create(CultureInfo.InvariantCulture, $"{often} {preemptions}");
        }

        private static string ReachedText(long held, long ended) => held == 0 ? "never" : held == ended ? "100 %"
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(100.0 * held / ended, 0.1, 99.9):0.0} %");

        private static string CoveredText(SearchResult result)
        {
            var cut = result.BudgetSpent || result.Tally.Cut > 0 ? ", cut" : "";
            return (result.Covered.Exhaustive, result.Covered.PreemptionsMax) switch
            {
                (false, _) => "a sample",
                (_, null) => "all" + cut,
                (_, { } most) => string.Create(CultureInfo.InvariantCulture, $"<= {most}{cut}"),
            };
        }

        private static IEnumerable<CompareRow> RowsOf(SearchResult result)
        {
            var plan = result.Plan;
            var kernel = plan.Configuration;
            CompareRow Row(string rule, string often, int? preemptions)
                => new(plan.Scenario.Name, kernel.Design.Name, kernel.Release.Name, rule, often, preemptions, result.Covered.Code);
            foreach (var rule in RulesOf([result]))
            {
                var (often, preemptions) = BrokenIn(result, rule);
                yield return Row(rule, often, preemptions);
            }

            for (var i = 0; i < result.Expectations.Count; i++)
            {
                if (result.Expectations[i].Frequency == Frequency.Sometimes)
                    yield return Row(result.Expectations[i].Name, Often(result.Tally.Held[i], result.Tally.Asked[i]), null);
            }
        }

        private static (string Often, int? Preemptions) BrokenIn(SearchResult result, string rule)
        {
            var violations = result.Tally.Violations.Where(v => v.Rule == rule).ToList();
            var often = Often(violations.Sum(v => v.Count), result.Tally.Executions);
            return (often, violations.Count == 0 ? null : violations.Min(v => v.PreemptionsFewest));
        }

        private static string Often(long times, long of) => Words.HowOften(times, of).ToLowerInvariant();

        private static bool IsExpected(SearchResult result, string rule)
            => result.Expectations.Any(e => e.Frequency != Frequency.Sometimes && e.Name == rule);

        // What the scenario expects first, then what is always watched; nothing that was found may be missing.
        private static List<string> RulesOf(SearchResult[] row)
        {
            var expected = row[0].Expectations.Where(e => e.Frequency != Frequency.Sometimes).Select(e => e.Name);
            var watched = RuleBook.All.Select(r => r.Name).Where(r => r is not ("exception" or Livelock.Rule));
            var found = row.SelectMany(r => r.Tally.Violations).Select(v => v.Rule);
            return [.. expected.Concat(watched).Concat(found).Distinct().Where(row[0].Plan.Scenario.IsAskedFor)];
        }
    }
}
