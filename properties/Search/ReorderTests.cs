using System.Globalization;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Properties.Documents;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// The program reorder_n that papers on sampling compare themselves with, in the shape where it is hard: one thread starts
/// n - 1 setters (a = 1; b = -1) and then a checker (is a == 0 &amp;&amp; b == 0 || a == 1 &amp;&amp; b == -1? as C evaluates it, each read a
/// point), each start being a point of the starter's, and waits for all. docs/BENCHMARKS.md has the same table.
/// </summary>
public static class ReorderTests
{
    private const int Seeds = 20;
    private const int Most = 5_000;

    // Of 20 seeds the sixth and the fifteenth bound the median with a confidence of 96 %.
    [Fact]
    public static void Schedules_to_the_first_failure_are_those_of_the_document()
    {
        var document = File.ReadAllLines(Path.Combine(KernelMapTests.Root(), "docs", "BENCHMARKS.md"));
        string[] measured = [.. Rows(5), .. Rows(10)];
        Assert.Equal(document.SkipWhile(l => !l.StartsWith(measured[0][..13], StringComparison.Ordinal)).Take(measured.Length), measured);
    }

    // As a program of shared variables all threads are there from the start, and it is another one: easy.
    [Fact]
    public static void With_all_threads_in_place_a_random_walk_finds_it_one_time_in_75()
    {
        var scenario = Sampled.Program("""
            scenario reorder10-in-place
            shared a = 0, b = 0
            thread setter * 9
              a = 1
              b = -1
            thread checker
              r = a
              if r == 0
                q = b
                right = q == 0
              end
              if !right
                r = a
                if r == 1
                  q = b
                  right = q == -1
                end
              end
            always checker.right == 1
            """);
        // 0.01330: a recursion over how many setters have moved, and how far the checker is.
        Sampled.AssertRate(0.01330, Sampled.Violating(scenario, new RandomWalk(1), 20_000), 20_000);
    }

    private static IEnumerable<string> Rows(int n)
    {
        var scenario = Reorder(n);
        Profile ProfileOf(ulong seed) => Profile.Of(Sampled.Plan(scenario, seed));
        yield return Row(n, scenario, "random", s => new RandomWalk(s));
        yield return Row(n, scenario, "pct, depth 2", s => new Pct(ProfileOf(s), 2, s));
        yield return Row(n, scenario, "pct, depth 3", s => new Pct(ProfileOf(s), 3, s));
        yield return Row(n, scenario, "pct, depth 10", s => new Pct(ProfileOf(s), 10, s));
        yield return Row(n, scenario, "pos", s => new Pos(s));
        yield return Row(n, scenario, "surw", s => new Surw(ProfileOf(s), s));
        yield return Row(n, scenario, "portfolio", s => new Portfolio(ProfileOf(s), 3, s));
    }

    private static string Row<TStrategy>(int n, Scenario scenario, string name, Func<ulong, TStrategy> make)
        where TStrategy : struct, IStrategy
    {
        int[] first = [.. Enumerable.Range(1, Seeds).Select(s => Sampled.FirstViolating(scenario, make((ulong)s), Most)).Order()];
        string At(int rank) => first[rank - 1] > Most ? "-" : first[rank - 1].ToString("N0", CultureInfo.InvariantCulture);
        return $"| {n} | {name} | {first.Count(f => f <= Most)} | {At(1)} | {At(6)} | {At(10)} | {At(15)} | {At(20)} |";
    }

    private static KernelScenario Reorder(int n) => new($"reorder-{n}", "", kernel =>
    {
        var pair = new Pair(kernel.Host);
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", () => KTask.Done),
            Threads = [new ThreadBody("main", () => pair.Start(n - 1))],
            Finally = new ThreadBody("finally", () => KTask.Done),
            Registers = [],
            Expectations = [new Expectation("reordered", Frequency.Never, "the checker sees one of the two", () => pair.IsTorn)],
        };
    });

    private sealed class Pair(KernelHost host) : KernelObject(host)
    {
        private readonly ThreadHandle?[] started = new ThreadHandle?[KernelHost.ThreadsMax];
        private Shared<int> a;
        private Shared<int> b;
        private Note<bool> torn;

        public override string Name => "pair";

        public bool IsTorn => torn.Value;

        public async KTask Start(int setters)
        {
            for (var i = 0; i < setters; i++)
                started[i] = await Host.Spawn(new ThreadBody("setter", Set));
            started[setters] = await Host.Spawn(new ThreadBody("checker", Check));
            for (var i = 0; i <= setters; i++)
                await started[i]!.Join();
        }

        private async KTask Set()
        {
            await a.WriteOnce(1);
            await b.WriteOnce(-1);
        }

        private async KTask Check()
        {
            torn.Value = !((await a.ReadOnce() == 0 && await b.ReadOnce() == 0) || (await a.ReadOnce() == 1 && await b.ReadOnce() == -1));
        }
    }
}
