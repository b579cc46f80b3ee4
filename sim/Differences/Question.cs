using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Differences;

/// <summary>A property in which designs are said to differ, and the operations that it is about. What they do to it is for a search to find.</summary>
/// <param name="Slug">A short name.</param>
/// <param name="Property">The property.</param>
/// <param name="Operations">What may be called before, beside and after the removal; each once at most. The actor is root.</param>
/// <param name="SizeMax">Operations up to which scenarios are looked at.</param>
public sealed record Question(string Slug, string Property, ImmutableArray<string> Operations, int SizeMax)
{
    /// <summary>What is called before: d is encrypted with K1, and has the file f, which is clean and cached.</summary>
    public static ImmutableArray<string> Tree { get; } =
        ["root add_key K1", "root mkdir d", "root set_policy d K1", "root create d/f hello"];

    /// <summary>The set-up.</summary>
    public ImmutableArray<string> SetUp { get; init; } = Tree;

    /// <summary>How all scenarios end.</summary>
    public ImmutableArray<string> Closing { get; init; } = ["root status K1 -> key", "root add_key K1 -> back", "root cat d/f -> data"];

    /// <summary>Conditions of the last state, which no system call shows: a tracer does.</summary>
    public ImmutableArray<string> Probes { get; init; } = [];

    /// <summary>A scenario that is to be looked at as it is, and no other; or null.</summary>
    public Scenario? Given { get; init; }

    /// <summary>What has to be among the operations; empty for nothing.</summary>
    public ImmutableArray<string> Needed { get; init; } = [];

    /// <summary>Operations that race with the removal, at most.</summary>
    public int BesideMax { get; init; } = 2;

    /// <summary>What the kernel may do by itself, with its budget, or null.</summary>
    public string? Background { get; init; }

    /// <summary>
    /// All scenarios that the operations allow, the shortest first, and of those of one length the ones with fewer operations beside the
    /// removal. Those that the language refuses are left out.
    /// </summary>
    public IEnumerable<Scenario> Scenarios() => Given != null ? [Given]
        : from size in Enumerable.Range(0, SizeMax + 1)
           from beside in Enumerable.Range(0, Math.Min(size, BesideMax) + 1)
           from order in Orders(size, [])
           where Needed.All(order.Contains)
           from before in Enumerable.Range(0, size - beside + 1)
           select Of(order, before, beside) into scenario
           where scenario != null
           select scenario;

    /// <summary>The question whether anything is different in one scenario.</summary>
    public static Question Of(Scenario scenario) => new(scenario.Name, scenario.Title, [], 0) { Given = scenario };

    /// <summary>What is particular to one of its scenarios: what was called first, beside the removal, and after it.</summary>
    public IEnumerable<string> StoryOf(Scenario scenario)
    {
        if (Given != null)
            yield break;
        string[] lines = scenario.Text!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string Calls(string from, string to) => string.Join("; ", lines.SkipWhile(l => l != from).Skip(1).TakeWhile(l => l != to && l.StartsWith(' '))
            .Select(l => l.Trim()).Where(l => !Tree.Contains(l) && !Closing.Contains(l) && l != "root sync"));
        var before = Calls("setup", "thread other");
        var beside = Calls("thread other", "thread remover");
        var after = Calls("finally", "");
        if (before.Length > 0)
            yield return "before the removal: " + before;
        if (beside.Length > 0)
            yield return "beside it: " + beside;
        if (after.Length > 0)
            yield return "after it: " + after;
    }

    private IEnumerable<ImmutableArray<string>> Orders(int size, ImmutableArray<string> begun)
        => begun.Length == size ? [begun] : Operations.Where(o => !begun.Contains(o)).SelectMany(o => Orders(size, begun.Add(o)));

    private Scenario? Of(ImmutableArray<string> operations, int before, int beside)
    {
        var text = new StringBuilder();
        text.Append("scenario ").Append(Slug).Append('\n');
        if (Background != null)
            text.Append("background ").Append(Background).Append('\n');
        text.Append("setup\n");
        Lines(text, [.. SetUp, "root sync", .. operations[..before].Select(o => "root " + o)]);
        if (beside > 0)
        {
            text.Append("thread other\n");
            Lines(text, operations[before..(before + beside)].Select((o, i) => Kept(o, "beside", i)));
        }

        text.Append("thread remover\n");
        Lines(text, ["root rm_key K1 -> removal"]);
        text.Append("finally\n");
        Lines(text, [.. operations[(before + beside)..].Select((o, i) => Kept(o, "after", i)), .. Closing]);
        foreach (var probe in Probes)
            text.Append("sometimes ").Append(probe).Append('\n');
        return ScenarioFile.Load(new Diagnostics(Slug, text.ToString())).Scenario;
    }

    private static void Lines(StringBuilder text, IEnumerable<string> lines)
    {
        foreach (var line in lines)
            text.Append("  ").Append(line).Append('\n');
    }

    private static string Kept(string operation, string phase, int index)
        => string.Create(CultureInfo.InvariantCulture, $"root {operation} -> {phase}{index + 1}");
}
