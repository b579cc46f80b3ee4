using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Releases;

/// <summary>A release of Linux, as far as it matters here. Releases compare by their place in time.</summary>
/// <param name="Name">As <c>--release</c> takes it: <c>v6.18</c>.</param>
/// <param name="Major">The number before the point.</param>
/// <param name="Minor">The number after it.</param>
public sealed record KernelRelease(string Name, int Major, int Minor) : IComparable<KernelRelease>
{
    /// <summary>All releases the model knows, the oldest first.</summary>
    public static ImmutableArray<KernelRelease> All { get; } =
    [
        new("v5.4", 5, 4), new("v5.6", 5, 6), new("v5.10", 5, 10), new("v5.11", 5, 11), new("v6.1", 6, 1), new("v6.7", 6, 7),
        new("v6.12", 6, 12), new("v6.18", 6, 18), new("v6.19", 6, 19),
    ];

    /// <summary>The release that is meant when none is named.</summary>
    public static KernelRelease Default { get; } = Named("v6.18")!;

    /// <summary>The release called <paramref name="name"/>, or null.</summary>
    public static KernelRelease? Named(string name) => All.FirstOrDefault(r => r.Name == name);

    /// <summary>Whether this release is <paramref name="other"/> or came after it.</summary>
    public bool IsAtLeast(KernelRelease other) => CompareTo(other) >= 0;

    public int CompareTo(KernelRelease? other)
        => other == null ? 1 : Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public override string ToString() => Name;
}
