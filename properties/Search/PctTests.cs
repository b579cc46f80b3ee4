using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

public sealed class PctTests : SamplingContract<Pct>
{
    private const int Executions = 20_000;

    protected override string Name => StrategyNames.Pct;

    protected override Pct Make(SearchPlan plan, ulong first = 0) => new(Profile.Of(plan), plan.Depth, plan.Seed, first);

    // One of four must be the last to run at all: depth 1, and the bound is reached exactly.
    [Fact]
    public void A_bug_of_depth_1_is_hit_as_often_as_is_proved()
        => AssertBound(depth: 1, threads: 4, """
            scenario late
            shared x = 0, own[3] = 0
            thread early * 3
              own[id] = 1
              own[id] = 2
              r = fetch_add(x, 1)
            thread late
              r = x
            never late.r == 3
            """);

    // One switch at one place: between a read and the write that follows it.
    [Fact]
    public void A_bug_of_depth_2_is_hit_as_often_as_is_proved()
        => AssertBound(depth: 2, threads: 2, """
            scenario between
            shared x = 0, own[2] = 0
            thread a
              repeat 5
                own[0] = 1
              end
              x = 1
              x = 2
              repeat 5
                own[0] = 1
              end
            thread b
              repeat 3
                own[1] = 1
              end
              r = x
            never b.r == 1
            """);

    // Two switches: away between two writes, and back between two reads.
    [Fact]
    public void A_bug_of_depth_3_is_hit_as_often_as_is_proved()
        => AssertBound(depth: 3, threads: 2, """
            scenario there-and-back
            shared x = 0, own[2] = 0
            thread a
              repeat 4
                own[0] = 1
              end
              x = 1
              x = 2
            thread b
              repeat 4
                own[1] = 1
              end
              r = x
              q = x
            never b.r == 1 && b.q == 2
            """);

    // A bug of depth 3 is none of depth 1: without a change of priority each thread runs through.
    [Fact]
    public void Without_a_change_of_priority_there_is_no_preemption()
    {
        var scenario = Sampled.Program("""
            scenario through
            shared x = 0
            thread t * 3
              r = x
              x = r + 1
            always x == 3
            """);
        var strategy = new Pct(Profile.Of(Sampled.Plan(scenario)), 1, 1);
        var schedules = Sampled.Schedules(scenario, strategy, 500).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["0 0 1 1 2 2", "0 0 2 2 1 1", "1 1 0 0 2 2", "1 1 2 2 0 0", "2 2 0 0 1 1", "2 2 1 1 0 0"], schedules);
    }

    [Fact]
    public void A_profile_knows_how_many_choices_there_are()
    {
        var scenario = Sampled.Program("""
            scenario six
            shared x = 0
            thread t * 2
              x = 1
              x = 2
              x = 3
            always x == 3
            """);
        var profile = Profile.Of(Sampled.Plan(scenario));
        Assert.Equal(6, profile.StepsMax);
        Assert.Equal(5, profile.ChoicesMax);             // the last thread to run has its last step without a rival
        Assert.Equal(1, profile.Contended);
        Assert.Equal(3L * Profile.Runs, profile.Events()[1]);
    }

    private static void AssertBound(int depth, int threads, string text)
    {
        var scenario = Sampled.Program(text);
        var profile = Profile.Of(Sampled.Plan(scenario));
        var bound = 1 / (threads * Math.Pow(profile.ChoicesMax, depth - 1));
        var hits = Sampled.Violating(scenario, new Pct(profile, depth, 1), Executions);
        var deviation = Math.Sqrt(Executions * bound * (1 - bound));
        Assert.True(hits >= (Executions * bound) - (3 * deviation), $"{hits} of {Executions}, k = {profile.ChoicesMax}, at least {bound:0.00000} is proved");
    }
}
