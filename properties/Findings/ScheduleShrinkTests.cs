using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Findings;

/// <summary>Schedules lose what has nothing to do with the finding, and end there.</summary>
public static class ScheduleShrinkTests
{
    private const string Bystander = """
        scenario bystander
        shared x = 0, y = 0
        lock l[2]
        thread a
          x = 1
          acquire l[0]
          acquire l[1]
        thread b
          x = 2
          acquire l[1]
          acquire l[0]
        thread bystander
          y = 1
          y = 2
          r = y
        """;

    // Everybody is preempted all the time, and the bystander runs in between.
    private static readonly short[] Long = [2, 0, 2, 1, 0, 2, 1];

    [Fact]
    public static void A_thread_that_has_nothing_to_do_with_it_does_not_run()
    {
        var plan = Plan(Bystander);
        var before = TraceOf(plan, Long, "deadlock");
        using var shrinker = new ScheduleShrinker(plan, "deadlock", before.Finding.Message);
        var schedule = shrinker.Run(Long);
        Assert.DoesNotContain((short)2, schedule);
        Assert.Equal(before.Schedule, Long);
        ExpectedText.Compare("shrunk-schedule.txt", $"{Columns.Of(before)}\n{Columns.Of(TraceOf(plan, schedule, "deadlock"))}");
    }

    [Fact]
    public static void What_random_schedules_find_is_found_with_less()
    {
        var (found, shorter) = (0, 0);
        for (var seed = 0; seed < 700; seed++)
        {
            var plan = Plan($"scenario random{seed}\n{RandomProgram.Text(40_000 + seed)}") with
            {
                Strategy = StrategyNames.Random, ExecutionsMax = 1, PreemptionsMax = null, Seed = (ulong)seed,
            };
            foreach (var violation in Explorer.Run(plan, new SearchProgress(null)).Tally.Violations)
            {
                using var shrinker = new ScheduleShrinker(plan, violation.Rule, violation.Message);
                var schedule = shrinker.Run(violation.Schedule);
                var trace = TraceOf(plan, schedule, violation.Rule);
                Assert.Equal(trace.Schedule, schedule);            // it ends at the finding
                Assert.True(schedule.Length <= violation.Schedule.Length && trace.Preemptions <= violation.Preemptions, $"{seed}");
                Assert.Equal(schedule, shrinker.Run(schedule));
                found++;
                shorter += schedule.Length < violation.Schedule.Length
                    || ScheduleShrinker.SwitchesOf(schedule) < ScheduleShrinker.SwitchesOf(violation.Schedule) ? 1 : 0;
            }
        }

        Assert.True(found > 40 && shorter > 15, $"{found} {shorter}");
    }

    private static Trace TraceOf(SearchPlan plan, short[] schedule, string rule)
    {
        using var recording = new Recording(plan, schedule);
        return recording.TraceOf(rule);
    }

    private static SearchPlan Plan(string text)
        => new(ScenarioFile.Load(new Diagnostics("test", text)).Scenario!, new KernelConfiguration());
}
