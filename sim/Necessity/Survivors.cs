using System.Collections.Frozen;

namespace Fscrypt.Sim.Necessity;

/// <summary>Why nothing breaks without a site.</summary>
/// <param name="Text">In a sentence.</param>
/// <param name="IsRedundant">Whether nothing can break on any schedule of these scenarios: what it does something else does as well.</param>
/// <param name="Other">The site that does it as well, if there is one: without both something breaks.</param>
public sealed record Survivor(string Text, bool IsRedundant = false, string? Other = null);

/// <summary>Why nothing breaks without a site: nothing uses it, another one does the same, or the scenarios do not need it.</summary>
public static class Survivors
{
    /// <summary>
    /// Reasons, by the names of sites, for the scenarios remove-vs-open, -unlock and -write and races/remove-vs-create and -list. A
    /// survivor that is neither here nor idle is open: it is printed as not explained.
    /// </summary>
    public static FrozenDictionary<string, Survivor> Reasons { get; } = new Dictionary<string, Survivor>(StringComparer.Ordinal)
    {
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The reason of a site that survives, or null.</summary>
    public static string? ReasonOf(NecessityRow row)
        => Reasons.TryGetValue(row.Site.Name, out var reason) ? (reason.IsRedundant ? "redundant: " : "") + reason.Text
            : !row.IsIdle ? null
            : row.Site.Kind == SiteKind.Lock ? "idle: no other thread takes the lock in any schedule"
            : "idle: it comes out the same in every schedule, with it and without it";

    /// <summary>Whether taking out a site makes no difference that anything could notice.</summary>
    public static bool IsEquivalent(NecessityRow row) => row.IsIdle || (Reasons.TryGetValue(row.Site.Name, out var reason) && reason.IsRedundant);
}
