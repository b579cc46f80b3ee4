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

    /// <summary>__mark_inode_dirty clears I_DIRTY_TIME before it calls ->dirty_inode, and sets I_DIRTY_SYNC after it.</summary>
    public static Change DirtyTimeGap { get; } = new("dirty times are taken over before ->dirty_inode", "cbfecb927f42", Release("v6.1"));

    /// <summary>sync_filesystem returns an error of ->sync_fs, at once; before, it was ignored.</summary>
    public static Change SyncReturnsErrors { get; } = new("sync_filesystem returns errors of ->sync_fs", "5679897eb104", Release("v6.1"));

    /// <summary>syncfs returns that writing some file's data failed since the descriptor was opened.</summary>
    public static Change SyncfsReportsWriteErrors { get; } = new("syncfs reports failed writes", "735e4ae5ba28", Release("v5.10"));

    /// <summary>drop_slab goes on while a turn frees more than one object, then more than two, four, …; before, more than ten.</summary>
    public static Change DropSlabHalves { get; } = new("drop_slab goes on until a turn frees almost nothing", null, Release("v6.1"));

    /// <summary>All changes the model knows, the oldest first.</summary>
    public static ImmutableArray<Change> All { get; } = [SyncfsReportsWriteErrors, PagesKeepInodesOffLru, DropSlabHalves, DirtyTimeGap, SyncReturnsErrors, LocklessInodeLookup];

    /// <summary>Whether a release has it.</summary>
    public bool IsIn(KernelRelease release) => release.IsAtLeast(Since);

    public override string ToString() => Name;

    private static KernelRelease Release(string name) => KernelRelease.Named(name)!;
}
