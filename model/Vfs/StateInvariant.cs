using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// A sentence about a kernel that is so between any two steps. What a lock guards is asked only while nobody holds that lock.
/// </summary>
/// <param name="Sentence">The sentence.</param>
/// <param name="FindBroken">The first object of which it is not so, or null. Looks, changes nothing, and allocates nothing.</param>
public sealed record StateInvariant(string Sentence, Func<KernelObject?> FindBroken)
{
    /// <summary>Whether it is so only while no system call is under way: somebody who is about to make it so is in the middle of one.</summary>
    public bool AtRest { get; init; }

    /// <summary>A sentence about each inode in memory.</summary>
    internal static StateInvariant OfInodes(InodeCache inodes, string sentence, Func<Inode, bool> holds) => new(sentence, () =>
    {
        foreach (var inode in inodes.All)
        {
            if (inode.IsAlive && !holds(inode))
                return inode;
        }

        return null;
    });

    /// <summary>A sentence about each dentry in memory.</summary>
    internal static StateInvariant OfDentries(DentryCache dentries, string sentence, Func<Dentry, bool> holds) => new(sentence, () =>
    {
        foreach (var dentry in dentries.All)
        {
            if (dentry.IsAlive && !holds(dentry))
                return dentry;
        }

        return null;
    });

    /// <summary>A sentence about a whole: a list and its count.</summary>
    internal static StateInvariant OfWhole(KernelObject whole, string sentence, Func<bool> holds) => new(sentence, () => holds() ? null : whole);
}
