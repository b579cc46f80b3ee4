using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Reduction.Executions;

// Where such a search is, when it has gone back to the steps that the next execution begins with.
internal abstract partial class CourseReducer
{
    /// <summary>Writes the steps to follow, what sleeps, and what was learnt.</summary>
    public virtual void Write(BinaryWriter to)
    {
        to.WriteRow<ulong>(log.Names());
        to.WriteRow<(ulong, int)>([.. log.Late]);
        Course.Write(to);
        to.WriteRow<int>(sleepersAt.AsSpan(0, Course.Length + 1));
        to.Write(sleepers.Count);
        foreach (var sleeper in sleepers)
        {
            to.Write(sleeper.Turn);
            to.Write(sleeper.Options);
            WriteFootprint(to, sleeper.Footprint);
        }

        to.Write(next);
        to.Write(SawWaiting);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, at the beginning.</summary>
    public virtual void Read(BinaryReader from)
    {
        log.Restore(from.ReadRow<ulong>(), from.ReadRow<(ulong, int)>());
        Course.Read(from);
        given = Course.Length;
        var starts = from.ReadRow<int>();
        sleepersAt = new int[Math.Max(sleepersAt.Length, starts.Length)];
        starts.CopyTo(sleepersAt, 0);
        for (var left = from.ReadInt32(); left > 0; left--)
            sleepers.Add(new Sleeper(from.ReadInt32(), from.ReadInt32(), ReadFootprint(from)));
        next = from.ReadInt32();
        SawWaiting = from.ReadBoolean();
    }

    /// <summary>Writes what a step touches.</summary>
    protected static void WriteFootprint(BinaryWriter to, Footprint footprint)
    {
        to.Write(footprint.Number);
        to.Write(footprint.Ends);
    }

    /// <summary>Reads what <see cref="WriteFootprint"/> wrote.</summary>
    protected Footprint ReadFootprint(BinaryReader from) => new(Course.Footprints, from.ReadInt32(), from.ReadBoolean());
}
