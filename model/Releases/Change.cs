using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Releases;

/// <summary>
/// A change of the kernel that makes no release wrong, only different: a named switch between two shapes of the same code.
/// What repaired something is a <see cref="Fix"/>.
/// </summary>
/// <param name="Name">What changed, in a few words.</param>
/// <param name="Commit">The commit; null where it is not known which one it was.</param>
/// <param name="Since">The first modelled release that has it.</param>
public sealed record Change(string Name, string? Commit, KernelRelease Since)
{
    /// <summary>iget_locked looks first without inode_hash_lock; a finder that meets an unhashed dying inode does not sleep.</summary>
    public static Change LocklessInodeLookup { get; } = new("inodes are looked up under RCU first", "7180f8d91fcb", Release("v6.12"));

    /// <summary>An inode with page cache is not on the LRU; the removal of its last page puts it there.</summary>
    public static Change PagesKeepInodesOffLru { get; } = new("inodes with page cache are kept off the LRU", "51b8c1fe250d", Release("v6.1"));

    /// <summary>unlink and rmdir keep the inode over d_delete, to tell watchers of it afterwards.</summary>
    public static Change DeletesNotifyLast { get; } = new("d_delete comes before the event of a deletion", "a37d9a17f099", Release("v6.1"));

    /// <summary>A dying dentry stays on its parent's list until its inode is put; d_prune_aliases kills by a shrink list.</summary>
    public static Change DyingDentriesStayListed { get; } = new("dentries are killed without their parents' locks", "1c18edd1b7a0", Release("v6.12"));

    /// <summary>open with O_CREAT and without O_EXCL looks for a cached file before it takes i_rwsem.</summary>
    public static Change CreatingOpensLookFirst { get; } = new("opens that may create look without the lock first", "e747e15156b7", Release("v6.12"));

    /// <summary>All changes the model knows, the oldest first.</summary>
    public static ImmutableArray<Change> All { get; } = [PagesKeepInodesOffLru, DeletesNotifyLast, DyingDentriesStayListed, LocklessInodeLookup, CreatingOpensLookFirst];

    /// <summary>Whether a release has it.</summary>
    public bool IsIn(KernelRelease release) => release.IsAtLeast(Since);

    public override string ToString() => Name;

    private static KernelRelease Release(string name) => KernelRelease.Named(name)!;
}
