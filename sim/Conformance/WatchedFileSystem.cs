using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Conformance;

/// <summary>A file system between the VFS and ext4 that tells what the VFS asks about the end of inodes, and changes nothing.</summary>
/// <param name="inner">The file system.</param>
/// <param name="tell">Gets <c>drop(f,1)</c>, <c>EVICT(f)</c> and <c>FREE(f)</c>, as the kernel's trace events come.</param>
/// <param name="nameOf">What the file is called.</param>
internal class WatchedFileSystem(IFileSystem inner, Action<string> tell, Func<Inode, string> nameOf) : IFileSystem
{
    public virtual async KTask<bool> DropInode(Inode inode)
    {
        var answer = await inner.DropInode(inode);
        tell($"drop({nameOf(inode)},{(answer ? 1 : 0)})");
        return answer;
    }

    public virtual async KTask EvictInode(Inode inode)
    {
        var name = nameOf(inode);
        var isFreed = inode.Nlink.Value == 0;
        tell($"EVICT({name})");
        await inner.EvictInode(inode);
        if (isFreed)
            tell($"FREE({name})");
    }

    public KTask<(Errno Error, Dentry? Alias)> Lookup(Inode directory, Dentry dentry) => inner.Lookup(directory, dentry);

    public KTask<Errno> Create(Inode directory, Dentry dentry, int user) => inner.Create(directory, dentry, user);

    public KTask<Errno> MakeDirectory(Inode directory, Dentry dentry, int user) => inner.MakeDirectory(directory, dentry, user);

    public KTask<Errno> MakeSymlink(Inode directory, Dentry dentry, int target, int user)
        => inner.MakeSymlink(directory, dentry, target, user);

    public KTask<Errno> MakeSpecial(Inode directory, Dentry dentry, int user) => inner.MakeSpecial(directory, dentry, user);

    public KTask<Errno> MakeTemporary(Inode directory, Dentry dentry, int user) => inner.MakeTemporary(directory, dentry, user);

    public KTask<(Errno Error, LinkTarget? Target, bool IsOwn)> GetLink(Inode inode) => inner.GetLink(inode);

    public void PutLink(LinkTarget target) => inner.PutLink(target);

    public KTask<(Errno Error, int Size)> SizeOfLink(Inode inode) => inner.SizeOfLink(inode);

    public void FreeInode(Inode inode) => inner.FreeInode(inode);

    public KTask<Errno> Unlink(Inode directory, Dentry dentry) => inner.Unlink(directory, dentry);

    public KTask<Errno> RemoveDirectory(Inode directory, Dentry dentry) => inner.RemoveDirectory(directory, dentry);

    public KTask<Errno> Link(Dentry old, Inode directory, Dentry dentry) => inner.Link(old, directory, dentry);

    public KTask<Errno> Rename(Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to)
        => inner.Rename(fromDirectory, from, toDirectory, to);

    public KTask<Errno> Exchange(Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to)
        => inner.Exchange(fromDirectory, from, toDirectory, to);

    public KTask<bool> IsEmpty(Inode directory) => inner.IsEmpty(directory);

    public KTask<Errno> SetContext(Inode inode, int policy) => inner.SetContext(inode, policy);

    public KTask<(Errno Error, bool Valid)> Revalidate(Dentry dentry) => inner.Revalidate(dentry);

    public KTask<(Errno Error, int Names)> ReadDirectory(Inode directory) => inner.ReadDirectory(directory);

    public KTask<Errno> PrepareSize(Inode inode) => inner.PrepareSize(inode);

    public KTask SetAttributes(Inode inode) => inner.SetAttributes(inode);

    public KTask<Errno> SetExtendedAttribute(Inode inode, bool isLarge, int user) => inner.SetExtendedAttribute(inode, isLarge, user);

    public KTask<Errno> GetExtendedAttribute(Inode inode) => inner.GetExtendedAttribute(inode);

    public KTask<Errno> OpenFile(Dentry dentry) => inner.OpenFile(dentry);

    public KTask<int> ReadFolio(Inode inode) => inner.ReadFolio(inode);

    public MountOptions MountOptions => inner.MountOptions;

    public KTask ReadAhead(Inode inode) => inner.ReadAhead(inode);

    public KTask WriteFolio(Inode inode, int data) => inner.WriteFolio(inode, data);

    public virtual KTask EndWrite(Inode inode, Errno error) => inner.EndWrite(inode, error);

    public KTask<Inode> ReadRoot() => inner.ReadRoot();

    public KTask PutSuper() => inner.PutSuper();

    public KTask<Errno> Sync(bool wait) => inner.Sync(wait);
}
