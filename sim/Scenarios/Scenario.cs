using System.Collections.Immutable;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Scenarios;

/// <summary>A situation to explore: a set-up, threads that race, a last part, and what is expected.</summary>
/// <param name="Name">As the command line takes it.</param>
/// <param name="Title">One line; empty if there is none.</param>
public abstract record Scenario(string Name, string Title)
{
    /// <summary>What it comes from, or null.</summary>
    public string? Source { get; init; }

    /// <summary>The file that it is written in, or null if it is written in C#. A trace carries it along.</summary>
    public string? Text { get; init; }

    /// <summary>The releases it makes sense for.</summary>
    public ReleaseRange Releases { get; init; } = ReleaseRange.All;

    /// <summary>Global rules that do not hold in it.</summary>
    public ImmutableArray<string> WithoutRules { get; init; } = [];

    /// <summary>The only rules that are checked, expectations among them; empty for all.</summary>
    public ImmutableArray<string> OnlyRules { get; init; } = [];

    /// <summary>Whether a rule, or an expectation, was asked for.</summary>
    public bool IsAskedFor(string rule) => OnlyRules.IsEmpty || OnlyRules.Contains(rule);

    /// <summary>Whether a rule is checked.</summary>
    public bool Checks(string rule) => !WithoutRules.Contains(rule) && IsAskedFor(rule);

    /// <summary>The expectations that are asked of an execution: those that are no rules, and rules that were asked for.</summary>
    internal Expectation[] AskedOf(Expectation[] expectations)
        => OnlyRules.IsEmpty ? expectations : [.. expectations.Where(e => e.Frequency == Frequency.Sometimes || IsAskedFor(e.Name))];

    /// <summary>Whether it runs on a kernel; otherwise design and release make no difference.</summary>
    public virtual bool HasKernel => true;

    /// <summary>Why it is not to be run on a kernel, in a sentence with a remedy, or null.</summary>
    public string? RefusalOf(KernelConfiguration configuration)
        => !HasKernel || Releases.Contains(configuration.Release) ? null
            : $"{Name} is for kernel {Releases}; {configuration.Release} is none of them, {Releases.NearestTo(configuration.Release)} is";

    /// <summary>Puts it on an empty machine.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="configuration">Which kernel to boot on it, if it needs one.</param>
    public abstract ScenarioInstance Bind(KernelHost host, KernelConfiguration configuration);
}

/// <summary>A scenario that runs on a kernel.</summary>
/// <param name="Name">As the command line takes it.</param>
/// <param name="Title">One line.</param>
/// <param name="Create">Binds the scenario to a freshly made kernel.</param>
public sealed record KernelScenario(string Name, string Title, Func<Kernel, ScenarioInstance> Create) : Scenario(Name, Title)
{
    public override ScenarioInstance Bind(KernelHost host, KernelConfiguration configuration)
    {
        var kernel = new Kernel(host, configuration);
        var instance = Create(kernel);
        instance.CheckAtEnd = kernel.CheckAtEnd;
        return instance;
    }
}

/// <summary>Releases from one to another.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The last.</param>
public sealed record ReleaseRange(KernelRelease From, KernelRelease To)
{
    /// <summary>All releases that the model knows.</summary>
    public static ReleaseRange All { get; } = new(KernelRelease.All[0], KernelRelease.All[^1]);

    /// <summary>Whether a release is among them.</summary>
    public bool Contains(KernelRelease release) => release.IsAtLeast(From) && To.IsAtLeast(release);

    /// <summary>The one of them that is nearest to a release.</summary>
    public KernelRelease NearestTo(KernelRelease release) => Contains(release) ? release : release.IsAtLeast(To) ? To : From;

    public override string ToString() => From == To ? From.Name : To == All.To ? $"{From}.." : From == All.From ? $"..{To}" : $"{From}..{To}";
}

/// <summary>A scenario on one machine.</summary>
public sealed class ScenarioInstance
{
    /// <summary>What the task of the last part is called; no other can be.</summary>
    public const string LastPartName = "finally";

    /// <summary>The set-up: runs once, alone; the state after it is kept. Null if there is none.</summary>
    public ThreadBody? Setup { get; init; }

    /// <summary>The threads that race.</summary>
    public required ThreadBody[] Threads { get; init; }

    /// <summary>The last part: runs alone, after all threads have ended. Null if there is none.</summary>
    public ThreadBody? Finally { get; init; }

    /// <summary>Results of operations, in the order in which they are printed. Cleared before each execution.</summary>
    public required Register[] Registers { get; init; }

    /// <summary>What must never, must sometimes, or must always be so after the last part.</summary>
    public required Expectation[] Expectations { get; set; }

    /// <summary>Looks at the state after the last part, when no thread runs, and reports broken rules to the machine.</summary>
    public Action? CheckAtEnd { get; set; }

    /// <summary>Brings the registers up to date, at the end of an execution and in a deadlock.</summary>
    public Action? Collect { get; init; }
}

/// <summary>How often something is expected.</summary>
public enum Frequency
{
    /// <summary>In no execution; one in which it holds is a violation.</summary>
    Never,

    /// <summary>In at least one: a probe against verdicts that hold because nothing happened.</summary>
    Sometimes,

    /// <summary>In every execution; one in which it does not hold is a violation.</summary>
    Always,

    /// <summary>In every state between two steps, of every execution; one in which it does not hold is a violation.</summary>
    Invariant,
}

/// <summary>An expectation about the end of an execution, or about all its states.</summary>
/// <param name="Name">A short name: the rule that a violation breaks, or the probe's name.</param>
/// <param name="Frequency">How often.</param>
/// <param name="Text">The condition as a reader writes it.</param>
/// <param name="Holds">The condition; allocates nothing.</param>
public sealed record Expectation(string Name, Frequency Frequency, string Text, Func<bool> Holds)
{
    private const string Expected = "expected ";

    /// <summary>The condition, with its name before it if it has one of its own.</summary>
    public string Title => Name.EndsWith(Text, StringComparison.Ordinal) ? Text : $"{Name}: {Text}";

    /// <summary>Whether it is asked of deadlocked executions too: if it says something about them.</summary>
    public bool IsAskedInDeadlocks { get; init; }

    /// <summary>Whether one execution at whose end the condition is so, or is not, is a violation.</summary>
    public bool IsBrokenBy(bool held) => Frequency switch
    {
        Frequency.Never => held,
        Frequency.Always or Frequency.Invariant => !held,
        _ => false,
    };

    /// <summary>The violation.</summary>
    public Finding Finding()
        => new(Name, $"{Expected}{Frequency switch { Frequency.Always => "always", Frequency.Never => "never", _ => "in every state" }}: {Text}");

    /// <summary>Whether a finding is about what a scenario expects, and not about a rule that holds everywhere.</summary>
    public static bool IsExpected(string message) => message.StartsWith(Expected, StringComparison.Ordinal);
}
