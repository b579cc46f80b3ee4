using System.CommandLine;
using System.Globalization;
using Fscrypt.Sim.Cost;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>cost SCENARIO…</c>: what each design costs over all schedules; without a scenario, in one long run of one thread.</summary>
internal static class CostCommand
{
    private const int PreemptionsDefault = 2;
    private const long ExecutionsDefault = 200_000;
    private const int FilesMost = 1_000_000;
    private const int UnlockedDefault = 1_000;

    private static readonly Option<string?> Unlocked =
        new("--unlocked") { Description = "without a scenario: files of the key that are unlocked (default 1000)", HelpName = "N" };

    private static readonly Option<string?> Bystanders =
        new("--bystanders") { Description = "without a scenario: other cached files (default 0)", HelpName = "N" };

    private static readonly Option<string?> Dirty =
        new("--dirty") { Description = "without a scenario: how many of a hundred files are dirty (default 0)", HelpName = "PERCENT" };

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var names = new Argument<string[]>("SCENARIO") { Description = "files or scenarios (default: one REMOVE among many files)", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("cost", "what each design costs: work, locks, bystanders, refaults, exposed secrets")
        {
            names, CommonOptions.Designs, CommonOptions.Release, CommonOptions.Fs, CommonOptions.Preemptions, CommonOptions.Executions,
            Unlocked, Bystanders, Dirty, CommonOptions.Workers, CommonOptions.Json, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            KernelConfiguration[] kernels =
            [
                .. DesignsOf(parsed.GetValue(CommonOptions.Designs)).Select(d => new KernelConfiguration
                {
                    Design = d,
                    Release = CommonOptions.ReleaseOf(parsed.GetValue(CommonOptions.Release)),
                    FileSystem = CommonOptions.FileSystemOf(parsed.GetValue(CommonOptions.Fs)),
                }),
            ];
            if (kernels.Select(k => k.Refusal()).FirstOrDefault(r => r != null) is { } refusal)
                throw new UsageException(refusal);
            Scenario[] chosen = [.. (parsed.GetValue(names) ?? []).Distinct().Select(scenarios.Find)];
            var isJson = parsed.GetValue(CommonOptions.Json);
            var workers = CommonOptions.WorkersOf(parsed);
            if (chosen.Length == 0)
            {
                var sizes = (
                    Unlocked: (int?)CommonOptions.NumberOf(parsed, Unlocked, 0, FilesMost) ?? UnlockedDefault,
                    Bystanders: (int?)CommonOptions.NumberOf(parsed, Bystanders, 0, FilesMost) ?? 0,
                    Dirty: (int?)CommonOptions.NumberOf(parsed, Dirty, 0, 100) ?? 0);
                var runs = new SequentialCost[kernels.Length];
                Explorer.InParallel(runs.Length, workers, i => runs[i] = SequentialCost.Of(kernels[i], sizes.Unlocked, sizes.Bystanders, sizes.Dirty));
                if (isJson)
                    output.Line(ReportJson.ToText(new CostReport("cost", kernels[0].Release.Name, [], runs)));
                else
                    Print(output, runs);
                return ExitCode.Good;
            }

            if (chosen.FirstOrDefault(s => !s.HasKernel) is { } program)
                throw new UsageException($"{program.Name} has no kernel: no design makes a difference to what it costs");
            if (new[] { Unlocked, Bystanders, Dirty }.FirstOrDefault(o => parsed.GetValue(o) != null) is { } option)
                throw new UsageException($"{option.Name} is for a run without a scenario: leave one of them out");
            var preemptions = (int?)CommonOptions.NumberOf(parsed, CommonOptions.Preemptions, 0, 1_000_000) ?? PreemptionsDefault;
            var executions = CommonOptions.NumberOf(parsed, CommonOptions.Executions, 1, long.MaxValue) ?? ExecutionsDefault;
            var cells = (from scenario in chosen from kernel in kernels where scenario.RefusalOf(kernel) == null select (scenario, kernel)).ToArray();
            var costs = new ScheduleCosts[cells.Length];
            Explorer.InParallel(cells.Length, workers, i => costs[i] = ScheduleCosts.Of(cells[i].scenario, cells[i].kernel, preemptions, executions));
            CostScenario[] rows = [.. cells.Zip(costs, (cell, cost) => RowOf(cell.scenario, cell.kernel, cost, preemptions))];
            if (isJson)
                output.Line(ReportJson.ToText(new CostReport("cost", kernels[0].Release.Name, rows, [])));
            else
                Print(output, rows);
            return costs.All(c => c.Finished) ? ExitCode.Good : ExitCode.Undecided;
        });
        return command;
    }

    private static IEnumerable<Design> DesignsOf(string? names)
        => names == null ? Design.All : names.Split(',').Select(n => CommonOptions.DesignOf(n.Trim())).Distinct();

    private static CostScenario RowOf(Scenario scenario, KernelConfiguration kernel, ScheduleCosts cost, int preemptions)
        => new(
            scenario.Name, kernel.Design.Name, new Coverage(true, cost.BoundWasFelt || !cost.Finished ? preemptions : null).Code, cost.Finished,
            cost.Executions, cost.Broken, cost.Rows);

    private static void Print(Output output, CostScenario[] rows)
    {
        foreach (var row in rows)
        {
            output.Line($"{row.Scenario} on {row.Design}: {row.Executions:N0} executions, {row.Broken:N0} not counted; {row.Covered}{(row.Finished ? "" : ", not all of them")}");
            output.Line($"  {"",-36} {"best",10} {"mean",12} {"worst",10}");
            foreach (var cost in row.Costs)
                output.Line($"  {cost.Name,-36} {cost.Best,10:N0} {cost.Mean,12:N2} {cost.Worst,10:N0}");
            output.Line();
        }

        output.Line("What the threads do, without the set-up and the last part. Not counted: what ended with a finding, or was cut.");
        output.Line("held   steps for which one lock of the class was held the longest, others' steps included");
    }

    private static void Print(Output output, SequentialCost[] runs)
    {
        output.Line($"one REMOVE: {runs[0].Unlocked:N0} files unlocked, {runs[0].Bystanders:N0} others cached, {runs[0].Dirty} % dirty");
        output.Line();
        output.Line($"{"design",-31} {"locks",10} {"visited",9} {"evicted",8} {"others",8} {"refaults",8} {"ms",8} {"ms after",9}");
        foreach (var run in runs)
        {
            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{run.Design,-31} {run.Counts["lock taken"],10:N0} {run.Counts["inode visited"],9:N0} {run.Counts["inode evicted"],8:N0} {run.BystandersEvicted,8:N0} {run.Refaults,8:N0} {run.Milliseconds,8:N1} {run.MillisecondsAfter,9:N1}"));
        }

        output.Line();
        output.Line("others     files without the key that were evicted; refaults: of those, read again when all are looked at");
        output.Line("ms         what Linux 6.18 would take, by the cost model; after: to look at the others again");
    }
}
