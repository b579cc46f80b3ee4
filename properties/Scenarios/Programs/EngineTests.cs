using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Programs under searches, Coyote and recordings, as scenarios of the kernel are.</summary>
[Collection(CoyoteCollection.Name)]
public sealed class EngineTests
{
    private const string Endless = "shared x\nthread a\n  r = x\n  while r == 0\n  end\nthread b\n  x = 1";

    [Fact]
    public void A_search_counts_outcomes_and_asks_expectations()
    {
        var result = Explore(Textbook.Inc(3), p => new Expectation("lost", Frequency.Sometimes, "x == 1", () => p.RegisterNamed("x")!.Number == 1));
        Assert.Equal((Verdict.Holds, 90, null), (result.Verdict, result.Tally.Complete, result.Reason));
        Assert.Equal(Programs.Explore(Textbook.Inc(3)).Outcomes.Values.OrderDescending().Select(c => (long)c), result.Tally.Outcomes.Select(o => o.Count));
        Assert.True(result.Tally.Held[0] > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_given_up_is_counted_as_cut_and_the_reason_is_told(bool pointsAll)
    {
        var result = Explore(Endless, pointsAll: pointsAll);
        Assert.Equal((Verdict.Inconclusive, 1, 1), (result.Verdict, result.Tally.Complete, result.Tally.Cut));
        Assert.Equal("1 execution was cut: a ran 10,000 rounds of the loop in line 5 without a shared access", result.Reason);
    }

    [Fact]
    public void What_is_given_up_at_the_very_beginning_is_cut()
    {
        var result = Explore("shared x\nthread b\n  x = 1\nthread a\n  while 1\n  end\nthread c\n  x = 2");
        Assert.Equal((0, 1), (result.Tally.Complete, result.Tally.Cut));
    }

    [Fact]
    public void A_deadlock_names_who_holds_what()
    {
        var result = Explore(Textbook.Philosophers(2));
        Assert.Equal(
            [
                "philosopher[0] waits for fork[1] (held by philosopher[1]), which waits for philosopher[0]",
                "philosopher[1] waits for fork[0] (held by philosopher[0]), which waits for philosopher[1]",
            ],
            result.Tally.Violations.Select(v => v.Message).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void After_a_deadlock_the_values_can_be_collected()
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(-1));
        var program = ProgramInstance.Create(host, ProgramText.Compile("shared x\nthread a\n  r = 7\n  x = 3\n  await x == 4"));
        host.Checkpoint();
        host.Restore();
        Assert.False(host.RunTogether(program.Threads));
        program.Collect();
        Assert.Equal("a.r=7 x=3", Programs.OutcomeOf(program));
    }

    [Fact]
    public void Nothing_is_allocated_for_an_execution()
    {
        foreach (var text in new[] { Textbook.Inc(3), Textbook.LastZero(3), "shared x\nrwsem s\nthread p * 3\n  down_write s\n  x = x0\n  x0 = 1\n  up_write s" })
        {
            var host = new NativeHost<DepthFirst>(new DepthFirst(-1));
            var simulation = new Simulation(ProgramText.Compile(text).ToScenario(), new KernelConfiguration(), host);
            Run(50);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Run(30);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

            void Run(int executions)
            {
                for (var i = 0; i < executions; i++)
                {
                    simulation.Execute();
                    simulation.OutcomeHash();
                    host.Strategy.Next();
                }
            }
        }
    }

    [Fact]
    public void Coyote_sees_only_what_the_native_engine_sees()
    {
        foreach (var text in (string[])[Textbook.Inc(2), Textbook.LastZero(2), .. Enumerable.Range(0, 15).Select(RandomProgram.Text)])
        {
            var native = Programs.Explore(text);
            if (native.Outcomes.Count < 3)
                continue;
            var seen = new HashSet<string>();
            var code = ProgramText.Compile(text);
            var engine = new CoyoteEngine(code.ToScenario(), new KernelConfiguration(), "random", 1, 1_000);
            for (var executions = 0L; executions < 200;)
            {
                executions += engine.Run(200 - executions, (simulation, end) =>
                {
                    if (end == ExecutionEnd.Complete)
                        seen.Add(string.Join(' ', simulation.Instance.Registers.Select(r => $"{r.Name}={r.Text}")));
                    else
                        Assert.True(simulation.WasDeadlock || native.Messages.Any(m => m.EndsWith(simulation.Violation!.Message, StringComparison.Ordinal)));
                }).Executions;
            }

            Assert.Subset(native.Outcomes.Keys.ToHashSet(), seen);
            Assert.True(seen.Count > native.Outcomes.Count / 3, $"{seen.Count} of {native.Outcomes.Count}: {text}");
        }
    }

    [Theory]
    [InlineData(Endless)]
    [InlineData("shared x\nthread a\n  while 1\n  end\nthread b\n  x = 1")]
    [InlineData("shared x\nthread a\n  x = 1\n  while 1\n  end")]
    public void Coyote_cuts_what_is_given_up(string text)
    {
        var engine = new CoyoteEngine(ProgramText.Compile(text).ToScenario(), new KernelConfiguration(), "random", 1, 1_000);
        var result = engine.Run(20);
        Assert.Equal(20, result.Executions);
        Assert.Null(result.Finding);
        Assert.InRange(result.Cut, 1, text == Endless ? 19 : 20);
    }

    [Theory]
    [InlineData("lost-update", false)]
    [InlineData("lost-update", true)]
    [InlineData("philosophers", false)]
    [InlineData("semaphore", false)]
    public void A_trace_tells_statements_and_changes(string name, bool pointsAll)
    {
        var text = name switch
        {
            "lost-update" => Textbook.Inc(2),
            "philosophers" => Textbook.Philosophers(2),
            _ => "shared x, a[2]\nrwsem s\nthread reader\n  down_read s\n  r = a[1]\n  up_read s\n  q = fetch_add(x, 1)\n"
                + "thread writer\n  down_write s\n  a[id + 1] = 2\n  up_write s\n  t = x",
        };
        var plan = Plan(text, pointsAll, p => name == "lost-update"
            ? new Expectation("lost", Frequency.Never, "x == 1", () => p.RegisterNamed("x")!.Number == 1)
            : new Expectation("none", Frequency.Never, "writer.t == 1 && reader.r == 0", () => p.RegisterNamed("writer.t")?.Number == 1 && p.RegisterNamed("reader.r")!.Number == 0));
        var violation = Explorer.Run(plan, new SearchProgress(null)).Tally.Violations[0];
        using var recording = new Recording(plan, violation.Schedule);
        var trace = recording.TraceOf(violation.Rule);
        using var again = new Recording(plan, trace.Schedule.ToArray());
        Assert.Null(again.Divergence);
        Assert.True(again.Breaks(violation.Rule));
        Assert.All(again.Steps.Zip(trace.Steps), s => Assert.True(s.First.DoesTheSameAs(s.Second)));
        ExpectedText.Compare($"{name}.txt", Columns.Of(trace) + "\n" + Splat.Of(trace, "out/trace.json"));
        if (name == "lost-update")
            Assert.Equal(["x 0 -> 1", "inc[0].r 0 -> 1"], Changes("shared x\nthread inc * 1\n  x = 1\n  r = x"));
    }

    private static IEnumerable<string> Changes(string text)
    {
        using var recording = new Recording(Plan(text), [0, 0]);
        return recording.Steps.SelectMany(s => s.Changed).Select(c => c.ToString());
    }

    private static SearchPlan Plan(string text, bool pointsAll = false, params Func<ProgramInstance, Expectation>[] expectations)
        => new(ProgramText.Compile(text).ToScenario(expectations), new KernelConfiguration())
        {
            PreemptionsMax = null,
            PointsAll = pointsAll,
        };

    private static SearchResult Explore(string text, Func<ProgramInstance, Expectation>? expectation = null, bool pointsAll = false)
        => Explorer.Run(Plan(text, pointsAll, expectation == null ? [] : [expectation]), new SearchProgress(null));
}
