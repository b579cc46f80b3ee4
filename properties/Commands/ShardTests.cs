using System.Text.Json.Nodes;
using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>The parts of a search add up to the whole.</summary>
public sealed class ShardTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData(1, "textbook/inc3 --strategy depth-first")]
    [InlineData(3, "textbook/inc3 --strategy depth-first")]
    [InlineData(7, "textbook/lastzero3 --strategy depth-first --preemptions 2")]
    [InlineData(5, "textbook/philosophers3 --strategy depth-first")]
    [InlineData(4, "remove-vs-write --preemptions 2")]
    [InlineData(3, "races/two-removers --executions 1000 --strategy random --seed 5")]
    [InlineData(4, "remove-vs-open --executions 203 --strategy portfolio")]
    public void The_sum_of_the_parts_is_the_whole(int parts, string arguments)
    {
        var whole = Explore(arguments.Split(' '));
        var merged = Run(["merge", .. Parts(parts, arguments)]);

        Assert.Equal(whole.Code, merged.Code);
        Assert.Equal(Plain(whole.Output), Plain(merged.Output));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void What_is_violated_is_found_by_the_parts_with_the_smallest_schedule(int parts)
    {
        const string Arguments = "remove-vs-write --release v5.4 --preemptions 2";
        var whole = Run(["merge", .. Parts(1, Arguments)]);
        var merged = Run(["merge", .. Parts(parts, Arguments)]);

        Assert.Equal(ExitCode.Violated, merged.Code);
        Assert.Equal(Plain(whole.Output), Plain(merged.Output));
        Assert.Contains("\"violated\"", merged.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_proves_nothing_and_says_so()
    {
        var part = Explore("textbook/inc3", "--strategy", "depth-first", "--shard", "2/3");
        Assert.Equal(ExitCode.Undecided, part.Code);
        Assert.Contains("\"verdict\":\"inconclusive\"", part.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("textbook/inc3 --shard 0/3", "--shard: '0/3' is no part; 1/4 to 4/4 are, up to 4096 of them")]
    [InlineData("textbook/inc3 --shard 4/3", "--shard: '4/3' is no part; 1/4 to 4/4 are, up to 4096 of them")]
    [InlineData("textbook/inc3 --shard x", "--shard: 'x' is no part; 1/4 to 4/4 are, up to 4096 of them")]
    [InlineData("textbook/inc3 --strategy dpor --shard 1/2",
        "--shard: strategy dpor cannot be divided: what one part finds adds to others; depth-first and sampling can")]
    [InlineData("textbook/inc3 --strategy states --shard 1/2",
        "--shard: strategy states cannot be divided: what one part finds adds to others; depth-first and sampling can")]
    [InlineData("textbook/inc3 --engine coyote --shard 1/2", "--shard: Coyote's searches cannot be divided")]
    [InlineData("textbook/inc3 --strategy random --for 1s --shard 1/2", "--shard: the parts of a search that a time ends do not add up; give --executions")]
    [InlineData("textbook/inc3 --strategy random --executions 3 --shard 1/4", "--shard: there are more parts than executions")]
    [InlineData("textbook/inc3 --strategy depth-first --executions 3 --shard 1/4",
        "--shard: a part of an exhaustive search is searched whole: leave --executions out")]
    public void What_cannot_be_divided_is_refused(string arguments, string message)
    {
        var run = Explore(arguments.Split(' '));
        Assert.Equal((ExitCode.Usage, $"fscrypt-sim: {message}\n"), (run.Code, run.Error));
    }

    [Fact]
    public void Parts_that_do_not_belong_together_are_refused()
    {
        var thirds = Parts(3, "textbook/inc3 --strategy depth-first");
        var halves = Parts(2, "textbook/inc2 --strategy depth-first");
        var other = Path.Combine(directory, "other.json");
        File.WriteAllText(other, "{}");

        Assert.Equal("fscrypt-sim: not all parts are there: 2/3 is missing\n", Run("merge", thirds[0], thirds[2]).Error);
        Assert.StartsWith($"fscrypt-sim: {halves[0]}: a part of another search than {thirds[0]}: textbook/inc2", Run("merge", thirds[0], halves[0]).Error, StringComparison.Ordinal);
        Assert.Equal($"fscrypt-sim: {other}: not what explore --json prints\n", Run("merge", other).Error);
        File.Copy(thirds[1], other, overwrite: true);
        Assert.Equal($"fscrypt-sim: {other}: the same part as {thirds[1]}: 2/3\n", Run("merge", thirds[1], other).Error);
        File.WriteAllText(other, Explore("textbook/inc3").Output);
        Assert.Equal($"fscrypt-sim: {other}: not a part of a search: it has no shard\n", Run("merge", other).Error);
    }

    private List<string> Parts(int count, string arguments)
    {
        var paths = new List<string>();
        for (var i = 1; i <= count; i++)
        {
            paths.Add(Path.Combine(directory, $"{arguments.GetHashCode(StringComparison.Ordinal)}-{i}-{count}.json"));
            File.WriteAllText(paths[^1], Explore([.. arguments.Split(' '), "--shard", $"{i}/{count}"]).Output);
        }

        return paths;
    }

    // Traces are written where the parts ran.
    private static string Plain(string report)
    {
        var node = JsonNode.Parse(report)!;
        foreach (var violation in node["violations"]!.AsArray())
        {
            violation!.AsObject().Remove("trace");
            violation.AsObject().Remove("summary");
        }

        return node.ToJsonString();
    }

    private (int Code, string Output, string Error) Explore(params string[] arguments)
        => Run(["explore", .. arguments, "--json", "--quiet", "--out", directory]);

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, error, isTerminal: false)).Run(arguments);
        return (code, output.ToString(), error.ToString());
    }
}
