using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>What REMOVE does with the inodes of the key, as <c>--design</c> names it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Summary">One line.</param>
public sealed record Design(string Name, string Summary)
{
    /// <summary>What Linux has since 5.4.</summary>
    public static Design DropInode { get; } = new("drop-inode", "take a reference, kill the dentries, put it: ->drop_inode evicts (Linux 5.4)");

    /// <summary>The patch of February 2019, without any test for dirty inodes.</summary>
    public static Design Walk { get; } = new("walk-and-invalidate", "kill dentries, then I_FREEING on the list's unused inodes (RFC v2 11/20)");

    /// <summary>The same, leaving dirty inodes alone.</summary>
    public static Design WalkSkipDirty { get; } = new("walk-and-invalidate-skip-dirty", "the same, but dirty inodes are left alone");

    /// <summary>The same, leaving every inode alone that is in any state but I_REFERENCED.</summary>
    public static Design WalkSkipBusy { get; } = new("walk-and-invalidate-skip-busy", "the same, but inodes in any state except I_REFERENCED are left alone");

    /// <summary>All designs.</summary>
    public static ImmutableArray<Design> All { get; } = [Walk, WalkSkipDirty, WalkSkipBusy, DropInode];

    /// <summary>The design called <paramref name="name"/>, or null.</summary>
    public static Design? Named(string name) => All.FirstOrDefault(d => d.Name == name);

    public override string ToString() => Name;
}
