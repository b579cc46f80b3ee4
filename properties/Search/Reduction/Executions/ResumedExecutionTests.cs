using System.Text;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Checkpoints;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>Searches that are stopped after every few executions, or states, and gone on with on another machine.</summary>
public sealed class ResumedExecutionTests
{
    [Theory]
    [InlineData(StrategyNames.Dpor)]
    [InlineData(StrategyNames.SleepSets)]
    [InlineData(StrategyNames.States)]
    public void Random_threads_come_to_the_same(string strategy)
    {
        var (pauses, blocked, found) = (0, 0L, 0);
        for (var seed = 0; seed < 200; seed++)
        {
            var plan = new SearchPlan(Coroutines.Of(RandomThreads.Of(seed), seed % 2 == 0), new KernelConfiguration())
            {
                Strategy = strategy, PreemptionsMax = null, StepsMax = strategy == StrategyNames.States ? int.MaxValue : 10_000,
            };
            if (Explorer.Run(plan, new SearchProgress(null)) is not { Tally.Executions: < 2_000 } whole)
                continue;
            var looks = Math.Max(2, Math.Max(whole.Tally.Executions, whole.Tally.States?.Transitions ?? 0) / 7);
            byte[]? checkpoint = null;
            for (; Run(plan, ref checkpoint, looks) is { } part; pauses++)
                Assert.True(part.Interrupted, "it was stopped");
            Assert.Equal(TextOf(whole), TextOf(last!));
            blocked += whole.Tally.Blocked;
            found += whole.Tally.Violations.Count;
        }

        Assert.True(pauses > 50 && found > 15, $"{pauses} pauses, {found} findings");
        Assert.Equal(strategy == StrategyNames.SleepSets, blocked > 100);
    }

    private SearchResult? last;

    // The search up to its next stop; null if it came to its end.
    private SearchResult? Run(SearchPlan plan, ref byte[]? checkpoint, long looks)
    {
        byte[]? saved = null;
        using var interruption = new Interruption(Save, TimeSpan.FromHours(1))
        {
            From = checkpoint == null ? null : new BinaryReader(new MemoryStream(checkpoint), Encoding.UTF8),
            StopsAfter = looks,
        };
        last = Explorer.Run(plan, new SearchProgress(null), interruption);
        checkpoint = saved;
        return last.Interrupted ? last : null;

        void Save(Action<BinaryWriter> position)
        {
            using var to = new MemoryStream();
            using (var writer = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true))
                position(writer);
            saved = to.ToArray();
        }
    }

    private static string TextOf(SearchResult result)
    {
        var tally = result.Tally;
        var text = new StringBuilder(FormattableString.Invariant($"{result.Verdict} {result.Covered} {tally.Complete} {tally.Deadlocked} {tally.Blocked} {tally.AwaitBlocked} "));
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{tally.Cut} {tally.Steps} {tally.Violating} {tally.Ended} {tally.States}\n");
        foreach (var v in tally.Violations)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{v.Rule}: {v.Message} {v.Count} {v.Steps} {v.Preemptions} {v.PreemptionsFewest} {string.Join(',', v.Schedule.ToArray())}\n");
        return text.ToString();
    }
}
