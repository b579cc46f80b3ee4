using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>The search of states sees what depth-first sees, and its numbers are those of textbooks.</summary>
public static class VisitedStatesTests
{
    private const int ExecutionsMax = 5_000;             // of depth-first; larger programs show nothing more

    public static TheoryData<string> Programs
        => [.. ScenarioLibrary.All.Where(s => !s.HasKernel && !EndlessPrograms.Names.Contains(s.Name)).Select(s => s.Name)];

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 13)]
    [InlineData(3, 84)]
    [InlineData(4, 755)]
    public static void States_of_increments(int threads, int states)
        => Assert.Equal(states, States(Textbook.Inc(threads)).Tally.States!.States);

    [Theory]
    [InlineData(2, 8, 10)]
    [InlineData(3, 26, 51)]
    [InlineData(4, 80, 212)]
    [InlineData(5, 242, 805)]
    [InlineData(9, 19_682, null)]
    public static void States_of_philosophers_who_never_end(int count, int states, int? transitions)
    {
        var result = States(EndlessPrograms.Philosophers(count) + "\nwithout rule deadlock\nsometimes deadlock");
        var counts = result.Tally.States!;
        Assert.Equal((states, transitions ?? counts.Transitions, 1), (counts.States, counts.Transitions, counts.Deadlocks));
        Assert.Equal((Verdict.Holds, 0, 0), (result.Verdict, result.Tally.Ended, result.Tally.Executions));
    }

    // Two threads that share nothing: a square of states, each row and column of which is longer than any table of ours.
    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(100)]
    [InlineData(300)]
    public static void States_of_threads_that_have_nothing_in_common(int steps)
    {
        var result = States($"shared a[2]\nthread t * 2\n  repeat {steps}\n    r = fetch_add(a[id], 3)\n  end");
        var counts = result.Tally.States!;
        Assert.Equal(((steps + 1L) * (steps + 1), 2L * steps * (steps + 1)), (counts.States, counts.Transitions));
        Assert.Equal((1, 1), (result.Tally.Ended, result.Tally.Outcomes.Count));
    }

    [Fact]
    public static void Sixty_four_threads_have_a_bit_each()
    {
        var result = States("shared x\nthread t * 64\n  await x == id\n  x = id + 1\nalways x == 64");
        Assert.Equal((Verdict.Holds, 129, 128), (result.Verdict, result.Tally.States!.States, result.Tally.States.Transitions));
        var twice = States("shared x\nthread t * 64\n  repeat 2\n    await x == id\n    x = (id + 1) % 64\n  end\nalways x == 0");
        Assert.Equal((Verdict.Holds, 257), (twice.Verdict, twice.Tally.States!.States));
    }

    [Fact]
    public static void A_state_takes_many_words_where_there_is_much_to_it()
    {
        var result = States("shared a[300]\nthread w\n  i = 0\n  while i < 300\n    a[i] = i * i - 7\n    i = i + 1\n  end\nthread r\n  s = a[299]");
        Assert.Equal((603, 901), (result.Tally.States!.States, result.Tally.States.Transitions));
        Assert.Equal([1L, 1L], result.Tally.Outcomes.Select(o => o.Count));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public static void Programs_of_the_library_come_to_what_depth_first_sees(string name) => Compare(ScenarioLibrary.Named(name)!, 1_000_000);

    [Fact]
    public static void Random_programs_come_to_what_depth_first_sees()
    {
        var (compared, rules, deadlocks) = (0, new SortedSet<string>(StringComparer.Ordinal), 0L);
        for (var seed = 0; seed < 300; seed++)
        {
            var text = RandomProgram.Text(seed) + (seed % 2 == 0 ? "\nwithout rule deadlock" : "")
                + "\nnever big: x > 1 && y != 1\nalways small: a[0] < 2 || deadlock\nsometimes deadlock\nnever l: deadlock && x == 1";
            if (Compare(Scenario(text), ExecutionsMax) is not { } tally)
                continue;
            compared++;
            deadlocks += tally.States!.Deadlocks;
            rules.UnionWith(tally.Violations.Select(v => v.Rule));
        }

        Assert.True(compared > 200 && deadlocks > 50, $"random programs show something: {compared} {deadlocks}");
        Assert.Equal(["big", "deadlock", "division-by-zero", "index-out-of-bounds", "l", "lock-misuse", "small"], rules);
    }

    // Half of them go round for ever.
    [Fact]
    public static void Random_programs_have_the_states_that_a_plain_search_finds()
    {
        var (compared, endless, deadlocks) = (0, 0, 0L);
        for (var seed = 0; seed < 300; seed++)
        {
            var isEndless = seed % 4 >= 2;
            var text = isEndless ? EndlessPrograms.OfRandom(seed) : RandomProgram.Text(seed);
            var scenario = (ProgramScenario)Scenario(text + (seed % 2 == 0 ? "\nwithout rule deadlock" : ""));
            var plain = new PlainStates(scenario.Code, goesOnInCycles: seed % 2 == 0, statesMax: 3_000);
            if (plain.IsTooMany)
                continue;
            compared++;
            endless += isEndless ? 1 : 0;
            var result = Run(Plan(scenario));
            var counts = result.Tally.States!;
            var fewest = result.Tally.Violations.Where(v => v.Rule == "deadlock").Select(v => v.PreemptionsFewest).DefaultIfEmpty(-1).Min();
            if (seed % 2 == 0)
                fewest = plain.Counts.Fewest;
            Assert.True((counts.States, counts.Transitions, counts.Deadlocks, fewest) == plain.Counts, $"{seed}: {counts} {fewest}, {plain.Counts}\n{text}");
            for (var bound = 0; bound < 4; bound++)
                Assert.Equal(plain.Within(bound), Run(Plan(scenario) with { PreemptionsMax = bound, RunOn = true }).Tally.States!.States);
            deadlocks += counts.Deadlocks;
        }

        Assert.True(compared > 200 && endless > 60 && deadlocks > 40, $"random programs show something: {compared} {endless} {deadlocks}");
    }

    [Fact]
    public static void The_deadlock_of_philosophers_needs_a_preemption()
    {
        var plan = Plan(Scenario(EndlessPrograms.Philosophers(3)));
        var deadlocks = Run(plan).Tally.Violations.Where(v => v.Rule == "deadlock").ToList();
        Assert.Equal(3, deadlocks.Count);                 // each of them can close the circle
        Assert.All(deadlocks, v => Assert.Equal(1, v.PreemptionsFewest));
        Assert.Empty(Run(plan with { PreemptionsMax = 0 }).Tally.Violations);
        Assert.Equal(new Coverage(true, 0), Run(plan with { PreemptionsMax = 0 }).Covered);
    }

    [Fact]
    public static void A_bounded_search_stops_at_the_first_bound_that_shows_something()
    {
        var plan = Plan(Scenario(Textbook.Inc(3) + "\nnever x == 1"));
        Assert.Equal(new Coverage(true, 1), Run(plan with { PreemptionsMax = 3 }).Covered);
        Assert.True(Run(plan with { PreemptionsMax = 1 }).Tally.States!.States < Run(plan).Tally.States!.States);
        Assert.Equal(new Coverage(true, null), Run(plan).Covered);
    }

    [Fact]
    public static void The_schedule_of_a_queue_is_one_of_the_machine()
    {
        var text = "shared x\nrwsem s\nthread w * 2\n  down_write s\n  r = x\n  x = r + 1\n  up_write s\nthread q\n  down_read s\n  r = x\n  up_read s\nnever q.r == 1";
        var plan = Plan(Scenario(text));
        var violation = Assert.Single(Run(plan).Tally.Violations);
        using var recording = new Recording(plan, violation.Schedule);
        Assert.Equal((null, violation.Steps), (recording.Divergence, recording.Steps.Count));
        Assert.Equal(violation.Preemptions, recording.TraceOf(violation.Rule).Preemptions);
    }

    [Fact]
    public static void Faults_at_the_beginning_and_programs_of_no_step()
    {
        var fault = States("shared x\nthread a\n  r = 1 / s\n  s = x");
        Assert.Equal(("division-by-zero", 0), (Assert.Single(fault.Tally.Violations).Rule, fault.Tally.States!.States));
        var still = States("shared x\nthread a\n  r = 2\nalways a.r == 2");
        Assert.Equal((Verdict.Holds, 1, 0, 1), (still.Verdict, still.Tally.States!.States, still.Tally.States.Transitions, still.Tally.Ended));
    }

    [Fact]
    public static void A_loop_without_a_shared_access_is_cut()
    {
        var result = States("shared x\nthread a\n  r = x\n  while r == 0\n  end\nthread b\n  x = 1");
        Assert.Equal("1 step was cut: a ran 10,000 rounds of the loop in line 5 without a shared access", result.Reason);
    }

    [Fact]
    public static void States_without_end_are_given_up_in_time()
    {
        var plan = Plan(Scenario("shared x\nthread a * 3\n  while 1\n    r = fetch_add(x, 1)\n  end")) with { TimeMax = TimeSpan.FromMilliseconds(50) };
        var result = Run(plan);
        Assert.Equal((Verdict.Inconclusive, true), (result.Verdict, result.BudgetSpent));
    }

    [Fact]
    public static void The_schedules_of_outcomes_lead_to_them()
    {
        var plan = Plan(Scenario(Textbook.Inc(3))) with { TracesOutcomes = true };
        var outcomes = Run(plan).Tally.Outcomes;
        Assert.Equal(16, outcomes.Count);
        foreach (var outcome in outcomes)
        {
            using var recording = new Recording(plan, outcome.Schedule);
            Assert.Equal(outcome.ToString(), recording.Outcome);
        }
    }

    private static SearchResult States(string text) => Run(Plan(Scenario(text)));

    private static SearchResult Run(SearchPlan plan) => Explorer.Run(plan, new SearchProgress(null));

    private static SearchPlan Plan(Scenario scenario)
        => new(scenario, new KernelConfiguration()) { Strategy = StrategyNames.States, PreemptionsMax = null, RunOn = false };

    private static Scenario Scenario(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("test.scenario", "scenario test \"a test\"\n" + text));
        Assert.Equal("", file.Diagnostics.Format());
        return file.Scenario!;
    }

    // Null if there are too many executions. Without a bound, and for each bound.
    private static Tally? Compare(Scenario scenario, long executionsMax)
    {
        Tally? unbounded = null;
        foreach (var bound in new int?[] { null, 0, 1, 2, 3 })
        {
            var plan = Plan(scenario) with { PreemptionsMax = bound, RunOn = true };
            var oracle = Run(plan with { Strategy = StrategyNames.DepthFirst, ExecutionsMax = executionsMax });
            if (oracle.BudgetSpent)
                return unbounded;
            var states = Run(plan);
            Assert.True(Text(oracle) == Text(states), $"{bound}\n{Text(oracle)}\n{Text(states)}\n{scenario.Text}");
            Assert.True(states.Covered == oracle.Covered || states.Covered.PreemptionsMax == null);
            unbounded ??= states.Tally;
        }

        return unbounded;
    }

    private static string Text(SearchResult result)
    {
        var tally = result.Tally;
        var findings = tally.Violations.Select(v => $"{v.Rule}: {v.Message}: {v.PreemptionsFewest}").Order(StringComparer.Ordinal);
        var outcomes = tally.Outcomes.Select(o => o.ToString()).Order(StringComparer.Ordinal);
        var probes = result.Expectations.Select((e, i) => $"{e.Name} {tally.Held[i] > 0} {tally.Held[i] < tally.Asked[i]}");
        var isDeadlocked = tally.Deadlocked > 0 || tally.States?.Deadlocks > 0;
        return $"{isDeadlocked} {result.Verdict} {string.Join('\n', findings.Concat(outcomes).Concat(probes).Concat(tally.GivenUp.Keys))}";
    }
}
