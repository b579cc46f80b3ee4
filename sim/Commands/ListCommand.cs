using System.CommandLine;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary><c>list KIND</c>: what there is, one line each.</summary>
internal static class ListCommand
{
    private static readonly string[] Kinds = ["scenarios", "designs", "file-systems", "rules", "fixes", "releases", "strategies"];

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var kind = new Argument<string>("KIND") { Description = $"one of {string.Join(", ", Kinds)}" };
        var command = new Command("list", "what there is of a kind, one line each") { kind };
        command.SetAction(parsed =>
        {
            foreach (var (name, summary) in LinesOf(parsed.GetValue(kind)!, scenarios))
                output.Line($"{name,-31} {summary}".TrimEnd());
            return ExitCode.Good;
        });
        return command;
    }

    private static IEnumerable<(string Name, string Summary)> LinesOf(string kind, ScenarioCatalog scenarios) => kind switch
    {
        "scenarios" => scenarios.Names.Select(scenarios.LineOf),
        "designs" => Design.All.Select(d => (d.Name, d.Summary)),
        "file-systems" => FileSystemType.All.Select(f => (f.Name, f.Summary)),
        "rules" => RuleBook.All,
        "fixes" => Fix.All.Select(f => (f.Slug, TextOf(f))),
        "releases" => KernelRelease.All.Select(r => (r.Name, ReleaseText(r))),
        "strategies" => StrategyNames.Exhaustive.Select(s => (s, HowItExhausts(s)))
            .Concat(StrategyNames.Sampling.Select(s => (s, $"native, sampling: {HowItSamples(s)}")))
            .Concat(CoyoteEngine.Strategies.Select(s => ($"{s}", "--engine coyote, sampling"))),
        _ => throw new UsageException(Nearest.Message("kind", kind, Kinds)),
    };

    private static string TextOf(Fix fix)
        => $"{fix.Commit ?? "no commit known"}, {fix.First}: {fix.Title}; without it {fix.WithoutIt} (--without from {fix.RemovableFrom} to {fix.RemovableTo})";

    private static string HowItSamples(string strategy) => strategy switch
    {
        StrategyNames.Pct => "random priorities, of which --depth - 1 change",
        StrategyNames.Pos => "a random priority for each event, again after a race",
        StrategyNames.Surw => "threads by the events that they have left",
        StrategyNames.Portfolio => "the others in turn; the default with --executions or --for",
        _ => "each thread as likely as any other",
    };

    private static string HowItExhausts(string strategy)
        => StrategyNames.Reducing.Contains(strategy) ? "native, exhaustive, one of equivalent schedules"
            : strategy == StrategyNames.States ? "native, exhaustive, every state once, with the fewest preemptions; livelocks"
            : "native, exhaustive";

    private static string ReleaseText(KernelRelease release)
    {
        var changes = Change.All.Count(c => c.IsIn(release));
        var missing = Fix.All.Where(f => !release.IsAtLeast(f.Since)).Select(f => f.Id).ToArray();
        var text = $"{changes} of {Change.All.Length} changes of the caches (docs/FIDELITY.md)" + (missing.Length == 0 ? "" : $", without {string.Join(", ", missing)}");
        return release == KernelRelease.Default ? text + "; the default" : text;
    }
}
