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
}
