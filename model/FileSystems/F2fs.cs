using System.Collections.Immutable;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

/// <summary>
/// fs/f2fs where it differs from ext4: it has no journal but checkpoints, which wait for operations under way; names, links and
/// contexts make inodes dirty; and ->drop_inode, which may drop i_lock and sleep, keeps what is just being written back.
/// </summary>
internal sealed class F2fs(
    KernelHost host, SuperBlock superBlock, InodeCache inodes, DentryCache dentries, Writeback writeback, KeySetup keys,
    PolicyTable policies, KernelRelease release, FixSet fixes, bool dropsInodes)
    : Ext4(host, superBlock, inodes, dentries, writeback, keys, policies, release, fixes, dropsInodes)
{
    private readonly Checkpoint checkpoint = new(host);
    private readonly bool lowersOnly =
        fixes.Has(Fixes.DropInodeDoesNotPut) || !release.IsAtLeast(Fixes.DropInodeDoesNotPut.RemovableFrom);

    /// <summary>
    /// Whoever writes an inode back may put its last reference: if that evicted, it would wait for itself. So an inode that is
    /// I_SYNC is kept, although its key is gone, and nobody asks again. One without links is emptied at least: with a reference
    /// and without i_lock, so that others may have found it when iput_final goes on.
    /// </summary>
    [KernelSource("fs/f2fs/super.c", "f2fs_drop_inode", Omits = "atomic writes; freeze protection; what is done after a checkpoint failed")]
    public override async KTask<bool> DropInode(Inode inode)
    {
        if (!inode.HashLink.IsHashed || (inode.State.Value & InodeState.Sync) == 0)
            return await base.DropInode(inode);
        if (inode.Nlink.Value == 0)
        {
            await inode.Count.Increment();
            await inode.Lock.Release();
            await TruncatePages(inode);
            await inode.Lock.Acquire();
            if (lowersOnly)
                await inode.Count.Decrement();
            else
                await inodes.Iput(inode);                          // without 8ec5fc1ff77e: with i_lock held
        }

        return false;
    }

    /// <summary>The key goes before I_CLEAR is set. Without links the inode is taken off the disk before, inside an operation.</summary>
    [KernelSource("fs/f2fs/inode.c", "f2fs_evict_inode",
        Omits = "its own lists of dirty inodes; orphans; freeze protection; truncating blocks; node pages; compression; quota")]
    public override async KTask EvictInode(Inode inode)
    {
        await TruncatePages(inode);
        var unlinked = inode.Nlink.Value == 0;
        if (unlinked)
        {
            await StartChange();
            await host.Point();                                    // f2fs_remove_inode_page
            await EndChange();
        }

        await keys.PutEncryptionInfo(inode);
        await inodes.Clear(inode);
        if (unlinked && inode.Number.Value != 0)
            superBlock.Disk.FreeInode(inode.Number.Value);         // no earlier, so that what is read of it here is there
    }

    /// <summary>The number comes first, and the inode is hashed, as one that is being created, before its key is set up.</summary>
    [KernelSource("fs/f2fs/namei.c", "f2fs_new_inode", Omits = "quota; extents; flags; compression")]
    protected override async KTask<(Errno Error, Inode? Inode)> NewInode(Inode directory, FileType type, int user)
    {
        if (await Allocate(type) is not { } inode)
            return (Errno.ENOMEM, null);
        await host.Point();                                        // f2fs_alloc_nid
        inode.Number.Value = superBlock.Disk.AllocateInode(type, user).Number;
        superBlock.Disk.Retire(inode.Number.Value);                // those that are given up are free after a checkpoint
        var error = await inodes.InsertLocked(inode);
        Invariant.Holds(error == Errno.OK, "a number that was free is not in the hash");
        (error, var policy) = await keys.PrepareNewInode(directory, inode);
        if (error != Errno.OK)
        {
            inode.Nlink.Value = inode.OnDisk.Links.Value = 0;      // clear_nlink
            await inodes.UnlockNew(inode);
            await inodes.Iput(inode);
            return (error, null);
        }

        if (policy >= 0)
            inode.OnDisk.Context.Value = policy;                   // to the disk with the inode's page, in f2fs_add_link
        return (Errno.OK, inode);
    }

    [KernelSource("fs/f2fs/namei.c", "__f2fs_tmpfile", Omits = "the list of orphans; whiteouts; blocks")]
    protected override async KTask EnterTemporary(Dentry dentry, Inode inode)
    {
        await StartChange();
        await AttachTemporary(dentry, inode);
        await EndChange();
        await inodes.UnlockNew(inode);
    }

    /// <summary>Numbers in memory, which a checkpoint writes down: no list that anybody else looks at.</summary>
    protected override KTask Orphan(Inode inode) => KTask.Done;

    protected override KTask NoOrphan(Inode inode) => KTask.Done;

    internal override ImmutableArray<StateInvariant> Invariants => [];

    protected override bool HasLostAndFound => false;

    protected override bool HasAttributeInodes => false;

    /// <summary>Nothing: it is kept in the inode's page, which goes to the disk with the name.</summary>
    protected override KTask InitNewDirectory(Inode inode) => KTask.Done;

    /// <summary>The directory is dirty afterwards, the new inode is not: it went to the disk with its name.</summary>
    [KernelSource("fs/f2fs/dir.c", "f2fs_do_add_link", Omits = "blocks; the hash levels; inline directories; what f2fs_handle_failed_inode writes")]
    protected override async KTask<Errno> Enter(Inode directory, Dentry dentry, Inode inode)
    {
        await StartChange();
        var error = await AddEntry(directory, dentry, inode);
        if (error == Errno.OK)
        {
            await EndChange();
            await DentryCache.InstantiateNew(dentry, inode);
            return Errno.OK;
        }

        inode.Nlink.Value = inode.OnDisk.Links.Value = 0;
        await inodes.UnlockNew(inode);
        await EndChange();
        return error;
    }

    [KernelSource("fs/f2fs/f2fs.h", "f2fs_lock_op")]
    protected override async KTask StartChange() => await checkpoint.Lock.AcquireRead();

    protected override KTask StartRemoval() => StartChange();

    [KernelSource("fs/f2fs/f2fs.h", "f2fs_unlock_op")]
    protected override async KTask EndChange() => await checkpoint.Lock.ReleaseRead();

    [KernelSource("fs/f2fs/inode.c", "f2fs_mark_inode_dirty_sync", Omits = "its own list of dirty inodes, which checkpoints write")]
    protected override KTask Changed(Inode inode) => writeback.MarkDirty(inode, InodeState.DirtySync);

    /// <summary>A checkpoint. Operations are shut out while it begins; afterwards numbers that were given up are free.</summary>
    [KernelSource("fs/f2fs/checkpoint.c", "f2fs_write_checkpoint",
        Omits = "its own writing of dirty directories and inodes, with references; node and meta pages: one point")]
    public override async KTask<Errno> Sync(bool wait)
    {
        if (!wait)
            return Errno.OK;                                       // f2fs_sync_fs
        await checkpoint.Lock.AcquireWrite();
        await host.Point();
        superBlock.Disk.Recycle();
        await checkpoint.Lock.ReleaseWrite();
        return await superBlock.SyncFault.Happens() ? Errno.EIO : Errno.OK;
    }

    [KernelSource("fs/f2fs/super.c", "f2fs_put_super", Omits = "caches of nodes and segments; the threads that clean up")]
    public override async KTask PutSuper()
    {
        await Sync(wait: true);
        await keys.DestroyKeyring();
    }

    /// <summary>What keeps a checkpoint and operations apart.</summary>
    private sealed class Checkpoint(KernelHost host) : KernelObject(host)
    {
        [KernelName("cp_rwsem")]
        public RwSemaphore Lock = new(VfsLocks.Checkpoint);

        public override string Name => "f2fs";
    }
}
