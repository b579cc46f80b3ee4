using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// Makes a scenario smaller as long as a rule stays broken: threads, copies, blocks and lines are left out, one at a time,
/// until nothing more can be (Zeller and Hildebrandt's 1-minimality, TSE 2002). Whether a smaller one breaks the rule is
/// answered by an exhaustive search with no more preemptions than the larger one needs, so that neither the number of
/// operations nor that of preemptions ever grows.
/// </summary>
/// <remarks>
/// What is broken in some schedules only has to stay so: a scenario that breaks the rule in all its schedules (because the
/// write that must not be lost was left out) shows no race. And what a global rule found is not replaced by what the
/// scenario itself expects, nor the reverse.
/// </remarks>
public sealed class Shrinker
{
    /// <summary>Executions after which a candidate is given up, and is taken not to break the rule.</summary>
    public const long ExecutionsMax = 500_000;

    // Lines up to which pairs of them are tried, whose number is the square.
    private const int PairsMax = 40;

    private readonly SearchPlan plan;
    private readonly string rule;
    private readonly SearchProgress progress;
    private readonly bool isExpectation;
    private bool isRace;

    /// <summary>A shrinker.</summary>
    /// <param name="plan">The kernel, the engine's options, and the scenario, which is written in a file.</param>
    /// <param name="rule">The rule that it breaks.</param>
    /// <param name="message">What was found.</param>
    /// <param name="progress">Who is told how far it is.</param>
    public Shrinker(SearchPlan plan, string rule, string message, SearchProgress progress)
    {
        this.plan = plan with
        {
            Engine = EngineNames.Native, Strategy = rule == Livelock.Rule ? StrategyNames.States : StrategyNames.DepthFirst,
            ExecutionsMax = rule == Livelock.Rule ? null : ExecutionsMax, TimeMax = null, RunOn = false,
        };
        this.rule = rule;
        isExpectation = Expectation.IsExpected(message);
        this.progress = progress;
    }

    /// <summary>Scenarios that were tried.</summary>
    public int Tried { get; private set; }

    /// <summary>The smallest scenario; null if not even the whole one breaks the rule within the limit of executions.</summary>
    /// <param name="preemptionsMax">Preemptions with which the rule is known to be broken.</param>
    public ShrunkScenario? Run(int preemptionsMax)
    {
        var best = Try(Plain(plan.Scenario.Text!), preemptionsMax);
        while (best != null && Smaller(best) is { } smaller)
            best = smaller;
        return best;
    }

    private ShrunkScenario? Smaller(ShrunkScenario scenario)
    {
        foreach (var candidate in Candidates(scenario.Text))
        {
            if (Try(candidate, scenario.Violation.PreemptionsFewest) is { } smaller)
                return smaller;
        }

        return null;
    }

    private ShrunkScenario? Try(string text, int preemptionsMax)
    {
        var file = ScenarioFile.Load(new Diagnostics(plan.Scenario.Name, text), plan.Scenario.Name);
        if (file.Scenario == null)
            return null;
        Tried++;
        progress.Stage = $"{Tried} scenarios tried, {text.Count(c => c == '\n')} lines left";
        try
        {
            var tried = plan with { Scenario = file.Scenario with { OnlyRules = plan.Scenario.OnlyRules }, PreemptionsMax = rule == Livelock.Rule ? null : preemptionsMax };
            var result = Explorer.Run(tried, progress);
            var tally = result.Tally;
            var violation = tally.Violations.FirstOrDefault(v => v.Rule == rule && Expectation.IsExpected(v.Message) == isExpectation);
            if (violation == null || (isRace && violation.Count == tally.Executions))
                return null;
            isRace |= violation.Count < tally.Executions;
            return new ShrunkScenario(text, tried, violation, !result.BudgetSpent);
        }
        catch (ScenarioException)
        {
            return null;                                 // its set-up does not end well any more
        }
    }

    /// <summary>Without comments and blank lines.</summary>
    private static string Plain(string text)
    {
        var lines = text.Split('\n').Where(l => l.Trim().Length > 0 && l.TrimStart()[0] != '#');
        return string.Join('\n', lines.Select(l => l.TrimEnd())) + "\n";
    }

    // The largest parts first: whole threads, then blocks and lines from the last to the first, so that what is used later
    // goes before what makes it.
    private static IEnumerable<string> Candidates(string text)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        for (var i = lines.Length - 1; i > 0; i--)
        {
            if (FirstWord(lines[i]) is "thread" or "setup" or "finally")
                yield return Without(lines, i, EndOfSection(lines, i));
        }

        for (var i = lines.Length - 1; i > 0; i--)
        {
            if (FewerCopies(lines[i]) is { } fewer)
                yield return With(lines, i, fewer);
        }

        for (var i = lines.Length - 1; i > 0; i--)
            yield return Without(lines, i, EndOfBlock(lines, i));
        for (var i = lines.Length - 1; i > 0; i--)
        {
            var arrow = lines[i].LastIndexOf(" -> ", StringComparison.Ordinal);
            if (arrow > 0)
                yield return With(lines, i, lines[i][..arrow]);            // a result that nobody asks for
        }

        // What only goes together: taking a lock and releasing it, opening a file and closing it.
        for (var i = lines.Length - 1; i > 0 && lines.Length <= PairsMax; i--)
        {
            for (var j = i - 1; j > 0; j--)
            {
                if (lines[i][0] == ' ' && lines[j][0] == ' ')
                    yield return Without([.. lines[..j], .. lines[(j + 1)..]], i - 1, i);
            }
        }
    }

    private static int EndOfSection(string[] lines, int start)
    {
        var end = start + 1;
        while (end < lines.Length && lines[end][0] is ' ' or '\t')
            end++;
        return end;
    }

    private static int EndOfBlock(string[] lines, int start)
    {
        if (FirstWord(lines[start]) is not ("if" or "while" or "repeat"))
            return start + 1;
        var depth = 0;
        for (var i = start; i < lines.Length; i++)
        {
            depth += FirstWord(lines[i]) switch { "if" or "while" or "repeat" => 1, "end" => -1, _ => 0 };
            if (depth == 0)
                return i + 1;
        }

        return start + 1;
    }

    // "thread t * 3" with two copies.
    private static string? FewerCopies(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is ["thread", var name, "*", var copies] && int.TryParse(copies, out var number) && number > 1
            ? $"thread {name} * {number - 1}" : null;
    }

    private static string FirstWord(string line) => line.Split(' ', '\t').FirstOrDefault(w => w.Length > 0) ?? "";

    private static string Without(string[] lines, int from, int to) => string.Join('\n', [.. lines[..from], .. lines[to..]]) + "\n";

    private static string With(string[] lines, int at, string line) => string.Join('\n', [.. lines[..at], line, .. lines[(at + 1)..]]) + "\n";
}

/// <summary>A scenario that breaks a rule, and how.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Plan">The search that showed it.</param>
/// <param name="Violation">The violation, with the smallest schedule among those with the fewest preemptions.</param>
/// <param name="IsProved">Whether all schedules with so few preemptions were looked at: none is shorter.</param>
public sealed record ShrunkScenario(string Text, SearchPlan Plan, Violation Violation, bool IsProved);
