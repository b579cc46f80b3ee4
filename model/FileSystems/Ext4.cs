using System.Collections.Immutable;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

/// <summary>
/// fs/ext4, as far as it calls the caches and fs/crypto. <see cref="F2fs"/> and <see cref="Ubifs"/> override where they do it
/// otherwise; their directories are otherwise these: the VFS holds the same locks, and fs/crypto has the same hooks.
/// </summary>
internal partial class Ext4(
    KernelHost host, SuperBlock superBlock, InodeCache inodes, DentryCache dentries, Writeback writeback, KeySetup keys,
    PolicyTable policies, KernelRelease release, FixSet fixes, bool dropsInodes)
    : IFileSystem
{
    // EXT4_NAME_LEN.
    private const int NameMax = 255;

    protected readonly KernelHost host = host;
    protected readonly SuperBlock superBlock = superBlock;
    protected readonly InodeCache inodes = inodes;
    protected readonly Writeback writeback = writeback;
    protected readonly KeySetup keys = keys;
    protected readonly bool dropsInodes = dropsInodes;

    private readonly bool refusesNoKeyNames = fixes.Has(Fixes.NoKeyNamesAreNotMade);
    private readonly bool asksHowNamesWereRead = fixes.Has(Fixes.NoKeyNamesAreNotMoved);
    private readonly bool testsKeyOnce = fixes.Has(Fixes.LookupTestsKeyOnce);
    private readonly bool revalidates = fixes.Has(Fixes.NoKeyNamesAreRevalidated);
    private readonly bool renamesNeedKeys = fixes.Has(Fixes.RenamesNeedKeys);
    private readonly bool comparesOnDisk = fixes.Has(Fixes.PoliciesAreComparedOnDisk);

    /// <summary>Its journal.</summary>
    internal Journal Journal { get; } = new(host);

    /// <summary>Its inodes that have no name any more.</summary>
    internal Orphans Orphans { get; } = new(host);

    public virtual MountOptions MountOptions
        => MountOptions.LazyTime | (Change.InlineCrypt.IsIn(release) ? MountOptions.InlineCrypt : MountOptions.None);

    /// <summary>What is so of its own structures.</summary>
    internal virtual ImmutableArray<StateInvariant> Invariants => Orphans.Invariants(inodes);

    [KernelSource("fs/ext4/super.c", "ext4_drop_inode")]
    public virtual async KTask<bool> DropInode(Inode inode)
        => InodeCache.GenericDrop(inode) || (dropsInodes && await keys.DropInode(inode));

    [KernelSource("fs/ext4/inode.c", "ext4_evict_inode", Omits = "freeze protection; truncating blocks; waiting for a running commit")]
    public virtual async KTask EvictInode(Inode inode)
    {
        await TruncatePages(inode);
        if (host.Check("i_nlink", inode.Nlink.Value != 0, otherwise: true))
        {
            await ClearInode(inode);
            return;
        }

        var outermost = await Journal.Start();                     // nested where a failed creation puts its inode
        var attribute = await DropAttributes(inode);
        await Orphans.Remove(inode);
        await FreeOnDisk(inode);
        await Journal.Stop(outermost);
        if (attribute != null)
            await inodes.Iput(attribute);                          // ext4_xattr_inode_array_free
    }

    /// <summary>Throws the pages away, and with them the write errors that nobody was told of yet.</summary>
    protected async KTask TruncatePages(Inode inode)
    {
        await InodeCache.TruncatePages(inode);
        if (superBlock.WriteFault.IsPossible)
            await inode.OnDisk.WriteErrors.Set(0);
    }

    [KernelSource("fs/ext4/super.c", "ext4_clear_inode", Omits = "waiting for a running commit")]
    private async KTask ClearInode(Inode inode)
    {
        await inodes.Clear(inode);
        await keys.PutEncryptionInfo(inode);
    }

    /// <summary>
    /// The inode goes first, then the bit of its number. From here until it is unhashed the number may be taken again while this
    /// inode is still found in the hash: insert_inode_locked passes over it.
    /// </summary>
    [KernelSource("fs/ext4/ialloc.c", "ext4_free_inode", Omits = "block groups; quota")]
    private async KTask FreeOnDisk(Inode inode)
    {
        await ClearInode(inode);
        await host.Point();
        superBlock.Disk.FreeInode(inode.Number.Value);
    }

    [KernelSource("fs/ext4/namei.c", "ext4_lookup", Omits = "case folding")]
    public async KTask<(Errno Error, Dentry? Alias)> Lookup(Inode directory, Dentry dentry)
    {
        if (superBlock.Disk.FileNameOf(dentry.FileName.Value).Length > NameMax)
            return (Errno.ENAMETOOLONG, null);
        host.Counters.NamesRead++;

        // fscrypt_prepare_lookup: one test of the key decides how the name is read, and what the dentry says of it.
        var (error, hasKey) = await HasKeyForNames(directory);
        if (error != Errno.OK)
            return (error, null);
        if (!hasKey)
        {
            await dentry.Ref.Acquire();
            await dentry.Flags.Set(dentry.Flags.Value | DentryFlags.NoKeyName);
            await dentry.Ref.Release();
        }

        if (!testsKeyOnce)
        {
            // Without b01531db6cec: a key that comes between the two tests makes the flag say what is not so.
            (error, hasKey) = await HasKeyForNames(directory);
            if (error != Errno.OK)
                return (error, null);
        }

        var number = directory.OnDisk.Find(NameOnDisk(dentry, hasKey));
        if (number == 0)
            return await dentries.SpliceAlias(null, dentry);
        var inode = await Iget(number);
        if (inode == null)
            return (Errno.ENOMEM, null);
        if (directory.OnDisk.IsEncrypted && inode.Type.Value is FileType.Directory or FileType.Symlink && !await HasPermittedContext(directory, inode))
        {
            await inodes.Iput(inode);
            return (Errno.EPERM, null);
        }

        return await dentries.SpliceAlias(inode, dentry);
    }

    /// <summary>Whether names in a directory can be read: it is not encrypted, or its key could be set up.</summary>
    [KernelSource("fs/crypto/fname.c", "fscrypt_setup_filename", Omits = "how a name is encoded")]
    private async KTask<(Errno Error, bool HasKey)> HasKeyForNames(Inode directory)
    {
        if (!directory.OnDisk.IsEncrypted)
            return (Errno.OK, true);
        var error = await keys.GetEncryptionInfo(directory);
        return error != Errno.OK ? (error, false) : (Errno.OK, await keys.LoadInfo(directory) != null);
    }

    // Without the key only what was listed without it stands for an entry: other names do not decode to ciphertext.
    private int NameOnDisk(Dentry dentry, bool hasKey)
        => hasKey ? dentry.FileName.Value : superBlock.Disk.Decode(dentry.FileName.Value);

    [KernelSource("fs/crypto/fname.c", "fscrypt_d_revalidate")]
    public async KTask<(Errno Error, bool Valid)> Revalidate(Dentry dentry)
    {
        if (!revalidates)
            return (Errno.OK, true);
        var parent = await dentries.DgetParent(dentry);
        var directory = parent.Inode.Value!;
        var error = await keys.GetEncryptionInfo(directory);
        var valid = error == Errno.OK && await keys.LoadInfo(directory) == null;
        await dentries.Dput(parent);
        return (error, valid);
    }

    [KernelSource("fs/ext4/file.c", "ext4_file_open")]
    public async KTask<Errno> OpenFile(Dentry dentry)
    {
        var inode = dentry.Inode.Value!;
        return inode.Type.Value switch
        {
            FileType.Directory => Errno.OK,
            FileType.Special => Errno.ENXIO,                       // chrdev_open: it has no driver
            _ => await FscryptFileOpen(dentry, inode),
        };
    }

    /// <summary>A file opens with its key, in a directory with its policy.</summary>
    [KernelSource("fs/crypto/hooks.c", "fscrypt_file_open", Omits = "the first look at the parent under RCU, for those that are not encrypted")]
    private async KTask<Errno> FscryptFileOpen(Dentry dentry, Inode inode)
    {
        var error = await keys.RequireKey(inode);
        if (error != Errno.OK || !inode.OnDisk.IsEncrypted)
            return error;
        var parent = await dentries.DgetParent(dentry);
        var directory = parent.Inode.Value!;
        if (directory.OnDisk.IsEncrypted && !await HasPermittedContext(directory, inode))
            error = Errno.EPERM;
        await dentries.Dput(parent);
        return error;
    }

    [KernelSource("fs/ext4/inode.c", "ext4_block_write_begin", Omits = "blocks")]
    public async KTask<int> ReadFolio(Inode inode)
    {
        var data = await inode.OnDisk.Data.LoadAcquire();
        if (data == 0)
            return data;                                           // a file without data is a hole: nothing to decrypt
        if (await BlockKeyOf(inode) is not { } key)
        {
            await UseKey(inode);
            return data;
        }

        var slot = await superBlock.Device.Profile.Get(key);
        await host.Point();                                        // the work itself takes time
        await CryptoProfile.Put(slot);
        return data;
    }

    [KernelSource("fs/ext4/readpage.c", "ext4_mpage_readpages")]
    public virtual async KTask ReadAhead(Inode inode) => await superBlock.Device.SubmitRead(inode, await BlockKeyOf(inode));

    [KernelSource("fs/ext4/page-io.c", "ext4_bio_write_folio")]
    public virtual async KTask WriteFolio(Inode inode, int data)
    {
        var key = await BlockKeyOf(inode);
        if (key == null)
            await UseKey(inode);
        await superBlock.Device.SubmitWrite(inode, data, key);
    }

    [KernelSource("fs/ext4/page-io.c", "ext4_end_bio", Omits = "the work that converts extents which had not been written before")]
    public async KTask EndWrite(Inode inode, Errno error)
    {
        if (error != Errno.OK)
            await Writeback.NoteError(inode);
        await Writeback.EndIo(inode);
    }

    [KernelSource("fs/ext4/super.c", "ext4_fill_super", Omits = "everything but the root")]
    public async KTask<Inode> ReadRoot() => (await Iget(Disk.RootNumber))!;

    [KernelSource("fs/ext4/super.c", "ext4_put_super", Omits = "the journal's end: one point")]
    public virtual async KTask PutSuper()
    {
        await host.Point();
        if (Orphans.List.First is { } orphan)
            host.Report(new Finding("busy-at-umount", $"{orphan.Name} is on the orphan list after the file system was unmounted") { Object = orphan });
        await keys.DestroyKeyring();
    }

    [KernelSource("fs/ext4/super.c", "ext4_sync_fs", Omits = "quota; the journal has no state: a commit is one point")]
    public virtual async KTask<Errno> Sync(bool wait)
    {
        await host.Point();
        return await superBlock.SyncFault.Happens() ? Errno.EIO : Errno.OK;
    }

    /// <summary>An inode by number, read from the disk if it is not cached.</summary>
    [KernelSource("fs/ext4/inode.c", "__ext4_iget")]
    internal async KTask<Inode?> Iget(int number)
    {
        var (inode, isNew) = await inodes.Iget(superBlock, number);
        if (inode == null || !isNew)
            return inode;
        host.Counters.InodesRead++;
        host.Cost?.OnRead(number);
        await host.Point();                                        // reads the inode from the disk
        inode.Type.Value = inode.OnDisk.Type;
        inode.Nlink.Value = inode.OnDisk.Links.Value;
        ReadLink(inode);
        await inodes.UnlockNew(inode);
        return inode;
    }

    /// <summary>The key that the block layer is to encrypt a file with; null if that is done before.</summary>
    [KernelSource("fs/crypto/inline_crypt.c", "fscrypt_set_bio_crypt_ctx", Omits = "data unit numbers")]
    private async KTask<BlockKey?> BlockKeyOf(Inode inode)
        => superBlock.UsesInlineCrypt.Racy && inode.OnDisk.IsEncrypted
            ? ((CryptInfo?)await keys.LoadInfo(inode))?.BlockKey.Value : null;

    /// <summary>Whoever encrypts or decrypts loads the info and uses the key in it.</summary>
    [KernelSource("fs/crypto/crypto.c", "fscrypt_crypt_data_unit")]
    protected async KTask UseKey(Inode inode)
    {
        if (!inode.OnDisk.IsEncrypted)
            return;
        var info = (CryptInfo?)await keys.LoadInfo(inode);
        if (info == null)
        {
            host.Report(new Finding("no-key", $"{host.Current.Name} encrypts or decrypts {inode.Name}, which has no key") { Object = inode });
            return;
        }

        await host.Point();                                        // the work itself takes time
        if (!info.HasKey)
            host.Report(new Finding("no-key", $"{host.Current.Name} uses the key of {inode.Name}, which was wiped") { Object = inode });
    }
}
