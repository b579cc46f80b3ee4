using System.Collections.Immutable;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model;

/// <summary>Which kernel: the release, what was taken out of it, and what REMOVE does with the key's inodes.</summary>
public sealed record KernelConfiguration
{
    /// <summary>The release.</summary>
    public KernelRelease Release { get; init; } = KernelRelease.Default;

    /// <summary>What REMOVE does with the key's inodes.</summary>
    public Design Design { get; init; } = Design.DropInode;

    /// <summary>The file system that is mounted.</summary>
    public FileSystemType FileSystem { get; init; } = FileSystemType.Ext4;

    /// <summary>Fixes taken out.</summary>
    public ImmutableArray<Fix> Without { get; init; } = [];

    /// <summary>The fixes that the kernel has.</summary>
    public FixSet FixesIn => new(Release, Without);

    /// <summary>Whether the kernel has a fix.</summary>
    public bool Has(Fix fix) => FixesIn.Has(fix);

    /// <summary>Why the combination makes no sense, in a sentence with a remedy, or null.</summary>
    public string? Refusal()
    {
        foreach (var fix in Without)
        {
            if (!Release.IsAtLeast(fix.RemovableFrom))
            {
                return $"--without {fix.Id}: {Release} does not have that fix yet; the nearest release where it can be taken out "
                    + $"is {fix.RemovableFrom}";
            }

            if (!fix.IsRemovableFrom(Release))
                return $"--without {fix.Id}: the code around it is another in {Release}; the nearest release where it can be taken out is {fix.RemovableTo}";
        }

        return null;
    }
}
