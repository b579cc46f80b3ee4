using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>All that must never happen: the rules of this folder, and what the machine and the model watch at every step.</summary>
public static class RuleBook
{
    /// <summary>Names and meanings, for <c>list rules</c>.</summary>
    public static ImmutableArray<(string Name, string Summary)> All { get; } =
    [
        .. AtEnd().Select(r => (r.Name, r.Summary)),
        ("duplicate-name", "a name is in a directory once"),
        ("evicted-twice", "each inode is evicted once"),
        ("use-after-free", "nothing freed is touched"),
        ("no-key", "nothing is encrypted or decrypted without its key"),
        ("data-race", "plain accesses of one field are ordered"),
        ("reference-count", "no count goes below zero, and none comes back from a dying object"),
        ("lock-order", "locks nest in one order"),
        ("lock-misuse", "locks are released by who took them"),
        ("busy-at-umount", "an unmount that succeeds leaves no inode and no dentry in use"),
        ("sleep-in-atomic", "nobody sleeps with a spinlock, or in an RCU read section"),
        ("list-corruption", "nothing is on a list twice, or taken off a list that it is not on"),
        ("deadlock", "not all threads wait, and no thread waits for itself"),
        ("livelock", "threads that could end do not go round and round for ever; decided by the strategy states"),
        (Failure, "the model itself does not fail"),
    ];

    /// <summary>Whether a rule may be broken in one of two states that differ in nothing but in what happened before what.</summary>
    public static bool IsOfOrder(string rule) => rule is "data-race" or "use-after-free" or "lock-order";

    /// <summary>
    /// Whether the kernel goes on after a rule was broken as if nothing had happened: what notices it only looks. After the
    /// others nothing is known of what follows.
    /// </summary>
    public static bool IsLookedAtOnly(string rule)
        => rule is "lost-write" or "key-material" or "unlocked-inode" or "key-state" or "no-key-names" or "reference-leak"
            or "memory-leak" or "data-race" or "lock-order" or "sleep-in-atomic" or "deadlock" or "livelock";

    /// <summary>Those that are not asked for; the model's own failure always is.</summary>
    public static IEnumerable<string> NotAsked(Func<string, bool> isAskedFor)
        => All.Select(r => r.Name).Where(r => r != Failure && !isAskedFor(r));

    /// <summary>The rule that the model itself does not fail, without which nothing is known.</summary>
    public const string Failure = "exception";

    /// <summary>The rules that look at the kernel at the end of an execution.</summary>
    internal static ImmutableArray<IRule> AtEnd()
        =>
        [
            new AcknowledgedWrites(), new UnlockedInodes(), new KeyMaterial(), new KeyState(), new References(), new InodeRest(), new DentryNames(),
            new LostMemory(),
        ];
}
