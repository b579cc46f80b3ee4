using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

// Files without a name, and files without data.
internal partial class Ext4
{
    /// <summary>
    /// A file that has no name and no link, with its directory's policy. Its dentry is below the directory's, and so keeps it busy, but
    /// is never hashed: with its last user it is killed, and the inode freed. No lock of the directory is held.
    /// </summary>
    [KernelSource("fs/ext4/namei.c", "ext4_tmpfile", Omits = "the retry when the disk is full; quota")]
    public async KTask<Errno> MakeTemporary(Inode directory, Dentry dentry, int user)
    {
        var (error, inode) = await NewInode(directory, FileType.File, user);
        if (error != Errno.OK)
            return error;
        await EnterTemporary(dentry, inode!);
        return await OpenFile(dentry);                             // finish_open_simple
    }

    /// <summary>The end of the creation, as <see cref="Enter"/> is of a file that has a name.</summary>
    protected virtual async KTask EnterTemporary(Dentry dentry, Inode inode)
    {
        await AttachTemporary(dentry, inode);
        await Orphan(inode);
        await writeback.MarkDirty(inode, InodeState.Dirty);
        await inodes.UnlockNew(inode);
        await Journal.Stop(outermost: true);
    }

    [KernelSource("fs/dcache.c", "d_tmpfile")]
    protected async KTask AttachTemporary(Dentry dentry, Inode inode)
    {
        await DropLink(inode);                                     // inode_dec_link_count
        await writeback.MarkDirty(inode, InodeState.Dirty);
        await DentryCache.NameTemporary(dentry, superBlock.Disk.TemporaryName(inode.Number.Value));
        await DentryCache.Instantiate(dentry, inode);
    }

    [KernelSource("fs/ext4/namei.c", "ext4_mknod", Omits = "the retry when the disk is full; quota")]
    public async KTask<Errno> MakeSpecial(Inode directory, Dentry dentry, int user)
    {
        var (error, inode) = await NewInode(directory, FileType.Special, user);
        if (error != Errno.OK)
            return error;
        error = await Enter(directory, dentry, inode!);
        if (error != Errno.OK)
            await inodes.Iput(inode!);
        return error;
    }
}
