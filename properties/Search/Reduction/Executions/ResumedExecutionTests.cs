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

    // A search that learns of a late touch begins anew, knowing it: so must one that goes on from a checkpoint it wrote since.
    [Theory]
    [InlineData(StrategyNames.Dpor, 2)]
    [InlineData(StrategyNames.SleepSets, 7)]
    public void What_was_learnt_of_late_touches_is_kept(string strategy, int checkpoints)
    {
        var (met, kept, forgotten) = (0, 0, 0);
        var plan = new SearchPlan(Coroutines.Of(RandomThreads.Of(78)), new KernelConfiguration())
        {
            Strategy = strategy, PreemptionsMax = null, StepsMax = 10_000,
        };
        var whole = Explorer.Run(plan, new SearchProgress(null));
        for (var looks = 1; looks < whole.Tally.Executions; looks++)
        {
            byte[]? checkpoint = null;
            Run(plan, ref checkpoint, looks);
            if (WithoutLate(checkpoint!) is not { } ignorant)
                continue;
            met++;
            var next = checkpoint;
            kept += Run(plan, ref next, 1) != null && WithoutLate(next!) != null ? 1 : 0;
            next = ignorant;
            forgotten += Run(plan, ref next, 1) != null && WithoutLate(next!) == null ? 1 : 0;
            Run(plan, ref checkpoint, long.MaxValue);
            Assert.Equal(TextOf(whole), TextOf(last!));
        }

        Assert.True(met == checkpoints, $"{met} checkpoints with late touches");
        Assert.Equal(met - 1, kept);                     // the last of them has one execution left, and writes no other
        Assert.Equal(met - 1, forgotten);
    }

    // The same checkpoint of a search that learnt nothing; null if there was nothing to learn.
    private static byte[]? WithoutLate(byte[] checkpoint)
    {
        using var from = new BinaryReader(new MemoryStream(checkpoint), Encoding.UTF8);
        from.ReadInt64();
        new Tally(0).Read(from);
        new Tally(0).Read(from);
        from.ReadRow<ulong>();
        var start = (int)from.BaseStream.Position;
        var late = from.ReadRow<(ulong, int)>();
        return late.Length == 0 ? null : [.. checkpoint[..start], 0, 0, 0, 0, .. checkpoint[(int)from.BaseStream.Position..]];
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
