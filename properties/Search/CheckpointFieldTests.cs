using System.Diagnostics;
using System.Text;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Checkpoints;
using Xunit;
using Xunit.Abstractions;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>
/// Each field of a checkpoint of a program's reducing search counts. Its file is refused for its sum if one is changed
/// (CheckpointTests); with the right sum the search that goes on fails, or comes to something else, which the tests that
/// compare reports would see. A field is a place in the program that writes one: some change of what it writes is noticed.
/// </summary>
public sealed class CheckpointFieldTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("textbook/philosophers3", StrategyNames.Dpor, 3)]
    [InlineData("textbook/inc3", StrategyNames.SleepSets, 10)]
    public void Each_field_counts(string name, string strategy, int looks)
    {
        var plan = new SearchPlan(ScenarioLibrary.Named(name)!, new KernelConfiguration())
        {
            Strategy = strategy, PreemptionsMax = null, ExecutionsMax = 5_000, StepsMax = 10_000,
        };
        var whole = TextOf(Explorer.Run(plan, new SearchProgress(null)));
        var checkpoint = Interrupted(plan, looks);
        Assert.Equal(whole, TextOf(Resumed(plan, checkpoint.Bytes)));
        var noticed = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var field in checkpoint.Fields)
        {
            noticed.TryAdd(field.Where, false);
            if (!noticed[field.Where])
                noticed[field.Where] = Changed(checkpoint.Bytes, field).Any(b => IsNoticed(plan, b, whole));
        }

        foreach (var (where, isNoticed) in noticed)
            output.WriteLine($"{(isNoticed ? "noticed" : "UNNOTICED")} {where}");
        Assert.Empty(noticed.Where(n => !n.Value).Select(n => n.Key));
    }

    private static IEnumerable<byte[]> Changed(byte[] bytes, Field field)
    {
        foreach (var change in new[] { 1, 2, 0x80 })
        {
            var other = bytes.ToArray();
            other[field.Start] ^= (byte)change;
            yield return other;
            if (field.Length > 8)
            {
                other = bytes.ToArray();
                other[field.Start + (field.Length / 2)] ^= (byte)change;
                yield return other;
            }
        }

        yield return [.. bytes[..field.Start], .. bytes[(field.Start + field.Length)..]];
    }

    private static bool IsNoticed(SearchPlan plan, byte[] checkpoint, string whole)
    {
        try
        {
            return TextOf(Resumed(plan, checkpoint)) != whole;
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            return true;
        }
    }

    private static (byte[] Bytes, List<Field> Fields) Interrupted(SearchPlan plan, long looks)
    {
        using var to = new MemoryStream();
        using var writer = new FieldWriter(to);
        using var interruption = new Interruption(position => position(writer), TimeSpan.FromHours(1)) { StopsAfter = looks };
        Assert.True(Explorer.Run(plan, new SearchProgress(null), interruption).Interrupted);
        writer.Flush();
        return (to.ToArray(), writer.Fields);
    }

    private static SearchResult Resumed(SearchPlan plan, byte[] checkpoint)
    {
        using var interruption = new Interruption { From = new BinaryReader(new MemoryStream(checkpoint), Encoding.UTF8) };
        return Explorer.Run(plan, new SearchProgress(null), interruption);
    }

    private static string TextOf(SearchResult result)
    {
        var tally = result.Tally;
        var text = new StringBuilder(FormattableString.Invariant(
            $"{result.Verdict} {result.Reason} {result.Covered} {tally.Complete} {tally.Deadlocked} {tally.Blocked} {tally.AwaitBlocked} "));
        text.Append(FormattableString.Invariant($"{tally.Cut} {tally.Steps} {tally.Violating} {tally.Ended} {tally.States}\n"));
        foreach (var outcome in tally.Outcomes)
            text.Append(FormattableString.Invariant($"{outcome.Count} {outcome}\n"));
        foreach (var v in tally.Violations)
        {
            text.Append(FormattableString.Invariant(
                $"{v.Rule}: {v.Message} {v.Count} {v.Steps} {v.Preemptions} {v.PreemptionsFewest} {string.Join(',', v.Schedule.ToArray())}\n"));
        }

        return text.ToString();
    }

    /// <summary>Something that a search wrote.</summary>
    /// <param name="Where">The place in the program.</param>
    /// <param name="Start">Where in the checkpoint.</param>
    /// <param name="Length">How many bytes.</param>
    private sealed record Field(string Where, int Start, int Length);

    // Notes each thing that is written; of a row its numbers, not how many they are.
    private sealed class FieldWriter(Stream to) : BinaryWriter(to, Encoding.UTF8, leaveOpen: true)
    {
        public List<Field> Fields { get; } = [];

        public override void Write(bool value) => Note(() => base.Write(value));

        public override void Write(byte value) => Note(() => base.Write(value));

        public override void Write(short value) => Note(() => base.Write(value));

        public override void Write(int value) => Note(() => base.Write(value));

        public override void Write(long value) => Note(() => base.Write(value));

        public override void Write(ulong value) => Note(() => base.Write(value));

        public override void Write(double value) => Note(() => base.Write(value));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var start = (int)OutStream.Position;
            base.Write(buffer);
            if (buffer.Length > 0)
                Fields.Add(new Field(Place(), start, buffer.Length));
        }

        private void Note(Action write)
        {
            var start = (int)OutStream.Position;
            write();
            Fields.Add(new Field(Place(), start, (int)OutStream.Position - start));
        }

        private static string Place()
        {
            var frames = new StackTrace(2).GetFrames();
            var writer = frames.First(f => f.GetMethod()?.DeclaringType is { } t && t != typeof(FieldWriter) && t.Name != "Rows" && t != typeof(BinaryWriter));
            var isLength = frames.Any(f => f.GetMethod()?.Name.StartsWith("WriteRow", StringComparison.Ordinal) == true);
            var method = writer.GetMethod()!;
            return FormattableString.Invariant($"{method.DeclaringType!.Name}.{method.Name}+{writer.GetILOffset()}{(isLength ? " row" : "")}");
        }
    }
}
