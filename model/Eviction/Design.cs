using System.Collections.Immutable;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Eviction;

/// <summary>What REMOVE does with the inodes of the key, as <c>--design</c> names it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Summary">One line.</param>
/// <param name="Make">Makes one for a kernel.</param>
public sealed record Design(string Name, string Summary, Func<Caches, IEvictionDesign> Make)
{
    /// <summary>What Linux has since 5.4.</summary>
    public static Design DropInode { get; } = new(
        "drop-inode", "take a reference, kill the dentries, put it: ->drop_inode evicts (Linux 5.4)", c => new DropInode(new EvictDentries(c)));

    /// <summary>The patch of February 2019, without any test for dirty inodes.</summary>
    public static Design Walk { get; } = new(
        "walk-and-invalidate", "kill dentries, then I_FREEING on the list's unused inodes (RFC v2 11/20)",
        c => new WalkAndInvalidate(c, WalkSkips.Nothing));

    /// <summary>The same, leaving dirty inodes alone.</summary>
    public static Design WalkSkipDirty { get; } = new(
        "walk-and-invalidate-skip-dirty", "the same, but dirty inodes are left alone", c => new WalkAndInvalidate(c, WalkSkips.Dirty));

    /// <summary>The same, leaving every inode alone that is in any state but I_REFERENCED.</summary>
    public static Design WalkSkipBusy { get; } = new(
        "walk-and-invalidate-skip-busy", "the same, but inodes in any state except I_REFERENCED are left alone",
        c => new WalkAndInvalidate(c, WalkSkips.AnyState));

    /// <summary>All designs: a new one is a line here.</summary>
    public static ImmutableArray<Design> All { get; } =
    [
        Walk, WalkSkipDirty, WalkSkipBusy, DropInode,
        new("drop-caches", "sync, then echo 2 > drop_caches: unused dentries and inodes of the whole system", c => new DropCaches(c, 2, syncsFirst: true)),
        new("drop-caches-3", "the same with 3: clean pages too", c => new DropCaches(c, 3, syncsFirst: true)),
        new("drop-caches-no-sync", "echo 2 > drop_caches, and nothing before it", c => new DropCaches(c, 2, syncsFirst: false)),
        new("drop-caches-3-no-sync", "echo 3 > drop_caches, and nothing before it", c => new DropCaches(c, 3, syncsFirst: false)),
        new("drop-cache-ioctl", "FS_IOC_DROP_CACHE: all unused dentries and inodes of the file system (ChromeOS)", c => new DropCacheIoctl(c)),
        new("revoke-only", "evict nothing", _ => new RevokeOnly()),
        new("free-crypt-info", "take ->i_crypt_info from inodes that stay (before 4.11, CVE-2017-7374)", c => new FreeCryptInfo(c)),
    ];

    /// <summary>The design called <paramref name="name"/>, or null.</summary>
    public static Design? Named(string name) => All.FirstOrDefault(d => d.Name == name);

    public override string ToString() => Name;
}

/// <summary>What a design works on.</summary>
/// <param name="Host">The machine.</param>
/// <param name="SuperBlock">The mounted file system.</param>
/// <param name="Inodes">fs/inode.c.</param>
/// <param name="Dentries">fs/dcache.c.</param>
/// <param name="Writeback">fs/fs-writeback.c.</param>
/// <param name="Reclaim">mm/vmscan.c.</param>
/// <param name="Keys">fs/crypto/keysetup.c.</param>
/// <param name="Fixes">The fixes that the kernel has.</param>
public sealed record Caches(
    KernelHost Host, SuperBlock SuperBlock, InodeCache Inodes, DentryCache Dentries, Writeback Writeback, Reclaim Reclaim, KeySetup Keys, FixSet Fixes);
