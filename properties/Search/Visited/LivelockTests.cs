using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>What weakly fair schedulers can stay in for ever is found, and nothing else.</summary>
public static class LivelockTests
{
    private const string Dance = """
        lock l[2]
        thread dancer * 2
          while r == 0
            acquire l[id]
            r = try_acquire l[1 - id]
            if r == 1
              release l[1 - id]
            end
            release l[id]
          end
        """;

    private const string Waiting = "shared x\nthread a\n  while r == 0\n    r = x\n  end\nthread b\n  x = 1";

    private const string Hidden = """
        shared x, y
        thread a
          while r == 0
            x = 1
            r = y
            x = 0
          end
        thread b
          await x == 1
          y = 1
        """;

    // The one that never ends keeps the lock whenever the other one looks, and lets go of it in between.
    private const string Starved = """
        lock l
        thread server
          while 1
            acquire l
            release l
          end
        thread client
          acquire l
          release l
        """;

    [Fact]
    public static void Who_gives_way_for_ever_is_seen_and_shown()
    {
        foreach (var engine in new[] { Visited(Dance), Executed(Dance) })
        {
            var violation = Assert.Single(engine.Tally.Violations);
            Assert.Equal(("livelock", "dancer[0] and dancer[1] can go round and round for ever, in turns that are fair"), (violation.Rule, violation.Message));
            using var again = new Recording(engine.Plan, violation.Schedule);
            Assert.True(again.Breaks("livelock"));
            Assert.Null(again.Divergence);
            Assert.Equal(violation.Steps, again.Steps.Count);
        }
    }

    [Fact]
    public static void Waiting_for_who_can_always_go_on_is_none() => AssertNone(Waiting);

    // b can go on now and then only: a scheduler that is weakly fair need not let it run just then.
    [Fact]
    public static void Who_can_go_on_now_and_then_only_can_be_left_out()
    {
        var found = Assert.Single(Visited(Hidden).Tally.Violations);
        Assert.Equal("a can go round and round for ever, in turns that are fair, and b waits for ever", found.Message);
        Assert.Equal(found.Message, Assert.Single(Visited(Starved).Tally.Violations).Message.Replace("server", "a", StringComparison.Ordinal)
            .Replace("client", "b", StringComparison.Ordinal));
    }

    [Fact]
    public static void Who_is_meant_to_go_on_for_ever_may() => AssertNone("shared x\nthread a * 2\n  while 1\n    x = id\n  end");

    [Fact]
    public static void A_scenario_can_do_without_the_rule() => AssertNone(Dance + "\nwithout rule livelock");

    [Fact]
    public static void A_bound_decides_nothing_about_what_goes_on_for_ever()
        => Assert.Empty(Visited(Dance, preemptions: 1).Tally.Violations);

    [Property(MaxTest = 400)]
    public static Property A_part_is_told_exactly_if_it_is_fair()
    {
        var graphs =
            from states in Gen.Choose(1, 6)
            from edges in Gen.ListOf(
                from a in Gen.Choose(0, states - 1) from b in Gen.Choose(0, states - 1) from thread in Gen.Choose(0, 2)
                select new Edge(a, b, (short)thread, -1))
            select (states, edges: edges.Distinct().ToArray());
        return Prop.ForAll(graphs.ToArbitrary(), g => IsToldExactly(g.states, g.edges));
    }

    private static bool IsToldExactly(int states, Edge[] edges)
    {
        var enabled = new ulong[states];
        var reaches = new bool[states, states];
        foreach (var edge in edges)
        {
            enabled[edge.From] |= 1UL << edge.Thread;
            reaches[edge.From, edge.To] = true;
        }

        for (var middle = 0; middle < states; middle++)
        {
            for (var a = 0; a < states; a++)
            {
                for (var b = 0; b < states; b++)
                    reaches[a, b] |= reaches[a, middle] && reaches[middle, b];
            }
        }

        // Three threads, all of which could end, and none of which has.
        var found = new Livelocks(new StateGraph(states, edges, enabled), _ => 0, 0b111).Find().ToDictionary(l => l.Start);
        var expected = new HashSet<int>();
        for (var a = 0; a < states; a++)
        {
            int[] part = [.. Enumerable.Range(0, states).Where(b => reaches[a, b] && reaches[b, a])];
            if (part.Length == 0 || part[0] != a)
                continue;
            var moving = edges.Where(e => part.Contains(e.From) && part.Contains(e.To)).Aggregate(0UL, (m, e) => m | 1UL << e.Thread);
            if ((part.Aggregate(0b111UL, (all, s) => all & enabled[s]) & ~moving) == 0)
                expected.Add(a);
        }

        return expected.SetEquals(found.Keys) && found.Values.All(l => IsFairWalk(l, edges, enabled));
    }

    private static bool IsFairWalk(Livelock livelock, Edge[] edges, ulong[] enabled)
    {
        var (at, moving, always) = (livelock.Start, 0UL, 0b111UL);
        foreach (var edge in livelock.Walk)
        {
            if (edge.From != at || !edges.Contains(edge))
                return false;
            at = edge.To;
            moving |= 1UL << edge.Thread;
            always &= enabled[at];
        }

        return livelock.Walk.Length > 0 && at == livelock.Start && (always & ~moving) == 0;
    }

    private static void AssertNone(string program)
    {
        Assert.Empty(Visited(program).Tally.Violations);
        Assert.Empty(Executed(program).Tally.Violations);
    }

    private static SearchResult Visited(string program, int? preemptions = null)
        => Explorer.Run(PlanOf(program) with { PreemptionsMax = preemptions }, new SearchProgress(null));

    private static SearchResult Executed(string program)
        => new ExecutedStates(PlanOf(program), [], new SearchProgress(null)).Run(long.MaxValue);

    private static SearchPlan PlanOf(string program)
    {
        var file = ScenarioFile.Load(new Diagnostics("test", "scenario test\n" + program));
        Assert.Equal("", file.Diagnostics.Format());
        return new SearchPlan(file.Scenario!, new KernelConfiguration())
        {
            Strategy = StrategyNames.States, PreemptionsMax = null, StepsMax = int.MaxValue,
        };
    }
}
