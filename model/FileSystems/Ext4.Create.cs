using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

// fs/ext4/namei.c and ialloc.c: making files and directories, and giving a directory its policy. The directory's i_rwsem is
// held. ext4 writes inodes through the journal, so that creation itself makes no inode dirty; what allocates a block does.
internal partial class Ext4
{
    [KernelSource("fs/ext4/namei.c", "ext4_create", Omits = "the retry when the disk is full")]
    public async KTask<Errno> Create(Inode directory, Dentry dentry, int user)
    {
        var (error, inode) = await NewInode(directory, FileType.File, user);
        if (error != Errno.OK)
            return error;
        error = await Enter(directory, dentry, inode!);
        if (error != Errno.OK)
            await inodes.Iput(inode!);                             // outside the handle: it may sleep
        return error;
    }

    [KernelSource("fs/ext4/namei.c", "ext4_mkdir", Omits = "the link count of the parent; the retry when the disk is full")]
    public async KTask<Errno> MakeDirectory(Inode directory, Dentry dentry, int user)
    {
        var (error, inode) = await NewInode(directory, FileType.Directory, user);
        if (error != Errno.OK)
            return error;
        await InitNewDirectory(inode!);
        error = await Enter(directory, dentry, inode!);
        if (error != Errno.OK)
            await inodes.Iput(inode!);
        return error;
    }

    /// <summary>Allocates its first block: dquot_alloc_block makes it dirty.</summary>
    [KernelSource("fs/ext4/namei.c", "ext4_init_new_dir")]
    protected virtual KTask InitNewDirectory(Inode inode) => writeback.MarkDirty(inode, InodeState.Dirty);

    [KernelSource("fs/ext4/namei.c", "ext4_empty_dir")]
    public async KTask<bool> IsEmpty(Inode directory)
    {
        await host.Point();                                        // reads its blocks
        var isWithLostAndFound = HasLostAndFound && directory.OnDisk.Number == Disk.RootNumber;
        return !isWithLostAndFound && directory.OnDisk.IsEmpty();
    }

    /// <summary>Whether mkfs puts lost+found into the root directory. No listing shows it.</summary>
    protected virtual bool HasLostAndFound => true;

    /// <summary>Writes the context in a transaction. The inode does not become dirty: it goes to the journal.</summary>
    [KernelSource("fs/ext4/crypto.c", "ext4_set_context", Omits = "the journal; S_ENCRYPTED, which is read from the disk here")]
    public async KTask<Errno> SetContext(Inode inode, int policy)
    {
        host.MightSleep("ext4_set_context");
        await host.Point();
        inode.OnDisk.Context.Value = policy;
        await Changed(inode);
        return Errno.OK;
    }

    /// <summary>
    /// A new inode with its key, on the disk, hashed as one that is being created. The key is set up before the inode has a
    /// number, and outside of the transaction, which is open when this returns without an error.
    /// </summary>
    [KernelSource("fs/ext4/ialloc.c", "__ext4_new_inode",
        Omits = "block groups, quota, inline data, xattrs apart from the context; a full or broken disk")]
    protected virtual async KTask<(Errno Error, Inode? Inode)> NewInode(Inode directory, FileType type, int user)
    {
        if (directory.Nlink.Value == 0)
            return (Errno.EPERM, null);                            // only a file without a name comes so far
        if (await Allocate(type) is not { } inode)
            return (Errno.ENOMEM, null);
        var (error, policy) = await keys.PrepareNewInode(directory, inode);
        if (error != Errno.OK)
        {
            await inodes.Iput(inode);                              // unhashed: dropped and evicted at once
            return (error, null);
        }

        await Journal.Start();                                     // and the search for a free number
        inode.Number.Value = superBlock.Disk.AllocateInode(type, user).Number;
        error = await inodes.InsertLocked(inode);
        Invariant.Holds(error == Errno.OK, "a number that was free is not in the hash");
        if (policy >= 0)
            await SetContext(inode, policy);                       // fscrypt_set_context
        await host.Point();                                        // ext4_mark_inode_dirty: to the journal
        return (Errno.OK, inode);
    }

    /// <summary>A new inode; null if there is no memory.</summary>
    protected async KTask<Inode?> Allocate(FileType type)
    {
        if (await superBlock.InodeFault.Happens())
            return null;
        var inode = await inodes.New(superBlock);
        inode.Type.Value = type;
        return inode;
    }

    /// <summary>
    /// Enters the inode in the directory, and ends its creation and the transaction. If that fails it has no link, is still
    /// the caller's, and is evicted and freed by the put. ext4_mkdir does the same itself.
    /// </summary>
    [KernelSource("fs/ext4/namei.c", "ext4_add_nondir")]
    protected virtual async KTask<Errno> Enter(Inode directory, Dentry dentry, Inode inode)
    {
        var error = await AddEntry(directory, dentry, inode);
        if (error == Errno.OK)
        {
            await DentryCache.InstantiateNew(dentry, inode);
        }
        else
        {
            inode.Nlink.Value = inode.OnDisk.Links.Value = 0;
            await Orphan(inode);
            await inodes.UnlockNew(inode);
        }

        await Journal.Stop(outermost: true);
        return error;
    }

    /// <summary>Writes an entry. The directory is not dirty afterwards: its block and its times go to the journal.</summary>
    [KernelSource("fs/ext4/namei.c", "ext4_add_entry", Omits = "blocks: a directory has room in its first one")]
    protected async KTask<Errno> AddEntry(Inode directory, Dentry dentry, Inode inode)
    {
        // The name was read as a no-key name; a key that was added since must not make a plaintext name of it.
        if (refusesNoKeyNames && DentryCache.Has(await dentry.Flags.ReadRacy(), DentryFlags.NoKeyName))
            return Errno.ENOKEY;
        await host.Point();
        directory.OnDisk.Enter(dentry.FileName.Value, inode.Number.Value);
        if (inode.OnDisk.Label == 0)
            inode.OnDisk.SetLabel(dentry.FileName.Value);
        await Changed(directory);
        return Errno.OK;
    }
}
