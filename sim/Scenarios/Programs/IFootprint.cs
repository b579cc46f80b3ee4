namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>What a step touches.</summary>
internal interface IFootprint<TSelf>
    where TSelf : struct, IFootprint<TSelf>
{
    /// <summary>Whether the order of two steps makes a difference.</summary>
    bool DependsOn(in TSelf other);
}
