using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search.Reduction.Executions;

/// <summary>Lets a <see cref="CourseReducer"/> choose, at every step.</summary>
internal struct Following(CourseReducer reducer) : IStrategy
{
    public static bool Always => true;

    public readonly void Begin() => reducer.Begin();

    public readonly int Choose(KernelHost host, ulong enabled, int current) => reducer.Choose(host, enabled);

    public readonly int ChooseData(int options) => reducer.ChooseData();

    public readonly bool Next()
    {
        reducer.Next(out var exhausted);
        return !exhausted;
    }
}
