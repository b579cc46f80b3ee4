using System.Collections.Immutable;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

/// <summary>
/// fs/ext4/orphan.c: inodes without a name that are still in use, threaded through the disk, so that a mount after a crash frees
/// them. It holds no reference on them. Who adds or removes one has it for itself: under its i_rwsem, new, or freeing.
/// </summary>
internal sealed class Orphans(KernelHost host) : KernelObject(host)
{
    /// <summary>A mutex: blocks are read and written under it.</summary>
    [KernelName("s_orphan_lock")]
    public Mutex Lock = new(VfsLocks.Orphans);

    [KernelName("s_orphan")]
    [LinkedBy(nameof(DiskInode.OrphanLink))]
    public KernelList<DiskInode> List;

    public override string Name => "orphans";

    /// <summary>What is so of the list while no system call is under way.</summary>
    internal ImmutableArray<StateInvariant> Invariants(InodeCache inodes)
        =>
        [
            new StateInvariant("what is on the orphan list has no link", () =>
            {
                for (var orphan = List.PeekFirst; orphan != null; orphan = List.PeekAfter(orphan))
                {
                    if (orphan.Links.Value != 0)
                        return orphan;
                }

                return null;
            }) with { AtRest = true },
            StateInvariant.OfInodes(inodes, "an inode without a link is on the orphan list",
                i => i.Number.Peek == 0 || i.SuperBlock.Disk.Inodes[i.Number.Peek] == null || i.OnDisk.Links.Value != 0 || i.OnDisk.OrphanLink.Peek) with { AtRest = true },
            new StateInvariant("what is on the orphan list is in memory: its eviction frees it", () =>
            {
                for (var orphan = List.PeekFirst; orphan != null; orphan = List.PeekAfter(orphan))
                {
                    if (!IsInMemory(orphan, inodes))
                        return orphan;
                }

                return null;
            }) with { AtRest = true },
        ];

    private static bool IsInMemory(DiskInode orphan, InodeCache inodes)
    {
        foreach (var inode in inodes.All)
        {
            if (inode.IsAlive && inode.Number.Peek == orphan.Number && inode.SuperBlock.Disk.Inodes[orphan.Number] == orphan)
                return true;
        }

        return false;
    }

    /// <summary>Adds an inode, inside a handle.</summary>
    [KernelSource("fs/ext4/orphan.c", "ext4_orphan_add", Omits = "the orphan file, which has a slot for each and no lock; credits")]
    public async KTask Add(Inode inode)
    {
        if (List.IsLinkedSomewhere(inode.OnDisk))
            return;
        await Lock.Acquire();
        List.AddFirst(inode.OnDisk);
        await Lock.Release();
    }

    /// <summary>Takes an inode off, if it is there.</summary>
    [KernelSource("fs/ext4/orphan.c", "ext4_orphan_del")]
    public async KTask Remove(Inode inode)
    {
        if (Host.Check("on the orphan list", !List.IsLinkedSomewhere(inode.OnDisk), otherwise: true))
            return;
        await Lock.Acquire();
        List.Remove(inode.OnDisk);
        await Lock.Release();
    }
}
