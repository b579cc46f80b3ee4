using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>What the VFS asks of a file system: super_operations and inode_operations, as far as they matter here.</summary>
public interface IFileSystem
{
    /// <summary>->drop_inode, under i_lock with no reference left: whether the inode is evicted instead of cached.</summary>
    KTask<bool> DropInode(Inode inode);

    /// <summary>->evict_inode: drops the pages and what the file system hung on the inode.</summary>
    KTask EvictInode(Inode inode);

    /// <summary>->lookup, under the directory's i_rwsem: makes <paramref name="dentry"/> positive or negative, or gives another one for it.</summary>
    KTask<(Errno Error, Dentry? Alias)> Lookup(Inode directory, Dentry dentry);

    /// <summary>->create, under the directory's i_rwsem: makes a file of a negative dentry.</summary>
    KTask<Errno> Create(Inode directory, Dentry dentry, int user);

    /// <summary>->mkdir, under the directory's i_rwsem: makes a directory of a negative dentry.</summary>
    KTask<Errno> MakeDirectory(Inode directory, Dentry dentry, int user);

    /// <summary>->symlink, under the directory's i_rwsem: makes a symlink of a negative dentry.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="dentry">The dentry.</param>
    /// <param name="target">What it leads to, a number of <see cref="Disk.TextOf"/>.</param>
    /// <param name="user">Whose it will be.</param>
    KTask<Errno> MakeSymlink(Inode directory, Dentry dentry, int target, int user);

    /// <summary>->mknod, under the directory's i_rwsem: makes a device of a negative dentry.</summary>
    KTask<Errno> MakeSpecial(Inode directory, Dentry dentry, int user);

    /// <summary>->tmpfile, with no lock: makes a file without a name, of a dentry that is not hashed, and opens it.</summary>
    KTask<Errno> MakeTemporary(Inode directory, Dentry dentry, int user);

    /// <summary>->get_link by reference: a symlink's target, and whether it is the caller's own, to be given back with <see cref="PutLink"/>.</summary>
    KTask<(Errno Error, LinkTarget? Target, bool IsOwn)> GetLink(Inode inode);

    /// <summary>The delayed call that ->get_link leaves: frees the target.</summary>
    void PutLink(LinkTarget target);

    /// <summary>->getattr of a symlink: its size.</summary>
    KTask<(Errno Error, int Size)> SizeOfLink(Inode inode);

    /// <summary>->free_inode: what goes with the inode after the grace period.</summary>
    void FreeInode(Inode inode);

    /// <summary>->unlink, under the i_rwsem of the directory and of the file.</summary>
    KTask<Errno> Unlink(Inode directory, Dentry dentry);

    /// <summary>->rmdir, under the i_rwsem of both directories.</summary>
    KTask<Errno> RemoveDirectory(Inode directory, Dentry dentry);

    /// <summary>->link, under the i_rwsem of the directory and of the file.</summary>
    KTask<Errno> Link(Dentry old, Inode directory, Dentry dentry);

    /// <summary>->rename, under the i_rwsem of both directories and of what is replaced.</summary>
    KTask<Errno> Rename(Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to);

    /// <summary>->rename with RENAME_EXCHANGE, under the i_rwsem of both directories and of both files.</summary>
    KTask<Errno> Exchange(Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to);

    /// <summary>s_cop->empty_dir, under the directory's i_rwsem.</summary>
    KTask<bool> IsEmpty(Inode directory);

    /// <summary>s_cop->set_context, under the inode's i_rwsem: writes which policy it has to the disk.</summary>
    KTask<Errno> SetContext(Inode inode, int policy);

    /// <summary>->d_revalidate in reference mode, for dentries with a no-key name: valid, invalid, or an error.</summary>
    KTask<(Errno Error, bool Valid)> Revalidate(Dentry dentry);

    /// <summary>->iterate_shared, under the directory's i_rwsem: its names as a text.</summary>
    KTask<(Errno Error, int Names)> ReadDirectory(Inode directory);

    /// <summary>->setattr with a size, under the inode's i_rwsem: whether it may be changed. What becomes of the pages is the caller's.</summary>
    KTask<Errno> PrepareSize(Inode inode);

    /// <summary>->setattr with anything else: what is written goes to the journal.</summary>
    KTask SetAttributes(Inode inode);

    /// <summary>->set of an attribute of the inode's users, whose value may be too large to be kept in the inode. i_rwsem is held.</summary>
    KTask<Errno> SetExtendedAttribute(Inode inode, bool isLarge, int user);

    /// <summary>->get of the same.</summary>
    KTask<Errno> GetExtendedAttribute(Inode inode);

    /// <summary>f_op->open.</summary>
    KTask<Errno> OpenFile(Dentry dentry);

    /// <summary>Reads the file's data from the disk and decrypts it, with the folio locked.</summary>
    KTask<int> ReadFolio(Inode inode);

    /// <summary>->readahead: has the file's data read into its folio, which is locked, and need not wait for it.</summary>
    KTask ReadAhead(Inode inode);

    /// <summary>Encrypts the file's data and submits it to be written.</summary>
    KTask WriteFolio(Inode inode, int data);

    /// <summary>bi_end_io, in an interrupt: the data is on the disk, or is not.</summary>
    KTask EndWrite(Inode inode, Errno error);

    /// <summary>What it can be mounted with.</summary>
    MountOptions MountOptions { get; }

    /// <summary>The root's inode, read when the file system is mounted.</summary>
    KTask<Inode> ReadRoot();

    /// <summary>->put_super, and the end of the keys, when all inodes are evicted.</summary>
    KTask PutSuper();

    /// <summary>->sync_fs: commits the journal, and waits for that or not.</summary>
    KTask<Errno> Sync(bool wait);
}
