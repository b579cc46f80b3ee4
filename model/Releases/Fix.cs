using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Releases;

/// <summary>A change that repaired the kernel, and that can be taken out again.</summary>
/// <param name="Slug">A short name, as <c>--without</c> takes it.</param>
/// <param name="Commit">The commit; null where it is not known for certain which one it was.</param>
/// <param name="Title">Its subject line; what it does, where there is no commit.</param>
/// <param name="First">The first release of Linux that had it; with ~ if that is not certain.</param>
/// <param name="Since">The first modelled release that has it: trees of a release that took it over later have it too.</param>
/// <param name="WithoutIt">What the code does without it.</param>
public sealed record Fix(string Slug, string? Commit, string Title, string First, KernelRelease Since, string WithoutIt)
{
    /// <summary>The commit, or the slug where none is known: what traces and reports call it.</summary>
    public string Id => Commit ?? Slug;

    /// <summary>The first modelled release that it can be taken out of.</summary>
    public KernelRelease RemovableFrom { get; init; } = Since;

    /// <summary>The last one: after it the code around is another.</summary>
    public KernelRelease RemovableTo { get; init; } = KernelRelease.All[^1];

    /// <summary>Whether it can be taken out of a release.</summary>
    public bool IsRemovableFrom(KernelRelease release) => release.IsAtLeast(RemovableFrom) && RemovableTo.IsAtLeast(release);

    /// <summary>All fixes the model knows, in the order of <see cref="Fixes"/>.</summary>
    public static ImmutableArray<Fix> All => Fixes.All;

    /// <summary>The fix that a commit or a slug names, or null.</summary>
    public static Fix? Named(string id) => All.FirstOrDefault(f => f.Commit == id || f.Slug == id);

    public override string ToString() => Id;
}

/// <summary>Which fixes a kernel has: those of its release, but for what was taken out.</summary>
/// <param name="release">The release.</param>
/// <param name="without">What was taken out.</param>
public sealed class FixSet(KernelRelease release, ImmutableArray<Fix> without)
{
    /// <summary>Whether the kernel has a fix.</summary>
    public bool Has(Fix fix) => release.IsAtLeast(fix.Since) && !without.Contains(fix);
}
