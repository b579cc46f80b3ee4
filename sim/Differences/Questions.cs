using System.Collections.Immutable;

namespace Fscrypt.Sim.Differences;

/// <summary>What was in dispute between walking and invalidating, and ->drop_inode: a question each.</summary>
public static class Questions
{
    /// <summary>All of them.</summary>
    public static ImmutableArray<Question> All { get; } =
    [
        new("unused-inode", "an inode that nobody uses when the walk comes, on the LRU or not", ["cat d/f", "truncate d/f 0", "drop_caches 1"], 2) { BesideMax = 0 },
        new("put-after-the-walk", "a reference that is put after the walk, when no name is left", ["unlink p/g", "drop_caches 1"], 2)
        {
            SetUp = [.. Question.Tree, "root mkdir p", "root link d/f p/g"],
        },
        new("reclaimed-name", "the name of a file that was busy is reclaimed", ["close F", "drop_caches 2"], 2)
        {
            SetUp = [.. Question.Tree, "root open F d/f r"],
        },
        new("added-again", "the key comes back during the removal", ["add_key K1", "cat d/f"], 2),
        new("dirty-after-sync", "what is written after the removal synced", ["write F world", "close F"], 2)
        {
            SetUp = [.. Question.Tree, "root open F d/f rw"],
        },
        new("key-set-up", "inodes whose key is just being set up", ["cat d/f", "lstat d/f"], 2)
        {
            SetUp = [.. Question.Tree, "root sync", "root drop_caches 3"],
        },
    ];
}
