using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Properties.Eviction;

// What is particular to each design, beside the contract.
public sealed class DropInodeContract() : DesignContract("drop-inode");

public sealed class WalkContract() : DesignContract("walk-and-invalidate");

public sealed class WalkSkipDirtyContract() : DesignContract("walk-and-invalidate-skip-dirty");

public sealed class WalkSkipBusyContract() : DesignContract("walk-and-invalidate-skip-busy");

public sealed class DropCachesContract() : DesignContract("drop-caches");

public sealed class DropCachesWithPagesContract() : DesignContract("drop-caches-3");

public sealed class DropCachesWithoutSyncContract() : DesignContract("drop-caches-no-sync");

public sealed class DropCachesWithPagesWithoutSyncContract() : DesignContract("drop-caches-3-no-sync");

public sealed class DropCacheIoctlContract() : DesignContract("drop-cache-ioctl")
{
    // invalidate_inodes, of which nobody asks any more whether to keep what is dirty.
    protected override string[] Breaks(KernelRelease release) => release.IsAtLeast(KernelRelease.Named("v6.18")!) ? ["lost-write"] : [];
}

public sealed class RevokeOnlyContract() : DesignContract("revoke-only");

// It says that all is locked, and the pages are there.
public sealed class FreeCryptInfoContract() : DesignContract("free-crypt-info")
{
    protected override string[] Breaks(KernelRelease release) => ["key-material", "no-key"];
}
