using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Scenarios.Calls;

// What is done to descriptors and mappings.
internal sealed partial class Actor
{
    /// <summary>Characters that are read from a mapping.</summary>
    private const int MappedMax = 16;

    /// <summary>Opens a file.</summary>
    public async KTask<Errno> Open(Descriptor descriptor, PathName path, OpenFlags flags, Register result)
    {
        var (error, opened) = await kernel.Calls.Open(path, flags, user);
        if (error == Errno.OK)
            await kernel.Calls.Install(descriptor.Slot, opened!);
        return Put(result, error);
    }

    /// <summary>Closes a file.</summary>
    public async KTask<Errno> Close(Descriptor descriptor, Register result) => Put(result, await kernel.Calls.Close(descriptor.Slot));

    /// <summary>Reads from an open file.</summary>
    public async KTask<Errno> Read(Descriptor descriptor, int offset, int length, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        var answer = await kernel.Calls.Read(file, offset, length);
        await kernel.Calls.Put(descriptor.Slot, file);
        return PutData(result, answer);
    }

    /// <summary>Writes a text to an open file.</summary>
    public async KTask<Errno> Write(Descriptor descriptor, int text, int offset, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        return await PutAfter(result, await kernel.Calls.Write(file, text, offset), descriptor, file);
    }

    /// <summary>Reads the names of an open directory, from the first one on.</summary>
    public async KTask<Errno> List(Descriptor descriptor, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        var answer = await kernel.Calls.ReadDirectory(file);
        await kernel.Calls.Put(descriptor.Slot, file);
        return PutData(result, answer);
    }

    /// <summary>Asks what an open file is.</summary>
    public async KTask<Errno> Stat(Descriptor descriptor, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        var (error, status) = await kernel.Calls.Stat(file);
        await kernel.Calls.Put(descriptor.Slot, file);
        if (error != Errno.OK)
            return Put(result, error);
        result.Set(texts.Of(status, kernel.Disk));
        return Errno.OK;
    }

    /// <summary>Asks where an open file is.</summary>
    public async KTask<Errno> PathOf(Descriptor descriptor, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.ENOENT);
        var path = await kernel.Calls.PathOf(file);
        await kernel.Calls.Put(descriptor.Slot, file);
        return PutData(result, (Errno.OK, path));
    }

    /// <summary>Makes an open file shorter or longer.</summary>
    public async KTask<Errno> Truncate(Descriptor descriptor, int size, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        return await PutAfter(result, await kernel.Calls.Truncate(file, size), descriptor, file);
    }

    /// <summary>Gives an open file a name.</summary>
    public async KTask<Errno> Link(Descriptor descriptor, PathName path, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.ENOENT);
        return await PutAfter(result, await kernel.Calls.Link(file, path, user), descriptor, file);
    }

    /// <summary>Locks an open file.</summary>
    public async KTask<Errno> Lock(Descriptor descriptor, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        return await PutAfter(result, await kernel.Calls.Lock(file), descriptor, file);
    }

    /// <summary>Says that an open file's pages are not wanted any more.</summary>
    public async KTask<Errno> DropPages(Descriptor descriptor, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        return await PutAfter(result, await kernel.Calls.DropPages(file), descriptor, file);
    }

    /// <summary>Has an open file read into the page cache.</summary>
    public async KTask<Errno> ReadAhead(Descriptor descriptor, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        return await PutAfter(result, await kernel.Calls.ReadAhead(file), descriptor, file);
    }

    /// <summary>Writes an open file to the disk, or the whole file system that it is on.</summary>
    public async KTask<Errno> Sync(Descriptor descriptor, bool whole, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        return await PutAfter(result, whole ? await kernel.Calls.Syncfs(file) : await kernel.Calls.Fsync(file), descriptor, file);
    }

    /// <summary>Maps the beginning of a file.</summary>
    public async KTask<Errno> Map(Descriptor mapping, Descriptor descriptor, bool isWritable, bool isPrivate, Register result)
    {
        if (await kernel.Calls.Get(descriptor.Slot) is not { } file)
            return Put(result, Errno.EBADF);
        var (error, made) = await kernel.Calls.Map(file, isWritable, isPrivate);
        if (error == Errno.OK)
            mapping.Mapping.Value = made;
        return await PutAfter(result, error, descriptor, file);
    }

    /// <summary>Reads the first bytes of a mapping.</summary>
    public async KTask<Errno> Load(Descriptor mapping, Register result)
        => mapping.Mapping.Value is { } mapped ? PutData(result, await kernel.Calls.Load(mapped, MappedMax)) : Put(result, Errno.EFAULT);

    /// <summary>Stores a text at the beginning of a mapping.</summary>
    public async KTask<Errno> Store(Descriptor mapping, int text, Register result)
        => Put(result, mapping.Mapping.Value is { } mapped ? await kernel.Calls.Store(mapped, text) : Errno.EFAULT);

    /// <summary>Takes a mapping away.</summary>
    public async KTask<Errno> Unmap(Descriptor mapping, Register result)
    {
        if (mapping.Mapping.Value is not { } mapped)
            return Put(result, Errno.EINVAL);
        mapping.Mapping.Value = null;
        await kernel.Calls.Unmap(mapped);
        return Put(result, Errno.OK);
    }

    private async KTask<Errno> PutAfter(Register result, Errno error, Descriptor descriptor, OpenFile file)
    {
        await kernel.Calls.Put(descriptor.Slot, file);
        return Put(result, error);
    }
}
