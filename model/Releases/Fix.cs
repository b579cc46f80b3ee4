using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Releases;

/// <summary>A change that repaired the kernel, and that can be taken out again.</summary>
/// <param name="Id">The commit, as <c>--without</c> takes it.</param>
/// <param name="Title">Its subject line.</param>
/// <param name="Since">The first release that has it.</param>
/// <param name="RemovableFrom">The first release where taking it out makes sense.</param>
public sealed record Fix(string Id, string Title, KernelRelease Since, KernelRelease RemovableFrom)
{
    /// <summary>An inode that is dirty when its last reference goes is kept, although its key is gone.</summary>
    public static Fix KeepDirtyInodes { get; } = new(
        "2b4eae95c736", "fscrypt: don't evict dirty inodes after removing key", KernelRelease.Named("v5.6")!, KernelRelease.Named("v5.6")!);

    /// <summary>Umount waits for the callbacks that will queue works which hold inodes. v5.2.</summary>
    public static Fix UmountWaitsForCallbacks { get; } = new(
        "ec084de929e4", "fs/writeback.c: use rcu_barrier() to wait for inflight wb switches going into workqueue when umount",
        KernelRelease.Named("v5.4")!, KernelRelease.Named("v5.4")!);

    /// <summary>A keyslot is put before its I/O is reported complete. v6.4.</summary>
    public static Fix KeyslotsPutFirst { get; } = new(
        "9cd1e566676b", "blk-mq: release crypto keyslot before reporting I/O complete", KernelRelease.Named("v6.7")!, KernelRelease.Named("v6.7")!);

    /// <summary>A key that is evicted leaves its slot even if somebody still uses that. v6.4.</summary>
    public static Fix EvictedKeysLeaveSlots { get; } = new(
        "5c7cb9445290", "blk-crypto: make blk_crypto_evict_key() more robust", KernelRelease.Named("v6.7")!, KernelRelease.Named("v6.7")!);

    /// <summary>All fixes the model knows.</summary>
    public static ImmutableArray<Fix> All { get; } = [KeepDirtyInodes, UmountWaitsForCallbacks, KeyslotsPutFirst, EvictedKeysLeaveSlots];

    /// <summary>The fix called <paramref name="id"/>, or null.</summary>
    public static Fix? Named(string id) => All.FirstOrDefault(f => f.Id == id);

    public override string ToString() => Id;
}
