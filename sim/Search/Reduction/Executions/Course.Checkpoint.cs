using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Reduction.Executions;

// A course as it is kept in a checkpoint: what its steps were known to touch, and not what it takes to run them.
internal sealed partial class Course
{
    /// <summary>Writes the steps, and the sets of accesses that any step had.</summary>
    public void Write(BinaryWriter to)
    {
        footprints.Write(to);
        to.Write(width);
        to.WriteRow<CourseStep>(steps.AsSpan(0, Length));
        to.WriteRow<ulong>(enabled.AsSpan(0, Length + 1));
        to.WriteRow<Touch>(touches.AsSpan(0, Length == 0 ? 0 : steps[Length - 1].TouchesEnd));
        to.WriteRow<int>(clocks.AsSpan(0, Length * width));
        to.WriteRow<int>(lastOnCell);
        to.WriteRow<int>(lastOfThread);
        to.WriteRow<int>(createdBy);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, at the beginning.</summary>
    public void Read(BinaryReader from)
    {
        footprints.Read(from);
        width = from.ReadInt32();
        var known = from.ReadRow<CourseStep>();
        Length = known.Length;
        var room = Math.Max(64, Length);
        steps = new CourseStep[room];
        enabled = new ulong[room + 1];
        clocks = new int[room * width];
        known.CopyTo(steps, 0);
        from.ReadRow<ulong>().CopyTo(enabled, 0);
        var some = from.ReadRow<Touch>();
        touches = new Touch[Math.Max(1024, some.Length)];
        some.CopyTo(touches, 0);
        from.ReadRow<int>().CopyTo(clocks, 0);
        lastOnCell = from.ReadRow<int>();
        lastOfThread = from.ReadRow<int>();
        createdBy = from.ReadRow<int>();
    }
}
