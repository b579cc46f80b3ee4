using System.Text;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Eviction;

/// <summary>
/// What each design owes its callers in each release: REMOVE's answer is true, other keys' files go on working, what was written is
/// read again. What a design does not keep of that it says here; all that it answers is in a file of its own, to be read.
/// </summary>
public abstract class DesignContract(string name)
{
    // d is encrypted with K1, e with K2; d/f and e/g are clean, and cached with their pages.
    private const string Tree = """
        setup
          root add_key K1
          root add_key K2
          root mkdir d
          root set_policy d K1
          root mkdir e
          root set_policy e K2
          root create d/f hello
          root create e/g other
          root sync

        thread t

        """;

    private static readonly string[] InReleases = ["v5.4", "v5.6", "v6.1", "v6.18"];

    private static readonly string[] Files = ["d", "d/f", "e", "e/g"];

    private static readonly (string Title, string[] Calls)[] Sequences =
    [
        ("nobody uses d/f", ["rm_key K1", "status K1", "cat d/f", "rm_key K1"]),
        ("d/f is open", ["open F d/f rw", "rm_key K1", "status K1", "read F", "close F", "cat d/f", "rm_key K1", "status K1", "add_key K1", "cat d/f"]),
        ("d/f is written to while the key is gone",
            ["open F d/f rw", "rm_key K1", "write F world", "close F", "rm_key K1", "status K1", "add_key K1", "cat d/f"]),
        ("d/f is dirty", ["open F d/f rw", "write F world", "close F", "rm_key K1", "status K1", "add_key K1", "cat d/f"]),
        ("d/f was never read, and its directory is somebody's", ["drop_caches 3", "lstat d/f", "chdir d", "rm_key K1", "status K1", "cat cwd:f", "chdir /", "rm_key K1"]),
        ("there is no such key", ["rm_key K9", "status K9", "cat d/f"]),
    ];

    /// <summary>The releases in which all is asked.</summary>
    public static TheoryData<string> Releases => [.. InReleases];

    /// <summary>The rules that calls one after another break.</summary>
    protected virtual string[] Breaks(KernelRelease release) => [];

    [Theory]
    [MemberData(nameof(Releases))]
    public void Answers_are_true(string release)
    {
        foreach (var (_, calls) in Sequences)
        {
            var (simulation, answers) = Run(release, calls);
            if (simulation.Violation is { } violation)
            {
                Assert.Contains(violation.Rule, Breaks(KernelRelease.Named(release)!));
                continue;
            }

            for (var i = 0; i + 1 < calls.Length; i++)
            {
                if (calls[i] == "rm_key K1" && calls[i + 1] == "status K1")
                    Assert.Equal(answers[i] == "OK[FILES_BUSY]" ? "INCOMPLETELY_REMOVED" : "ABSENT", answers[i + 1]);
                if (calls[i].StartsWith("rm_key K9", StringComparison.Ordinal))
                    Assert.Equal(("ENOKEY", "ABSENT"), (answers[i], answers[i + 1]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Other_keys_are_left_alone_and_their_files_can_be_read(string release)
    {
        var (simulation, answers) = Run(release, ["open F d/f r", "rm_key K1", "status K2", "cat e/g"]);
        if (simulation.Violation == null)
            Assert.Equal(["OK", "OK[FILES_BUSY]", "PRESENT[users=1,self]", "other"], answers);
        else
            Assert.Contains(simulation.Violation.Rule, Breaks(KernelRelease.Named(release)!));
    }

    [Fact]
    public void All_that_it_answers_is_known()
    {
        var text = new StringBuilder();
        foreach (var (title, calls) in Sequences)
        {
            var byAnswer = InReleases.GroupBy(r => AnswerText(r, calls));
            foreach (var group in byAnswer)
                text.Append(title).Append(": ").AppendJoin(", ", group).Append('\n').Append(group.Key).Append('\n');
        }

        foreach (var scenario in (string[])["remove-vs-open", "remove-vs-write", "remove-vs-unlock"])
            text.Append(OutcomesOf(scenario));
        ExpectedText.Compare(name, text.ToString());
    }

    private string AnswerText(string release, string[] calls)
    {
        var (simulation, answers) = Run(release, calls);
        var reached = calls.Zip(answers).TakeWhile(a => a.Second != "-").Select(a => $"  {a.First,-20} {a.Second}\n");
        var end = simulation.Violation is { } violation ? $"  violated: {violation.Rule}: {violation.Message}"
            : "  unlocked in the end: " + string.Join(' ', Files.Where((_, i) => simulation.Instance.Expectations[i].Holds()).DefaultIfEmpty("none"));
        return string.Concat(reached) + end + "\n";
    }

    // What the library's scenarios come to with at most one preemption, in the newest release.
    private string OutcomesOf(string scenario)
    {
        var plan = new SearchPlan(ScenarioLibrary.Named(scenario)!, Configuration("v6.18")) { Strategy = StrategyNames.DepthFirst, PreemptionsMax = 1 };
        var tally = Explorer.Run(plan, new SearchProgress(null)).Tally;
        var rules = tally.Violations.GroupBy(v => v.Rule, v => v.PreemptionsFewest).OrderBy(g => g.Key, StringComparer.Ordinal);
        return $"{scenario}, v6.18, at most 1 preemption\n"
            + string.Concat(tally.Outcomes.Select(o => "  " + o + "\n").Order(StringComparer.Ordinal))
            + string.Concat(rules.Select(g => $"  violated: {g.Key}, fewest preemptions {g.Min()}\n")) + "\n";
    }

    private (Simulation Simulation, string[] Answers) Run(string release, string[] calls)
    {
        var text = Tree + string.Concat(calls.Select((c, i) => $"  root {c} -> r{i + 1}\n"))
            + string.Concat(Files.Select(f => $"sometimes unlocked({f})\n"));
        var simulation = new Simulation(KernelTexts.Of(text), Configuration(release), new NativeHost<DepthFirst>(new DepthFirst(0)));
        simulation.Execute();
        return (simulation, [.. simulation.Instance.Registers.Select(r => r.Text)]);
    }

    private KernelConfiguration Configuration(string release)
        => new() { Design = Design.Named(name)!, Release = KernelRelease.Named(release)! };
}
