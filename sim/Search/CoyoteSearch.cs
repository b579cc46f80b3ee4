namespace Fscrypt.Sim.Search;

/// <summary>Sampling by Microsoft Coyote.</summary>
internal static class CoyoteSearch
{
    /// <summary>Carries out a plan.</summary>
    public static Tally Run(SearchPlan plan, Progress progress)
        => throw new NotSupportedException("not yet");
}
