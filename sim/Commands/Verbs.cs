namespace Fscrypt.Sim.Commands;

/// <summary>What the help of each verb shows at its end.</summary>
internal static class Verbs
{
    /// <summary>Two command lines for each verb, without the program's name.</summary>
    public static IReadOnlyDictionary<string, string[]> Examples { get; } = new Dictionary<string, string[]>
    {
        ["compare"] =
        [
            "compare",
            "compare remove-vs-write --design drop-inode,drop-caches-3 --differences",
        ],
        ["cost"] =
        [
            "cost remove-vs-open --design drop-inode,drop-caches-3 --preemptions 1",
            "cost --unlocked 10000 --bystanders 100000 --dirty 10",
        ],
        ["bugs"] =
        [
            "bugs",
            "bugs A1 nokey-create-duplicate --json",
        ],
        ["explore"] =
        [
            "explore remove-vs-write --release v5.4",
            "explore remove-vs-open --design walk-and-invalidate --strategy random --executions 100000 --seed 7",
        ],
        ["why"] =
        [
            "why remove-vs-write",
            "why remove-vs-write --site 'fscrypt_drop_inode: dirty' --preemptions 3",
        ],
        ["replay"] =
        [
            "replay out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json",
            "replay --quiet out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json",
        ],
        ["shrink"] =
        [
            "shrink out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json",
            "shrink out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json --out smaller",
        ],
        ["explain"] =
        [
            "explain out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json",
            "explain out/remove-vs-write-shrunk-drop-inode-v5.4-lost-write.trace.json",
        ],
        ["show"] =
        [
            "show out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json --format kernel-test",
            "show out/remove-vs-write-drop-inode-v5.4-lost-write.trace.json --format kernel-test --out test",
        ],
        ["merge"] =
        [
            "merge part1.json part2.json",
            "merge parts/*.json",
        ],
        ["conform"] =
        [
            "conform",
            "conform --races remove-vs-open --for 60s",
        ],
        ["list"] =
        [
            "list scenarios",
            "list designs",
        ],
        ["check-syntax"] =
        [
            "check-syntax my.scenario",
            "check-syntax --json one.scenario two.scenario",
        ],
        ["format"] =
        [
            "format my.scenario",
            "format --check one.scenario two.scenario",
        ],
        ["kernel-map"] =
        [
            "kernel-map",
            "kernel-map iput_final",
        ],
    };
}
