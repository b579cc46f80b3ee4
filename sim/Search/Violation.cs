using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>Executions in which the same was found, and the smallest schedule among them (length, then lexicographic).</summary>
public sealed class Violation
{
    private short[] schedule;

    internal Violation(Finding finding, ReadOnlySpan<short> schedule, int preemptions, int steps)
    {
        Rule = finding.Rule;
        Message = finding.Message;
        this.schedule = schedule.ToArray();
        Preemptions = PreemptionsFewest = preemptions;
        Steps = steps;
        Count = 1;
    }

    private Violation(string rule, string message, short[] schedule)
    {
        Rule = rule;
        Message = message;
        this.schedule = schedule;
    }

    /// <summary>The rule that is broken.</summary>
    public string Rule { get; }

    /// <summary>What was found.</summary>
    public string Message { get; }

    /// <summary>Executions in which it was found.</summary>
    public long Count { get; private set; }

    /// <summary>The smallest schedule that shows it.</summary>
    public ReadOnlySpan<short> Schedule => schedule;

    /// <summary>Steps of that schedule's execution.</summary>
    public int Steps { get; private set; }

    /// <summary>Preemptions of that schedule.</summary>
    public int Preemptions { get; private set; }

    /// <summary>The fewest preemptions of any execution that shows it.</summary>
    public int PreemptionsFewest { get; private set; }

    /// <summary>Orders by the schedule: length, then lexicographic.</summary>
    public static int BySchedule(Violation a, Violation b) => Compare(a.schedule, b.schedule);

    internal void Write(BinaryWriter to)
    {
        to.Write(Rule);
        to.Write(Message);
        to.WriteRow<short>(schedule);
        to.Write(Count);
        to.Write(Steps);
        to.Write(Preemptions);
        to.Write(PreemptionsFewest);
    }

    internal static Violation Read(BinaryReader from) => new(from.ReadString(), from.ReadString(), from.ReadRow<short>())
    {
        Count = from.ReadInt64(), Steps = from.ReadInt32(), Preemptions = from.ReadInt32(), PreemptionsFewest = from.ReadInt32(),
    };

    internal void AddOne() => Count++;

    internal void Add(ReadOnlySpan<short> other, int preemptions, int steps)
    {
        Count++;
        PreemptionsFewest = Math.Min(PreemptionsFewest, preemptions);
        if (Compare(other, schedule) >= 0)
            return;
        schedule = other.ToArray();
        Preemptions = preemptions;
        Steps = steps;
    }

    internal void Add(Violation other)
    {
        Add(other.schedule, other.Preemptions, other.Steps);
        Count += other.Count - 1;
        PreemptionsFewest = Math.Min(PreemptionsFewest, other.PreemptionsFewest);
    }

    /// <summary>Orders schedules: length, then lexicographic.</summary>
    internal static int Compare(ReadOnlySpan<short> a, ReadOnlySpan<short> b)
        => a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.SequenceCompareTo(b);
}
