namespace Fscrypt.Sim.Search;

// A tally as it is kept in a checkpoint.
public sealed partial class Tally
{
    /// <summary>Writes all that was counted.</summary>
    internal void Write(BinaryWriter to)
    {
        foreach (var number in (ReadOnlySpan<long>)[Complete, Deadlocked, Cut, Blocked, AwaitBlocked, Violating, Ended, Steps, .. held, .. asked])
            to.Write(number);
        to.Write(givenUp.Count);
        foreach (var (why, count) in givenUp)
        {
            to.Write(why);
            to.Write(count);
        }

        to.Write(outcomes.Count);
        foreach (var (hash, outcome) in outcomes)
        {
            to.Write(hash);
            outcome.Write(to);
        }

        to.Write(violations.Count);
        foreach (var violation in violations.Values)
            violation.Write(to);
    }

    /// <summary>Adds what <see cref="Write"/> wrote.</summary>
    internal void Read(BinaryReader from)
    {
        var other = new Tally(held.Length)
        {
            Complete = from.ReadInt64(), Deadlocked = from.ReadInt64(), Cut = from.ReadInt64(), Blocked = from.ReadInt64(),
            AwaitBlocked = from.ReadInt64(), Violating = from.ReadInt64(), Ended = from.ReadInt64(), Steps = from.ReadInt64(),
        };
        foreach (ref var number in other.held.AsSpan())
            number = from.ReadInt64();
        foreach (ref var number in other.asked.AsSpan())
            number = from.ReadInt64();
        for (var left = from.ReadInt32(); left > 0; left--)
            other.givenUp.Add(from.ReadString(), from.ReadInt64());
        for (var left = from.ReadInt32(); left > 0; left--)
            other.outcomes.Add(from.ReadUInt64(), Outcome.Read(from));
        for (var left = from.ReadInt32(); left > 0; left--)
        {
            var violation = Violation.Read(from);
            other.violations.Add((violation.Rule, violation.Message), violation);
        }

        Add(other);
    }
}
