using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

// Symlinks. What one leads to is encrypted as names are, with its own key; decrypted it stays with the inode, in i_link, which who
// walks under RCU reads without a reference. So it is freed only after the grace period, with the inode.
internal partial class Ext4
{
    // What an inode has room for in place of block numbers: a target that is not longer is no block of its own.
    private const int InlineMax = 60;
    private const int BlockSize = 4_096;

    // struct fscrypt_symlink_data: a length, and the zero byte at the end.
    private const int LinkHeader = 3;

    private readonly Slab<LinkTarget> targets = new(host, h => new LinkTarget(h));

    [KernelSource("fs/ext4/namei.c", "ext4_symlink", Omits = "the retry when the disk is full; quota")]
    public async KTask<Errno> MakeSymlink(Inode directory, Dentry dentry, int target, int user)
    {
        var length = superBlock.Disk.TextOf(target).Length;
        var (error, size) = await PrepareSymlink(directory, length);
        if (error != Errno.OK)
            return error;
        (error, var inode) = await NewInode(directory, FileType.Symlink, user);
        if (error != Errno.OK)
            return error;
        if (inode!.OnDisk.IsEncrypted)
            await UseKey(inode);                                   // fscrypt_encrypt_symlink
        inode.OnDisk.Data.Initialize(target);
        inode.OnDisk.Acknowledged.Value = target;
        if (size > InlineMax)
            await writeback.MarkDirty(inode, InodeState.Dirty);    // ext4_init_symlink_block allocates it: dquot_alloc_block
        if (inode.OnDisk.IsEncrypted || size <= InlineMax)
            inode.Link.Value = TargetOf(target, length);           // nobody can find the inode yet
        error = await Enter(directory, dentry, inode);
        if (error != Errno.OK)
            await inodes.Iput(inode);
        return error;
    }

    /// <summary>Bytes that a target takes on the disk. That its directory has its key is asked first.</summary>
    [KernelSource("fs/crypto/hooks.c", "fscrypt_prepare_symlink")]
    private async KTask<(Errno Error, int Size)> PrepareSymlink(Inode directory, int length)
    {
        var error = await keys.RequireKey(directory);
        if (error != Errno.OK)
            return (error, 0);
        var size = SizeOnDisk(directory.OnDisk, length);
        return size > BlockSize ? (Errno.ENAMETOOLONG, 0) : (Errno.OK, size);
    }

    [KernelSource("fs/ext4/symlink.c", "ext4_encrypted_get_link", Omits = "blocks that are cached: the block is read each time")]
    public async KTask<(Errno Error, LinkTarget? Target, bool IsOwn)> GetLink(Inode inode)
    {
        var (data, disk) = (await inode.OnDisk.Data.LoadAcquire(), superBlock.Disk);
        var length = disk.TextOf(data).Length;
        if (SizeOnDisk(inode.OnDisk, length) > InlineMax)
            await host.Point();                                    // reads its block
        return inode.OnDisk.IsEncrypted ? await GetSymlink(inode, data, length) : (Errno.OK, TargetOf(data, length), true);
    }

    /// <summary>
    /// The target as whoever asks may see it. Without the key that is the encoded ciphertext, which nobody else gets: it would be wrong
    /// once the key is there.
    /// </summary>
    [KernelSource("fs/crypto/hooks.c", "fscrypt_get_symlink", Omits = "targets that are broken; errors of key set-up but for ENOKEY")]
    private async KTask<(Errno Error, LinkTarget? Target, bool IsOwn)> GetSymlink(Inode inode, int data, int length)
    {
        if (await inode.Link.LoadAcquire() is { } cached)
            return (Errno.OK, cached, false);
        await keys.GetEncryptionInfo(inode);
        if (await keys.LoadInfo(inode) == null)
            return (Errno.OK, TargetOf(superBlock.Disk.EncodedLink(inode.Number.Value), EncodedLength(inode.OnDisk, length)), true);
        await UseKey(inode);
        var target = TargetOf(data, length);
        return (Errno.OK, target, !await inode.Link.PublishIfNull(target));     // false: somebody else was first
    }

    public void PutLink(LinkTarget target) => targets.Free(target);

    [KernelSource("fs/ext4/symlink.c", "ext4_encrypted_symlink_getattr")]
    public async KTask<(Errno Error, int Size)> SizeOfLink(Inode inode)
    {
        var length = superBlock.Disk.TextOf(await inode.OnDisk.Data.LoadAcquire()).Length;
        if (!inode.OnDisk.IsEncrypted)
            return (Errno.OK, length);
        if (!Change.SymlinkSizeIsOfTarget.IsIn(release))
            return (Errno.OK, SizeOnDisk(inode.OnDisk, length) - 1);
        var (error, target, isOwn) = await GetLink(inode);
        if (error != Errno.OK)
            return (error, 0);
        var seen = target!.Length.Value;
        if (isOwn)
            PutLink(target);
        return (Errno.OK, seen);
    }

    [KernelSource("fs/crypto/keysetup.c", "fscrypt_free_inode")]
    public void FreeInode(Inode inode)
    {
        if (inode.Type.Value == FileType.Symlink && inode.Link.Value is { } target)
            targets.FreeAfterGracePeriod(target);
    }

    // A target that is in the inode itself, and that anybody may read, is known as soon as the inode is.
    private void ReadLink(Inode inode)
    {
        if (inode.Type.Value != FileType.Symlink || inode.OnDisk.IsEncrypted)
            return;
        var data = inode.OnDisk.Data.Value;
        var length = superBlock.Disk.TextOf(data).Length;
        if (SizeOnDisk(inode.OnDisk, length) <= InlineMax)
            inode.Link.Value = TargetOf(data, length);
    }

    private LinkTarget TargetOf(int text, int length)
    {
        var target = targets.Allocate();
        target.Text.Value = text;
        target.Length.Value = length;
        return target;
    }

    // i_size of an encrypted one, and one more; of others the target with the zero byte at its end.
    private int SizeOnDisk(DiskInode of, int length)
        => of.IsEncrypted ? EncryptedLength(policies[of.Policy], length) + LinkHeader : length + 1;

    [KernelSource("fs/crypto/fname.c", "fscrypt_fname_encrypted_size")]
    private static int EncryptedLength(EncryptionPolicy policy, int length)
    {
        const int Least = 16;
        var padding = 4 << (policy.Flags & EncryptionPolicy.Pad32);
        var padded = (Math.Max(length, Least) + padding - 1) / padding * padding;
        const int Max = BlockSize - LinkHeader;
        return length > Max ? BlockSize : Math.Min(padded, Max);
    }

    // struct fscrypt_nokey_name in base64url: two words of a hash, which a symlink has not, up to 149 bytes of ciphertext, and
    // of a longer one the SHA-256 of the rest.
    [KernelSource("fs/crypto/fname.c", "fscrypt_fname_disk_to_usr")]
    private int EncodedLength(DiskInode of, int length)
    {
        const int HashSize = 8;
        const int BytesMax = 149;
        const int DigestSize = 32;
        var size = EncryptedLength(policies[of.Policy], length);
        var bytes = HashSize + (size <= BytesMax ? size : BytesMax + DigestSize);
        return ((bytes * 4) + 2) / 3;
    }
}
