using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

// fs/ext4: what inodes have apart from names and data, and what directories show of themselves.
internal partial class Ext4
{
    [KernelSource("fs/ext4/dir.c", "ext4_readdir", Omits = "positions: all names at once; the order, which is that of hashes")]
    public async KTask<(Errno Error, int Names)> ReadDirectory(Inode directory)
    {
        var (error, hasKey) = await HasKeyForNames(directory);     // fscrypt_prepare_readdir
        if (error != Errno.OK)
            return (error, 0);
        await host.Point();                                        // reads its blocks
        return (Errno.OK, superBlock.Disk.Listing(directory.OnDisk, hasKey));
    }

    [KernelSource("include/linux/fscrypt.h", "fscrypt_prepare_setattr")]
    public KTask<Errno> PrepareSize(Inode inode) => keys.RequireKey(inode);

    [KernelSource("fs/ext4/inode.c", "ext4_setattr", Omits = "quota; the inode goes to the journal, and is not dirty afterwards")]
    public async KTask SetAttributes(Inode inode)
    {
        host.MightSleep("ext4_setattr");
        await host.Point();
        await Changed(inode);
    }

    /// <summary>Whether a value that does not fit into an inode gets one of its own.</summary>
    protected virtual bool HasAttributeInodes => true;

    [KernelSource("fs/ext4/xattr.c", "ext4_xattr_set", Omits = "names, values, and the block for what does not fit into the inode")]
    public async KTask<Errno> SetExtendedAttribute(Inode inode, bool isLarge, int user)
    {
        if (!isLarge || !HasAttributeInodes)
        {
            await SetAttributes(inode);
            inode.OnDisk.Attribute.Value = DiskInode.SmallAttribute;
            return Errno.OK;
        }

        var outermost = await Journal.Start();
        var before = await DropAttributes(inode);
        var error = await MakeAttributeInode(inode, user);
        await Journal.Stop(outermost);
        if (before != null)
            await inodes.Iput(before);                             // ext4_xattr_inode_array_free
        return error;
    }

    [KernelSource("fs/ext4/xattr.c", "ext4_xattr_get", Omits = "xattr_sem; names, values, and blocks")]
    public async KTask<Errno> GetExtendedAttribute(Inode inode)
    {
        await host.Point();                                        // reads it from the disk
        var number = inode.OnDisk.Attribute.Value;
        if (number > DiskInode.SmallAttribute && await Iget(number) is { } attribute)
            await inodes.Iput(attribute);                          // ext4_xattr_inode_get
        return number == 0 ? Errno.ENODATA : Errno.OK;
    }

    /// <summary>An inode that has a name in no directory, for a value: as mkfs.ext4 -O ea_inode has it. Nobody keeps a reference on it.</summary>
    [KernelSource("fs/ext4/xattr.c", "ext4_xattr_inode_lookup_create", Omits = "inodes shared by those with the same value; the value")]
    private async KTask<Errno> MakeAttributeInode(Inode of, int user)
    {
        if (await Allocate(FileType.File) is not { } inode)
            return Errno.ENOMEM;
        inode.Number.Value = superBlock.Disk.AllocateInode(FileType.File, user).Number;
        var error = await inodes.InsertLocked(inode);
        Invariant.Holds(error == Errno.OK, "a number that was free is not in the hash");
        await inodes.UnlockNew(inode);
        await host.Point();                                        // writes the value
        of.OnDisk.Attribute.Value = inode.Number.Value;
        await inodes.Iput(inode);
        return Errno.OK;
    }

    /// <summary>Takes the attribute away. Its inode, if it has one, has no use any more: the caller puts it when the handle is stopped.</summary>
    [KernelSource("fs/ext4/xattr.c", "ext4_xattr_delete_inode", Omits = "blocks; counts of who shares a value; what cannot be read")]
    private async KTask<Inode?> DropAttributes(Inode inode)
    {
        var number = inode.OnDisk.Attribute.Value;
        inode.OnDisk.Attribute.Value = 0;
        if (number <= DiskInode.SmallAttribute)
            return null;

        // The race is here: if reclaim is about to evict it, this waits, though it may be reclaim itself that puts `inode`.
        var attribute = await Iget(number);
        if (attribute == null)
            return null;
        attribute.Nlink.Value = attribute.OnDisk.Links.Value = 0;
        await Orphan(attribute);
        return attribute;
    }
}
