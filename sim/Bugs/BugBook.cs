using System.Collections.Immutable;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Bugs;

/// <summary>The historic bugs that the model has: a new one is a line here.</summary>
public static class BugBook
{
    private static readonly KernelConfiguration OnUbifs = new() { FileSystem = FileSystemType.Named("ubifs")! };
    private static readonly KernelConfiguration OnF2fs = new() { FileSystem = FileSystemType.Named("f2fs")! };

    /// <summary>All of them; docs/FINDINGS.md says which are left out, and why.</summary>
    public static ImmutableArray<Bug> All { get; } =
    [
        Bug.Of("A1", Fixes.KeepDirtyInodes, "remove-vs-write", "lost-write"),
        ByDesign("A2", "1b53cf9815bb", "revoke-frees-ci", "bugs/revoke-frees-ci", "use-after-free", "free-crypt-info", "revoke-only"),
        Bug.Of("A3", Fixes.NoKeyNamesAreNotMade, "bugs/nokey-create-duplicate", "duplicate-name"),
        Bug.Of("A4", Fixes.NoKeyNamesAreNotMoved, "bugs/nokey-rename-link", "duplicate-name"),
        Bug.Of("A5", Fixes.LookupTestsKeyOnce, "bugs/lookup-two-key-loads", "no-key-names"),
        Bug.Of("A7", Fixes.NoKeyNamesAreRevalidated, "bugs/stale-negative-after-unlock", "found"),
        Bug.Of("A8", Fixes.RevalidateLeavesRcu, "bugs/revalidate-in-rcu-walk", "sleep-in-atomic"),
        ByShape("A9", Change.MasterKeysHashed, "keyinvalidate-reclaim-deadlock", "bugs/reclaim-vs-add", "lock-order", "v5.11"),
        Bug.Of("A14", Fixes.KeyslotsPutFirst, "bugs/keyslot-evict-early", "key-material"),
        Bug.Of("A16", Fixes.ChargesGoAtOnce, "bugs/claims-freed-late", "added"),
        Bug.Of("A17", Fixes.InfoIsAcquired, "bugs/publish-without-acquire", "data-race"),
        Bug.Of("A19", Fixes.RenamesNeedKeys, "bugs/ops-without-key", "refused"),
        Bug.Of("A20", Fixes.PoliciesAreComparedOnDisk, "bugs/consistency-depends-on-cache", "depends"),
        Bug.Of("A24", Fixes.SyncErrorsAreReturned, "bugs/sync-error-as-busy", "disguised"),
        ByDesign("A25", null, "drop-caches-without-sync", "bugs/drop-caches-without-sync", "removed", "drop-caches-3-no-sync", "drop-caches-3"),
        Bug.Of("A26", Fixes.UbifsDropsUnlinked, "bugs/drop-inode-override", "inode-state", OnUbifs),
        Bug.Of("A27", Fixes.DeadDirectoriesGetNoPolicy, "bugs/policy-on-dead-directory", "refused"),
        Bug.Of("B1", Fixes.EvictInodesRechecks, EvictInodes.Scenario.Name, "use-after-free") with { Own = EvictInodes.Scenario },
        ByShape("B2", Change.LruIsolating, "evict-inside-lru-walk", "bugs/unlink-vs-drop-caches", "deadlock", "v5.11"),
        ByShape("B5", Change.UncachedDentriesGo, "dontcache-dentry-kept", FunctionCalls.MarkDontCache.Name, "gone", "v5.10") with { Own = FunctionCalls.MarkDontCache },
        Bug.Of("B9", Fixes.WalkGoesOnFromPinned, "bugs/walk-vs-unlink", "use-after-free"),
        Bug.Of("B10", Fixes.StateAndReferenceAtOnce, "bugs/walk-vs-unlink", "reference-count"),
        Bug.Of("B11", Fixes.DropInodeDoesNotPut, "bugs/write-unlinked-vs-sync", "sleep-in-atomic", OnF2fs),
        Bug.Of("B13", Fixes.FlusherHasNoReference, "bugs/write-unlinked-vs-sync", "deadlock"),
        Bug.Of("B15", Fixes.UmountWaitsForShrinkers, "bugs/shrinker-vs-umount", "busy-at-umount"),
        Bug.Of("D1", Fixes.DirtyBitsClearedFirst, "bugs/write-vs-sync", "inode-state"),
        Bug.Of("D3", Fixes.SingleWritesRequeue, FunctionCalls.WriteInodeNow.Name, "inode-state") with { Own = FunctionCalls.WriteInodeNow },
    ];

    /// <summary>The bug that an id, a slug or a commit names, or null.</summary>
    public static Bug? Named(string name) => All.FirstOrDefault(b => b.Id == name || b.Slug == name || b.Commit == name);

    // What repaired it was another way to do it all.
    private static Bug ByDesign(string id, string? commit, string slug, string scenario, string rule, string broken, string repaired)
        => new(id, commit, slug, scenario, rule, new KernelConfiguration { Design = Design.Named(broken)! }, new KernelConfiguration { Design = Design.Named(repaired)! });

    // What repaired it changed the shape of the code: the bug is in the release before.
    private static Bug ByShape(string id, Change change, string slug, string scenario, string rule, string before)
        => new(
            id, change.Commit, slug, scenario, rule, new KernelConfiguration { Release = KernelRelease.Named(before)! },
            new KernelConfiguration { Release = change.Since });
}
