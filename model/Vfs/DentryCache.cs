using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>fs/dcache.c: names in memory. Shape of v6.12, and in .OldKill what was killed otherwise before.</summary>
public sealed partial class DentryCache : KernelObject
{
    private readonly InodeCache inodes;
    private readonly Slab<Dentry> slab;
    private readonly Slab<ShrinkList> shrinkLists;
    private readonly SuperBlock superBlock;
    private readonly bool killsUnderParent;
    private readonly bool looksAtDontCache;

    internal DentryCache(KernelHost host, SuperBlock superBlock, InodeCache inodes, KernelRelease release, int buckets)
        : base(host)
    {
        this.inodes = inodes;
        this.superBlock = superBlock;
        killsUnderParent = !Change.DyingDentriesStayListed.IsIn(release);
        looksAtDontCache = Change.UncachedDentriesGo.IsIn(release);
        slab = new Slab<Dentry>(host, h => new Dentry(h, superBlock), d => d.Parent.Peek == null || d.ChildLink.Peek);
        shrinkLists = new Slab<ShrinkList>(host, h => new ShrinkList(h), static _ => false);
        Hash = new HashTable<Dentry>(host, "dentry_hashtable", buckets, nameof(Dentry.HashLink));
    }

    /// <summary>The buckets' bit locks: one lock here, since nothing is done under it but linking.</summary>
    [KernelName("dentry_hashtable bucket")]
    public SpinLock HashLock = new(VfsLocks.DentryHash);

    /// <summary>Dentries by parent and name.</summary>
    public HashTable<Dentry> Hash { get; }

    /// <summary>All dentries of this execution, dead ones included.</summary>
    public ReadOnlySpan<Dentry> All => slab.Objects;

    public override string Name => "dcache";

    internal static ulong KeyOf(Dentry parent, int name)
        => ((ulong)(uint)parent.AllocatedBy << 48) | ((ulong)(uint)parent.AllocationIndex << 16) | (uint)name;

    /// <summary>One more reference for somebody who has one.</summary>
    [KernelSource("include/linux/dcache.h", "dget")]
    public static async KTask Dget(Dentry dentry) => await dentry.Ref.Get();

    /// <summary>The parent of a dentry that is in use, with a reference; a rename may be giving it another one just now.</summary>
    [KernelSource("fs/dcache.c", "dget_parent", Omits = "that the first way fails on an unused parent: it is put again, since it is another one's by then")]
    public async KTask<Dentry> DgetParent(Dentry dentry)
    {
        await Host.Rcu.ReadLock();
        var sequence = dentry.Sequence.Begin;
        var parent = dentry.Parent.Racy!;
        var isAlive = await parent.Ref.GetNotDead();
        await Host.Rcu.ReadUnlock();
        if (isAlive)
        {
            if (!dentry.Sequence.Retry(sequence))
                return parent;

            // The race was here: it moved, or is just moving.
            await Dput(parent);
        }

        while (true)
        {
            await Host.Rcu.ReadLock();
            parent = dentry.Parent.Racy!;
            await parent.Ref.Acquire();                            // whoever moves it away holds this lock
            await Host.Rcu.ReadUnlock();
            var isParent = ReferenceEquals(parent, dentry.Parent.Racy);
            if (isParent)
                parent.Ref.Count++;
            await parent.Ref.Release();
            if (isParent)
                return parent;
        }
    }

    /// <summary>A dentry for a name in a directory, in use, not hashed; its parent is pinned.</summary>
    [KernelSource("fs/dcache.c", "d_alloc")]
    public async KTask<Dentry> Allocate(Dentry parent, int name, DentryFlags flags = DentryFlags.None)
    {
        Host.MightSleep("d_alloc");
        await superBlock.Reclaim.Allocate();
        var dentry = slab.Allocate();
        dentry.Ref.Initialize(1);
        dentry.Flags.Initialize(flags);
        dentry.FileName.Value = name;
        dentry.Parent.Value = parent;
        await parent.Ref.Acquire();
        parent.Ref.Count++;
        parent.Children.AddFirst(dentry);
        await parent.Ref.Release();
        return dentry;
    }

    /// <summary>The root's dentry, which stays.</summary>
    [KernelSource("fs/dcache.c", "d_make_root")]
    public async KTask<Dentry> MakeRoot(Inode inode)
    {
        var dentry = slab.Allocate();
        dentry.Ref.Initialize(1);
        await Add(dentry, inode, hash: false);
        return dentry;
    }

    /// <summary>
    /// Attaches an inode that is being created to its negative dentry, and ends the creation: I_NEW is cleared in the same
    /// critical section. The dentry takes over the caller's reference.
    /// </summary>
    [KernelSource("fs/dcache.c", "d_instantiate_new")]
    public static async KTask InstantiateNew(Dentry dentry, Inode inode)
    {
        await inode.Lock.Acquire();
        await dentry.Ref.Acquire();
        await Attach(dentry, inode);
        await dentry.Ref.Release();
        await inode.State.Set(inode.State.Value & ~(InodeState.New | InodeState.Creating));
        await inode.NewQueue.WakeAll();                            // after a full barrier, as in UnlockNew
        await inode.Lock.Release();
    }

    /// <summary>The hashed dentry of a name, with a reference; or null, also for one that is just being moved.</summary>
    [KernelSource("fs/dcache.c", "__d_lookup")]
    private async KTask<Dentry?> LookupOnce(Dentry parent, int name)
    {
        await Host.Rcu.ReadLock();
        var dentry = await Hash.FindRcu(KeyOf(parent, name));
        while (dentry != null)
        {
            await dentry.Ref.Acquire();
            if (dentry.HashLink.IsHashed && ReferenceEquals(dentry.Parent.Value, parent) && dentry.FileName.Value == name)
            {
                dentry.Ref.Count++;
                await dentry.Ref.Release();
                break;
            }

            await dentry.Ref.Release();
            dentry = await Hash.FindAfterRcu(dentry);
        }

        await Host.Rcu.ReadUnlock();
        return dentry;
    }

    /// <summary>Makes a dentry that turned out wrong unfindable, and kills what is cached below it.</summary>
    [KernelSource("fs/dcache.c", "d_invalidate", Omits = "mounts below it")]
    public async KTask Invalidate(Dentry dentry)
    {
        await dentry.Ref.Acquire();
        if (!dentry.HashLink.IsHashed)
        {
            await dentry.Ref.Release();
            return;
        }

        await Unhash(dentry);
        await dentry.Ref.Release();
        if (dentry.Inode.Racy != null)
            await ShrinkParent(dentry);
    }

    /// <summary>Some alias of an inode, with a reference; or null.</summary>
    [KernelSource("fs/dcache.c", "d_find_any_alias")]
    public static async KTask<Dentry?> FindAnyAlias(Inode inode)
    {
        await inode.Lock.Acquire();
        var dentry = inode.Aliases.First;
        if (dentry != null)
            await dentry.Ref.Get();
        await inode.Lock.Release();
        return dentry;
    }

    /// <summary>Whether the flags of a dentry have all of some.</summary>
    internal static bool Has(DentryFlags flags, DentryFlags wanted) => (flags & wanted) == wanted;

    [KernelSource("fs/dcache.c", "__d_drop")]
    private async KTask Unhash(Dentry dentry)
    {
        if (Host.Check("hashed", !dentry.HashLink.IsHashed, otherwise: true))
            return;
        await RemoveFromHash(dentry);
        dentry.Sequence.Invalidate();
    }

    [KernelSource("fs/dcache.c", "___d_drop")]
    private async KTask RemoveFromHash(Dentry dentry)
    {
        if (!dentry.HashLink.IsHashed)
            return;
        await HashLock.Acquire();
        Hash.Remove(dentry);
        await HashLock.Release();
    }

    [KernelSource("fs/dcache.c", "__d_add")]
    private async KTask Add(Dentry dentry, Inode? inode, bool hash)
    {
        if (inode != null)
            await inode.Lock.Acquire();
        await dentry.Ref.Acquire();
        var isInLookup = Has(dentry.Flags.Value, DentryFlags.ParallelLookup);
        if (isInLookup)
            await StartLookupEnd(dentry);

        if (inode != null)
            await Attach(dentry, inode);
        if (hash)
        {
            await HashLock.Acquire();
            Hash.AddFirst(dentry);
            await HashLock.Release();
        }

        if (isInLookup)
            await FinishLookupEnd();
        await dentry.Ref.Release();
        if (inode != null)
            await inode.Lock.Release();
    }
}
