using System.Collections.Immutable;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

/// <summary>
/// fs/ubifs where it differs from ext4: an operation writes what it changes straight to its own journal, an inode gets a number
/// that none had before, and is hashed when it is on the disk.
/// </summary>
internal sealed class Ubifs(
    KernelHost host, SuperBlock superBlock, InodeCache inodes, DentryCache dentries, Writeback writeback, KeySetup keys,
    PolicyTable policies, KernelRelease release, FixSet fixes, bool dropsInodes)
    : Ext4(host, superBlock, inodes, dentries, writeback, keys, policies, release, fixes, dropsInodes)
{
    private readonly bool dropsUnlinked = fixes.Has(Fixes.UbifsDropsUnlinked);

    [KernelSource("fs/ubifs/super.c", "ubifs_drop_inode")]
    public override async KTask<bool> DropInode(Inode inode)
        => dropsUnlinked ? await base.DropInode(inode) : dropsInodes && await keys.DropInode(inode);

    [KernelSource("fs/ubifs/super.c", "ubifs_evict_inode", Omits = "inodes of attributes; budgets")]
    public override async KTask EvictInode(Inode inode)
    {
        await TruncatePages(inode);
        var unlinked = inode.Nlink.Value == 0;
        if (unlinked)
            await host.Point();                                    // ubifs_jnl_delete_inode
        await inodes.Clear(inode);
        await keys.PutEncryptionInfo(inode);
        if (unlinked && inode.Number.Value != 0)
            superBlock.Disk.FreeInode(inode.Number.Value);         // no earlier, so that what is read of it here is there
    }

    /// <summary>Nobody finds it by its number yet: it is hashed last.</summary>
    [KernelSource("fs/ubifs/dir.c", "ubifs_new_inode", Omits = "budgets; the inode that holds the context")]
    protected override async KTask<(Errno Error, Inode? Inode)> NewInode(Inode directory, FileType type, int user)
    {
        if (await Allocate(type) is not { } inode)
            return (Errno.ENOMEM, null);
        var (error, policy) = await keys.PrepareNewInode(directory, inode);
        if (error != Errno.OK)
        {
            await inodes.Iput(inode);
            return (error, null);
        }

        await host.Point();                                        // under cnt_lock
        inode.Number.Value = superBlock.Disk.AllocateInode(type, user).Number;
        superBlock.Disk.Retire(inode.Number.Value);
        if (policy >= 0)
            await SetContext(inode, policy);
        return (Errno.OK, inode);
    }

    /// <summary>Hashed before it is attached, or it would be dirty on no list.</summary>
    [KernelSource("fs/ubifs/dir.c", "ubifs_tmpfile", Omits = "ui_mutex; budgets; whiteouts")]
    protected override async KTask EnterTemporary(Dentry dentry, Inode inode)
    {
        await inodes.InsertHash(inode);
        await AttachTemporary(dentry, inode);
        await host.Point();                                        // ubifs_jnl_update
    }

    public override MountOptions MountOptions => MountOptions.LazyTime;

    /// <summary>Numbers in memory, which a commit writes down: no list that anybody else looks at.</summary>
    protected override KTask Orphan(Inode inode) => KTask.Done;

    protected override KTask NoOrphan(Inode inode) => KTask.Done;

    internal override ImmutableArray<StateInvariant> Invariants => [];

    protected override bool HasLostAndFound => false;

    protected override bool HasAttributeInodes => false;

    [KernelSource("fs/ubifs/file.c", "do_readpage", Omits = "bulk reads")]
    public override async KTask ReadAhead(Inode inode)
        => await inode.Folio.Set(new Folio(FolioFlags.Uptodate, await ReadFolio(inode)));

    /// <summary>I/O on raw flash, which its writer does himself.</summary>
    [KernelSource("fs/ubifs/file.c", "do_writepage", Omits = "write buffers; UBI")]
    public override async KTask WriteFolio(Inode inode, int data)
    {
        await UseKey(inode);
        await superBlock.Device.Write(inode, data, slot: null);
    }

    /// <summary>Nothing: a directory has no data.</summary>
    protected override KTask InitNewDirectory(Inode inode) => KTask.Done;

    [KernelSource("fs/ubifs/dir.c", "ubifs_create", Omits = "ui_mutex, under which nothing of the caches is called; budgets; ubifs_mkdir does the same")]
    protected override async KTask<Errno> Enter(Inode directory, Dentry dentry, Inode inode)
    {
        var error = await AddEntry(directory, dentry, inode);      // ubifs_jnl_update writes both inodes and the entry
        if (error == Errno.OK)
        {
            await inodes.InsertHash(inode);
            await DentryCache.Instantiate(dentry, inode);
            return Errno.OK;
        }

        inode.Nlink.Value = inode.OnDisk.Links.Value = 0;          // unhashed: the put evicts it
        return error;
    }
}
