using System.Collections.Immutable;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// What is so of each dentry between any two steps, whatever the release, and of the lists that dentries are on. Nearly all of it
/// is guarded by d_lock: who kills, hashes, lists or attaches does so in one section.
/// </summary>
public static class DentryInvariants
{
    /// <summary>All of them, of one super block.</summary>
    internal static ImmutableArray<StateInvariant> Of(SuperBlock superBlock, DentryCache dentries)
    {
        StateInvariant Each(string sentence, Func<Dentry, bool> holds)
            => StateInvariant.OfDentries(dentries, sentence, d => IsLocked(d) || holds(d));
        return
        [
            Each("a dead dentry is not hashed", d => !IsDead(d) || !d.HashLink.Peek),
            Each("a dead dentry has no inode", d => !IsDead(d) || d.Inode.Peek == null),
            Each("a dead dentry has no children", d => !IsDead(d) || d.Children.PeekCount == 0),
            Each("a dead dentry is not on s_dentry_lru", d => !IsDead(d) || !superBlock.DentryLru.PeekContains(d)),
            Each("a count below zero is that of a dead dentry", d => d.Ref.Peek is >= 0 or LockRef.DeadCount),
            Each("a killed dentry is dead and off its parent's list",
                d => !Has(d, DentryFlags.Killed) || (IsDead(d) && !d.ChildLink.Peek)),
            Each("who may free a dentry finds it killed, on a shrink list",
                d => !Has(d, DentryFlags.MayFree) || (Has(d, DentryFlags.Killed) && Has(d, DentryFlags.ShrinkList))),
            Each("a dentry with an inode is one of its aliases",
                d => d.Inode.Peek is not { } inode || inode.Aliases.PeekContains(d)),
            Each("a dentry without an inode is nobody's alias, and linked so only while it is looked up",
                d => d.Inode.Peek != null || !d.AliasLink.Peek || Has(d, DentryFlags.ParallelLookup)),
            Each("the entry type says whether a dentry has an inode",
                d => IsDead(d) || Has(d, DentryFlags.Positive) == (d.Inode.Peek != null)),
            Each("a dentry that can be found is on its parent's list",
                d => !d.HashLink.Peek || d.Parent.Peek is not { } p || IsLocked(p) || p.Children.PeekContains(d)),
            Each("a dentry on a list of children is below whose list it is",
                d => !d.ChildLink.Peek || d.Parent.Peek is not { } p || IsLocked(p) || p.Children.PeekContains(d)),
            Each("each child has a reference on its parent",
                d => d.Children.PeekCount == 0 || d.Ref.Peek >= d.Children.PeekCount),
            Each("DCACHE_LRU_LIST says whether d_lru is on a list", d => Has(d, DentryFlags.LruList) == d.LruLink.Peek),
            Each("a dentry on a shrink list has DCACHE_LRU_LIST too",
                d => !Has(d, DentryFlags.ShrinkList) || Has(d, DentryFlags.LruList)),
            Each("DCACHE_SHRINK_LIST says whether the list is somebody's own",
                d => !d.LruLink.Peek || superBlock.DentryLru.PeekContains(d) != Has(d, DentryFlags.ShrinkList)),
            Each("a hashed dentry is found by its name",
                d => dentries.HashLock.IsHeld || !d.HashLink.Peek || IsFound(d, dentries)),
            Each("a directory has one hashed dentry of a name",
                d => dentries.HashLock.IsHeld || !d.HashLink.Peek || IsOnlyOne(d, dentries)),
            new("a dentry that is freed was killed, and is nowhere any more", () => FirstFreedInUse(dentries)),
            StateInvariant.OfWhole(superBlock, "s_dentry_lru counts its dentries", () => superBlock.DentryLruLock.IsHeld
                || superBlock.DentryLru.PeekCount == CountOnLru(superBlock, dentries)),
            Each("an unused dentry can be found, and is where reclaim finds it",
                d => d.Ref.Peek != 0 || (d.HashLink.Peek && d.LruLink.Peek)) with { AtRest = true },
            Each("nobody has a shrink list", d => !Has(d, DentryFlags.ShrinkList)) with { AtRest = true },
        ];
    }

    private static bool IsDead(Dentry dentry) => dentry.Ref.Peek < 0;

    private static bool IsLocked(Dentry dentry) => dentry.Ref.Holder >= 0;

    private static bool Has(Dentry dentry, DentryFlags flag) => (dentry.Flags.Peek & flag) != 0;

    private static int CountOnLru(SuperBlock superBlock, DentryCache dentries)
    {
        var count = 0;
        foreach (var dentry in dentries.All)
            count += superBlock.DentryLru.PeekContains(dentry) ? 1 : 0;
        return count;
    }

    private static bool IsFound(Dentry dentry, DentryCache dentries)
    {
        var found = dentries.Hash.Peek(dentry.HashKey);
        while (found != null && found != dentry)
            found = dentries.Hash.PeekAfter(found);
        return found == dentry;
    }

    private static bool IsOnlyOne(Dentry dentry, DentryCache dentries)
    {
        for (var other = dentries.Hash.Peek(dentry.HashKey); other != null; other = dentries.Hash.PeekAfter(other))
        {
            if (other != dentry && other.Parent.Peek == dentry.Parent.Peek && other.FileName.Peek == dentry.FileName.Peek)
                return false;
        }

        return true;
    }

    private static Dentry? FirstFreedInUse(DentryCache dentries)
    {
        foreach (var d in dentries.All)
        {
            if (d.IsAlive)
                continue;
            var isLinked = d.HashLink.Peek || d.AliasLink.Peek || d.LruLink.Peek || d.ChildLink.Peek;
            if (isLinked || !IsDead(d) || d.Children.PeekCount != 0)
                return d;
        }

        return null;
    }
}
