using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>Sleep sets and nothing else, as <see cref="SleepSets"/>: every thread that can run and does not sleep is tried.</summary>
internal sealed class CourseSleepSets(AccessLog? earlier) : CourseReducer(earlier)
{
    protected override int TakePlanned(int length) => -1;

    protected override bool IsDone(int length, ulong awake) => awake == 0;

    protected override void Clear(int length)
    {
    }

    protected override void AtEnd(KernelHost host)
    {
    }
}
