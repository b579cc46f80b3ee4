using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// What is so of each inode between any two steps, whatever the release. Where a sentence speaks of somebody's critical section
/// it is asked only while nobody holds i_lock.
/// </summary>
public static class InodeInvariants
{
    /// <summary>All of them.</summary>
    public static ImmutableArray<InodeInvariant> All { get; } =
    [
        new("a dying inode has no reference", (i, _) => !Has(i, InodeState.Dying) || i.Count.Peek == 0),
        new("I_WILL_FREE and I_FREEING are never set at once", (i, _) => (i.State.Peek & InodeState.Dying) != InodeState.Dying),
        new("a cleared inode is dying", (i, _) => !Has(i, InodeState.Clear) || Has(i, InodeState.Freeing)),
        new("a cleared inode is neither being written nor stripped", (i, _) => !Has(i, InodeState.Clear) || !Has(i, InodeState.Sync | InodeState.LruIsolating)),
        new("an inode that is I_NEW has a reference: its maker's", (i, _) => !Has(i, InodeState.New) || i.Count.Peek > 0),
        new("an inode on the LRU is not dying", (i, _) => i.Lock.IsHeld || !IsOnLru(i) || !Has(i, InodeState.Freeing)),
        new("i_lru is on a private list only if the inode is dying", (i, _) => !i.LruLink.Peek || IsOnLru(i) || Has(i, InodeState.Freeing)),
        new("a hashed inode is on s_inodes unless it is I_NEW or dying",
            (i, _) => !i.HashLink.Peek || i.SuperBlockLink.Peek || Has(i, InodeState.New | InodeState.Dying)),
        new("a live inode is the only hashed one with its number that is not dying", (i, all) => !i.HashLink.Peek || Has(i, InodeState.Dying) || IsOnlyOne(i, all)),
        new(IdleIsOnLru, (i, _) => i.Lock.IsHeld || !IsIdle(i) || IsOnLru(i)),
        new("i_count is not negative", (i, _) => i.Count.Peek >= 0),
    ];

    /// <summary>
    /// What two LRU walks can break since I_LRU_ISOLATING: the second takes off the LRU, as one that is not idle, an inode that the
    /// first strips, and nobody puts it back.
    /// </summary>
    public const string IdleIsOnLru = "an unused clean inode that may be cached is on the LRU, where reclaim finds it";

    /// <summary>The first sentence that is not so of some inode, or null.</summary>
    /// <param name="inodes">The inodes.</param>
    /// <param name="ignored">A sentence that is not asked.</param>
    public static string? FirstBroken(InodeCache inodes, string? ignored = null)
    {
        foreach (var invariant in All)
        {
            if (invariant.Sentence != ignored && !invariant.Holds(inodes))
                return invariant.Sentence;
        }

        return null;
    }

    private static bool Has(Inode inode, InodeState any) => (inode.State.Peek & any) != 0;

    private static bool IsOnLru(Inode inode) => inode.SuperBlock.InodeLru.PeekContains(inode);

    private static bool IsIdle(Inode inode)
        => inode.Count.Peek == 0 && inode.State.Peek is InodeState.None or InodeState.Referenced && inode.HashLink.Peek
            && inode.SuperBlock.Active.Peek && inode.Folio.Peek.Flags == FolioFlags.None;

    private static bool IsOnlyOne(Inode inode, InodeCache all)
    {
        for (var other = all.Hash.Peek(inode.HashKey); other != null; other = all.Hash.PeekAfter(other))
        {
            if (other != inode && !Has(other, InodeState.Dying))
                return false;
        }

        return true;
    }
}

/// <summary>A sentence about an inode that is so between any two steps.</summary>
/// <param name="Sentence">The sentence.</param>
/// <param name="HoldsOf">Whether it is so of an inode that is alive.</param>
public sealed record InodeInvariant(string Sentence, Func<Inode, InodeCache, bool> HoldsOf)
{
    /// <summary>Whether it is so of all inodes that are alive.</summary>
    public bool Holds(InodeCache inodes)
    {
        foreach (var inode in inodes.All)
        {
            if (inode.IsAlive && !HoldsOf(inode, inodes))
                return false;
        }

        return true;
    }
}
