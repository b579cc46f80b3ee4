using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction;

/// <summary>
/// What goes wrong in searches with reduction, one mistake a test. Four cannot be made here: visited states are not kept
/// (they would cut off what sleeps, and races), programs choose no data, and no thread creates another.
/// </summary>
public static class PitfallTests
{
    private const string TryThenTake = """
        lock fork[2]
        thread t * 2
          r = try_acquire fork[id]
          if r
            acquire fork[(id + 1) % 2]
            release fork[(id + 1) % 2]
            release fork[id]
          end
        """;

    private const string ReadThenWrite = """
        rwsem s[2]
        thread t * 2
          down_read s[id]
          down_write s[(id + 1) % 2]
          up_write s[(id + 1) % 2]
          up_read s[id]
        """;

    private const string WriteThenWrite = """
        rwsem s[2]
        thread t * 2
          down_write s[id]
          down_write s[(id + 1) % 2]
          up_write s[(id + 1) % 2]
          up_write s[id]
        """;

    private const string FlagThenWait = """
        shared x, y
        thread a
          x = 1
          await y == 0
          x = 0
        thread b
          y = 1
          await x == 0
          y = 0
        """;

    [Theory]
    [InlineData(TryThenTake)]
    [InlineData(ReadThenWrite)]
    [InlineData(WriteThenWrite)]
    [InlineData(FlagThenWait)]
    public static void A_race_with_what_a_blocked_thread_wants(string program)
    {
        var tally = Traces.Explore(program, StrategyNames.Dpor).Tally;
        Assert.Equal(1, tally.Deadlocked);
        Assert.True(tally.Complete > 0);
        Assert.Equal(Traces.AllOf(program)!.Count, tally.Executions);
        Assert.Equal("deadlock", Assert.Single(Traces.Explore(program, StrategyNames.Dpor, deadlockIsNone: false).Tally.Violations).Rule);
    }

    [Fact]
    public static void Where_all_sleep_nobody_is_deadlocked()
    {
        var tally = Traces.Explore(Fscrypt.Sim.Properties.Scenarios.Programs.Textbook.Readers(4), StrategyNames.SleepSets).Tally;
        Assert.Equal((16, 0), (tally.Complete, tally.Deadlocked));
        Assert.True(tally.Blocked > 0);
        Assert.Equal(16 + tally.Blocked, tally.Executions);
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void Some_are_deadlocked_while_others_run(string strategy)
    {
        const string Program = "lock l, m\nshared x\nthread a\n  acquire l\n  acquire m\n  release m\n  release l\nthread b\n  acquire m\n  acquire l\n  release l\n  release m\nthread c\n  repeat 3\n  r = x\n  end";
        var result = Traces.Explore(Program, strategy, deadlockIsNone: false);
        // The schedule is no longer than the deadlock needs.
        Assert.Equal(2, result.Tally.Violations.Single().Steps);
    }

    [Fact]
    public static void Who_waits_depends_on_every_write()
    {
        const string Program = "shared x\nthread w\n  await x == 1\n  r = x\nthread a\n  x = 1\nthread b\n  x = 2\nthread c\n  x = 1";
        var tally = Traces.Explore(Program, StrategyNames.Dpor).Tally;
        Assert.Equal(Traces.AllOf(Program)!.Count, tally.Complete + tally.Deadlocked);
        Assert.Equal((0, 0), (tally.Blocked, tally.AwaitBlocked));
        Assert.True(tally.Deadlocked > 0);
        Assert.Equal(2, tally.Outcomes.Select(o => o.Registers[0].Value).Distinct().Count());
    }

    [Fact]
    public static void Where_a_deadlock_is_no_violation_the_others_go_on_to_their_end()
    {
        const string Two = "lock l, m\nshared x\nthread a\n  acquire l\n  acquire m\nthread b\n  acquire m\n  acquire l\nthread c\n  x = 1\n";
        foreach (var strategy in StrategyNames.Exhaustive)
        {
            var result = Explore(Two + "without rule deadlock\nnever deadlock && x == 0\nsometimes deadlock && x == 1", strategy);
            Assert.Equal((Verdict.Holds, null), (result.Verdict, result.Reason));
        }
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void Bounds_are_refused(string strategy)
    {
        using var tester = new CommandLineTester();
        var file = System.IO.Path.Combine(tester.Directory, "inc2.scenario");
        File.WriteAllText(file, ScenarioLibrary.TextOf("textbook/inc2"));
        var run = tester.Explore(file, "--strategy", strategy, "--preemptions", "2");
        Assert.Equal((ExitCode.Usage, ""), run.Result);
        Assert.Contains("states and depth-first are the strategies that take it", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public static void Steps_happen_before_each_other_through_others()
    {
        // Between the write and the read of x lie two locks and a flag, and steps that have nothing to do with it.
        const string Program = """
            shared x, f, y
            lock l
            thread a
              x = 1
              f = 1
              y = 1
            thread b
              await f == 1
              acquire l
              release l
            thread c
              acquire l
              r = x
              release l
            """;
        Assert.Equal(Traces.AllOf(Program)!.Count, Traces.LookedAt(Program, StrategyNames.Dpor).Traces.Count);
        Assert.Equal(3, Traces.Explore(Program, StrategyNames.Dpor).Tally.Complete);
    }

    [Theory]
    [InlineData("lock l\nthread t * 3\n  r = try_acquire l", 3)]
    [InlineData("lock l\nthread a\n  acquire l\n  release l\nthread b\n  r = try_acquire l", 3)]
    [InlineData("shared x\nthread t * 2\n  r = cas(x, 0, 1)\n  s = cas(x, 1, 0)", 6)]
    public static void Whether_a_step_succeeds_depends_on_the_order(string program, int traces)
    {
        Assert.Equal(traces, Traces.AllOf(program)!.Count);
        Assert.Equal(traces, Traces.Explore(program, StrategyNames.Dpor).Tally.Executions);
    }

    [Fact]
    public static void A_thread_without_an_end_proves_nothing()
    {
        var scenario = Read("shared x\nthread a\n  while 1\n  r = x\n  end\nthread b\n  x = 1");
        var plan = new SearchPlan(scenario, new KernelConfiguration()) { Strategy = StrategyNames.Dpor, PreemptionsMax = null, StepsMax = 50 };
        var result = Explorer.Run(plan, new SearchProgress(null));
        Assert.Equal((Verdict.Inconclusive, 1, false), (result.Verdict, result.Tally.Cut, result.Covered.Exhaustive));
        Assert.Contains("dpor needs threads that end", result.Reason);
    }

    [Fact]
    public static void As_many_threads_as_there_can_be_are_not_too_many()
    {
        var tally = Traces.Explore("shared x[63]\nthread t * 63\n  x[id] = 1", StrategyNames.Dpor).Tally;
        Assert.Equal((1, 0), (tally.Complete, tally.Blocked));
    }

    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    public static void What_a_reduction_found_is_found_again_by_its_schedule(string strategy)
    {
        var found = 0;
        for (var seed = 0; seed < 80; seed++)
        {
            var text = ContendedProgram.Text(seed);
            var result = Traces.Explore(text, strategy, deadlockIsNone: false);
            foreach (var violation in result.Tally.Violations)
            {
                using var recording = new Recording(result.Plan, violation.Schedule);
                Assert.Null(recording.Divergence);
                Assert.Equal(violation.Message, recording.Finding?.Message);
                found++;
            }

            foreach (var outcome in result.Tally.Outcomes)
            {
                using var recording = new Recording(result.Plan, outcome.Schedule);
                Assert.Equal((null, outcome.ToString()), (recording.Divergence, recording.Outcome));
            }
        }

        Assert.True(found > 20, $"{found} findings");
    }

    [Fact]
    public static void A_budget_is_kept_to()
    {
        var scenario = Read(Fscrypt.Sim.Properties.Scenarios.Programs.Textbook.Readers(4));
        SearchResult Run(long executions) => Explorer.Run(
            new SearchPlan(scenario, new KernelConfiguration()) { Strategy = StrategyNames.Dpor, PreemptionsMax = null, ExecutionsMax = executions },
            new SearchProgress(null));
        Assert.Equal((15, true, Verdict.Inconclusive), (Run(15).Tally.Executions, Run(15).BudgetSpent, Run(15).Verdict));
        Assert.Equal((16, false, Verdict.Holds), (Run(16).Tally.Executions, Run(16).BudgetSpent, Run(16).Verdict));
    }

    private static SearchResult Explore(string text, string strategy = StrategyNames.Dpor)
        => Explorer.Run(new SearchPlan(Read(text), new KernelConfiguration()) { Strategy = strategy, PreemptionsMax = null }, new SearchProgress(null));

    private static Scenario Read(string text) => ScenarioFile.Load(new Diagnostics("test.scenario", "scenario test\n" + text)).Scenario!;
}
