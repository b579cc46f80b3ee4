using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>What is so of each inode between any two steps, whatever the release, and of the lists that inodes are on.</summary>
public static class InodeInvariants
{
    /// <summary>
    /// What two LRU walks can break since I_LRU_ISOLATING: the second takes off the LRU, as one that is not idle, an inode that the
    /// first strips, and nobody puts it back.
    /// </summary>
    public const string IdleIsOnLru = "an unused clean inode that may be cached is on the LRU, where reclaim finds it";

    /// <summary>All of them, of one super block.</summary>
    internal static ImmutableArray<StateInvariant> Of(SuperBlock superBlock, InodeCache inodes)
    {
        StateInvariant Each(string sentence, Func<Inode, bool> holds) => StateInvariant.OfInodes(inodes, sentence, holds);
        return
        [
            Each("a dying inode has no reference", i => !Has(i, InodeState.Dying) || i.Count.Peek == 0),
            Each("I_WILL_FREE and I_FREEING are never set at once", i => (i.State.Peek & InodeState.Dying) != InodeState.Dying),
            Each("a cleared inode is dying", i => !Has(i, InodeState.Clear) || Has(i, InodeState.Freeing)),
            Each("a cleared inode is neither being written nor stripped",
                i => !Has(i, InodeState.Clear) || !Has(i, InodeState.Sync | InodeState.LruIsolating)),
            Each("a cleared inode has no page", i => !Has(i, InodeState.Clear) || i.Folio.Peek.Flags == FolioFlags.None),
            Each("an inode that is I_NEW has a reference: its maker's", i => !Has(i, InodeState.New) || i.Count.Peek > 0),
            Each("i_count is not negative", i => i.Count.Peek >= 0),
            Each("each alias of an inode has a reference on it", i => i.Lock.IsHeld || i.Count.Peek >= i.Aliases.PeekCount),
            Each("a directory has at most one alias", i => i.Lock.IsHeld || i.Type.Peek != FileType.Directory || i.Aliases.PeekCount <= 1),
            Each("an inode on the LRU is not dying", i => i.Lock.IsHeld || !IsOnLru(i) || !Has(i, InodeState.Freeing)),
            Each("i_lru is on a private list only if the inode is dying", i => !i.LruLink.Peek || IsOnLru(i) || Has(i, InodeState.Freeing)),
            Each("a hashed inode is on s_inodes unless it is I_NEW or dying",
                i => !i.HashLink.Peek || i.SuperBlockLink.Peek || Has(i, InodeState.New | InodeState.Dying)),
            Each("a hashed inode is found by its number", i => inodes.HashLock.IsHeld || !i.HashLink.Peek || IsFound(i, inodes)),
            Each("a live inode is the only hashed one with its number that is not dying",
                i => !i.HashLink.Peek || Has(i, InodeState.Dying) || IsOnlyOne(i, inodes)),
            Each("the key and the pages of a dying inode are gone before another one with its number is live",
                i => !i.HashLink.Peek || Has(i, InodeState.Dying) || !HasPredecessor(i, inodes)),
            Each(IdleIsOnLru, i => i.Lock.IsHeld || !IsIdle(i) || IsOnLru(i)),
            new("an inode that is freed was evicted, and is nowhere any more", () => FirstFreedInUse(inodes)),
            StateInvariant.OfWhole(superBlock, "s_inode_lru counts its inodes", () => superBlock.InodeLruLock.IsHeld
                || superBlock.InodeLru.PeekCount == Count(inodes, static (i, sb) => sb.InodeLru.PeekContains(i), superBlock)),
            StateInvariant.OfWhole(superBlock, "s_inodes counts its inodes", () => superBlock.InodeListLock.IsHeld
                || superBlock.Inodes.PeekCount == Count(inodes, static (i, sb) => sb.Inodes.PeekContains(i), superBlock)),
        ];
    }

    /// <summary>Whether an inode's state has any of some bits.</summary>
    internal static bool Has(Inode inode, InodeState any) => (inode.State.Peek & any) != 0;

    /// <summary>How many inodes, freed ones included, are somewhere.</summary>
    internal static int Count<TWhere>(InodeCache inodes, Func<Inode, TWhere, bool> isThere, TWhere where)
    {
        var count = 0;
        foreach (var inode in inodes.All)
            count += isThere(inode, where) ? 1 : 0;
        return count;
    }

    private static bool IsOnLru(Inode inode) => inode.SuperBlock.InodeLru.PeekContains(inode);

    private static bool IsIdle(Inode inode)
        => inode.Count.Peek == 0 && inode.State.Peek is InodeState.None or InodeState.Referenced && inode.HashLink.Peek
            && inode.SuperBlock.Active.Peek && inode.Folio.Peek.Flags == FolioFlags.None;

    private static bool IsFound(Inode inode, InodeCache inodes)
    {
        var found = inodes.Hash.Peek(inode.HashKey);
        while (found != null && found != inode)
            found = inodes.Hash.PeekAfter(found);
        return found == inode;
    }

    private static bool IsOnlyOne(Inode inode, InodeCache inodes)
    {
        for (var other = inodes.Hash.Peek(inode.HashKey); other != null; other = inodes.Hash.PeekAfter(other))
        {
            if (other != inode && !Has(other, InodeState.Dying))
                return false;
        }

        return true;
    }

    private static bool HasPredecessor(Inode inode, InodeCache inodes)
    {
        foreach (var other in inodes.All)
        {
            var hasAny = other.CryptInfo.Peek != null || other.Folio.Peek.Flags != FolioFlags.None;
            if (hasAny && other != inode && other.IsAlive && other.Number.Peek == inode.Number.Peek && Has(other, InodeState.Dying))
                return true;
        }

        return false;
    }

    // One that was made in vain, because somebody else's was in the hash first, goes without an eviction.
    private static Inode? FirstFreedInUse(InodeCache inodes)
    {
        foreach (var i in inodes.All)
        {
            if (i.IsAlive)
                continue;
            var isLinked = i.HashLink.Peek || i.SuperBlockLink.Peek || i.LruLink.Peek || i.WritebackLink.Peek || i.UnderWritebackLink.Peek;
            var wasEvicted = i.Evicted.Value.Order != 0 && i.State.Peek == (InodeState.Freeing | InodeState.Clear);
            var wasInVain = i.Evicted.Value.Order == 0 && i.State.Peek == InodeState.None;
            if (isLinked || i.Aliases.PeekCount != 0 || i.CryptInfo.Peek != null || !(wasEvicted || wasInVain))
                return i;
        }

        return null;
    }
}
