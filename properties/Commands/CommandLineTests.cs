using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Theory]
    [InlineData("no verb 'explode'; the nearest is explore", "explode")]
    [InlineData("a verb is missing: compare, cost, bugs, explore, why, replay, shrink, explain, show, merge, conform, list, check-syntax, format, kernel-map; --help says more")]
    [InlineData("no scenario 'lokced'; the nearest is locked", "explore", "lokced")]
    [InlineData("no scenario 'lokced'; the nearest is locked", "compare", "lokced")]
    [InlineData("explore: Required argument 'SCENARIO' missing for command: 'explore'", "explore")]
    [InlineData("explore: 'race' is one argument too many", "explore", "lost", "race")]
    [InlineData("no option '--sed'; the nearest is --seed", "explore", "lost", "--sed", "3")]
    [InlineData("no option '--sed'; the nearest is --seed", "explore", "--sed", "3")]
    [InlineData("no option '--jsn'; the nearest are --json, --fs", "explore", "lost", "--seed", "--jsn")]
    [InlineData("no design 'drop-inodes'; the nearest is drop-inode", "explore", "lost", "--design", "drop-inodes")]
    [InlineData("no release 'v6.17'; the nearest are v6.1, v6.7, v6.12", "explore", "lost", "--release", "v6.17")]
    [InlineData("no strategy 'rand'; the nearest is random", "explore", "lost", "--strategy", "rand")]
    [InlineData("no strategy 'depth-first'; there is random, probabilistic, prioritization, fair-prioritization, delay-bounding, fair-delay-bounding, q-learning, portfolio", "explore", "lost", "--engine", "coyote", "--strategy", "depth-first")]
    [InlineData("no engine 'nativ'; the nearest is native", "explore", "lost", "--engine", "nativ")]
    [InlineData("no fix 'rm-dirty-evit'; the nearest is rm-dirty-evict", "explore", "lost", "--without", "rm-dirty-evit")]
    [InlineData("--without 2b4eae95c736: v5.4 does not have that fix yet; the nearest release where it can be taken out is v5.6", "explore", "lost", "--release", "v5.4", "--without", "2b4eae95c736")]
    [InlineData("no file system 'ext3'; the nearest is ext4", "explore", "lost", "--fs", "ext3")]
    [InlineData("--seed: 'x' is no number from 0", "explore", "lost", "--seed", "x")]
    [InlineData("--preemptions: '-1' is no number from 0 to 1000000", "explore", "lost", "--preemptions", "-1")]
    [InlineData("--executions: '0' is no number from 1", "compare", "--executions", "0")]
    [InlineData("--for: 'soon' is no time; 90s, 5m and 1h are", "explore", "lost", "--for", "soon")]
    [InlineData("--points: 'some' is none; there is all", "explore", "lost", "--points", "some")]
    [InlineData("--preemptions bounds an exhaustive search; engine native with strategy random samples", "explore", "lost", "--strategy", "random", "--preemptions", "2")]
    [InlineData("--preemptions bounds an exhaustive search; engine native with strategy surw samples", "explore", "lost", "--strategy", "surw", "--preemptions", "2")]
    [InlineData("--depth is for the strategies pct and portfolio of the native engine; engine native with strategy pos has none", "explore", "lost", "--strategy", "pos", "--depth", "2")]
    [InlineData("--depth is for the strategies pct and portfolio of the native engine; engine native with strategy depth-first has none", "explore", "lost", "--depth", "2")]
    [InlineData("--depth is for the strategies pct and portfolio of the native engine; engine coyote with strategy portfolio has none", "explore", "lost", "--engine", "coyote", "--strategy", "portfolio", "--depth", "2")]
    [InlineData("--depth: '0' is no number from 1 to 64", "explore", "lost", "--strategy", "pct", "--depth", "0")]
    [InlineData("--points all is for the native engine", "explore", "lost", "--engine", "coyote", "--points", "all")]
    [InlineData("no kind 'scenario'; the nearest is scenarios", "list", "scenario")]
    public void A_mistake_is_answered_in_one_line(string message, params string[] arguments)
    {
        var run = tester.Execute(arguments);
        Assert.Equal($"fscrypt-sim: {message}\n", run.Error);
        Assert.Equal("", run.Output);
        Assert.Equal(ExitCode.Usage, run.Code);
    }

    [Theory]
    [InlineData("compare")]
    [InlineData("cost")]
    [InlineData("explore")]
    [InlineData("why")]
    [InlineData("replay")]
    [InlineData("list")]
    [InlineData("check-syntax")]
    [InlineData("format")]
    [InlineData("kernel-map")]
    public void Every_verb_has_help_with_two_examples(string verb)
    {
        var run = tester.Execute(verb, "--help");
        Assert.Equal(ExitCode.Good, run.Code);
        var examples = run.Output.Split("\nExamples:\n")[1].TrimEnd('\n').Split('\n');
        Assert.Equal(2, examples.Length);
        Assert.All(examples, e => Assert.StartsWith($"  fscrypt-sim {verb}", e, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("scenarios", "lost")]
    [InlineData("designs", "drop-inode")]
    [InlineData("rules", "data-race")]
    [InlineData("fixes", "rm-dirty-evict")]
    [InlineData("releases", "v6.18")]
    [InlineData("strategies", "depth-first")]
    [InlineData("strategies", "random")]
    [InlineData("strategies", "pct")]
    [InlineData("strategies", "pos")]
    [InlineData("strategies", "surw")]
    [InlineData("strategies", "portfolio")]
    [InlineData("strategies", "sleep-sets")]
    [InlineData("strategies", "dpor")]
    public void What_there_is_is_listed_in_a_line_each(string kind, string one)
    {
        var run = tester.Execute("list", kind);
        Assert.Equal(ExitCode.Good, run.Code);
        Assert.Contains(run.Output.Split('\n'), l => l.StartsWith(one + " ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("same", "same", 0)]
    public void Nearness_is_edit_distance(string a, string b, int distance) => Assert.Equal(distance, Misspelling.Distance(a, b));
}
