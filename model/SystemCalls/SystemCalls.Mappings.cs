using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

// Files in memory.
public sealed partial class SystemCalls
{
    /// <summary>mmap of the beginning of a file.</summary>
    /// <param name="file">The file, which the mapping keeps open.</param>
    /// <param name="isWritable">PROT_WRITE.</param>
    /// <param name="isPrivate">MAP_PRIVATE.</param>
    /// <returns>EBADF or EACCES if the descriptor is not one for that.</returns>
    [KernelSource("mm/mmap.c", "do_mmap", Omits = "addresses, lengths; mmap_lock")]
    public async KTask<(Errno Error, Mapping? Mapping)> Map(OpenFile file, bool isWritable, bool isPrivate)
    {
        if (Has(file, OpenFlags.Path))
            return (Errno.EBADF, null);
        if (!Has(file, OpenFlags.Read) || (isWritable && !isPrivate && !Has(file, OpenFlags.Write)))
            return (Errno.EACCES, null);
        if (file.Dentry.Value!.Inode.Value!.IsDirectory)
            return (Errno.ENODEV, null);
        await file.Count.Increment();                              // get_file
        var mapping = mappings.Allocate();
        mapping.File.Value = file;
        mapping.IsWritable.Value = isWritable;
        mapping.IsPrivate.Value = isPrivate;
        mapping.HasCopy.Value = false;
        return (Errno.OK, mapping);
    }

    /// <summary>Reads the first bytes of a mapping: the file's, and zeros behind its end. EFAULT if the file has no page there.</summary>
    [KernelSource("mm/filemap.c", "filemap_fault")]
    public async KTask<(Errno Error, int Text)> Load(Mapping mapping, int length)
    {
        var disk = superBlock.Disk;
        if (mapping.HasCopy.Value)
            return (Errno.OK, disk.Resize(mapping.Copy.Value, length));
        var text = await pages.Read(mapping.File.Value!.Dentry.Value!.Inode.Value!);
        return disk.TextOf(text).Length == 0 ? (Errno.EFAULT, 0) : (Errno.OK, disk.Resize(text, length));
    }

    /// <summary>Stores a text at the beginning of a mapping: into the file, or into a copy of the page if it is private.</summary>
    [KernelSource("mm/memory.c", "do_wp_page")]
    public async KTask<Errno> Store(Mapping mapping, int text)
    {
        if (!mapping.IsWritable.Value)
            return Errno.EFAULT;
        var inode = mapping.File.Value!.Dentry.Value!.Inode.Value!;
        if (!mapping.IsPrivate.Value)
            return await pages.Store(inode, text) ? Errno.OK : Errno.EFAULT;
        var old = mapping.HasCopy.Value ? mapping.Copy.Value : await pages.Read(inode);
        if (superBlock.Disk.TextOf(old).Length == 0)
            return Errno.EFAULT;
        mapping.Copy.Value = superBlock.Disk.Overlay(old, 0, text);
        mapping.HasCopy.Value = true;
        return Errno.OK;
    }

    /// <summary>munmap: the file is closed, if nobody else has it open.</summary>
    [KernelSource("mm/mmap.c", "remove_vma")]
    public async KTask Unmap(Mapping mapping)
    {
        var file = mapping.File.Value!;
        mappings.Free(mapping);
        await Put(file);
    }
}

/// <summary>struct vm_area_struct of a file.</summary>
public sealed class Mapping(KernelHost host) : KernelObject(host)
{
    /// <summary>vm_file.</summary>
    [KernelName("vm_file")]
    public Plain<OpenFile?> File;

    /// <summary>VM_WRITE.</summary>
    [KernelName("VM_WRITE")]
    public Plain<bool> IsWritable;

    /// <summary>Not VM_SHARED.</summary>
    [KernelName("VM_PRIVATE")]
    public Plain<bool> IsPrivate;

    /// <summary>Whether a store has made a copy of the page.</summary>
    [KernelName("anon_vma")]
    public Plain<bool> HasCopy;

    /// <summary>The copy.</summary>
    [KernelName("anonymous page")]
    public Plain<int> Copy;

    public override string Name => $"vma:{File.Peek?.Dentry.Peek?.Name}";
}
