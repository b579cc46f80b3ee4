using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>A user making system calls on a kernel. Each leaves its result in a register, as text, and says how it ended.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="user">The user's place among the users of the scenario; root is 0.</param>
/// <param name="name">What the scenario calls him.</param>
internal sealed partial class Actor(Kernel kernel, int user, string name) : KernelObject(kernel.Host)
{
    /// <summary>The user.</summary>
    public int User => user;

    /// <summary>Characters that a read without a length reads.</summary>
    public const int ReadMax = 64;

    [NotState("a text stands for the same whenever it is asked for")] private readonly StatusTexts texts = new();

    public override string Name => $"user:{name}";

    /// <summary>Adds a key.</summary>
    /// <param name="argument">What the ioctl gets.</param>
    /// <param name="on">The file that it is issued on; null for the root directory, which nobody needs to open.</param>
    /// <param name="result">Where the result goes.</param>
    public async KTask<Errno> AddKey(KeyArgument argument, PathName? on, Register result)
    {
        var (error, file) = await OpenFor(on);
        if (error == Errno.OK)
            error = await kernel.Calls.AddKey(argument, user);
        await Close(file);
        return Put(result, error);
    }

    /// <summary>Removes a key, or the claims of all users on it.</summary>
    public async KTask<Errno> RemoveKey(KeyArgument argument, bool allUsers, PathName? on, Register result)
    {
        var (error, file) = await OpenFor(on);
        var flags = RemovalFlags.None;
        if (error == Errno.OK)
            (error, flags) = await kernel.Calls.RemoveKey(argument, user, allUsers);
        await Close(file);
        result.Set(error == Errno.OK ? ResultText.Of(flags) : ResultText.Of(error));
        return error;
    }

    /// <summary>Asks for the status of a key.</summary>
    public async KTask<Errno> Status(KeyArgument argument, PathName? on, Register result)
    {
        var (error, file) = await OpenFor(on);
        KeyStatusAnswer answer = default;
        if (error == Errno.OK)
            (error, answer) = await kernel.Calls.KeyStatus(argument, user);
        await Close(file);
        if (error != Errno.OK)
            return Put(result, error);
        ResultText.Put(result, in answer);
        return Errno.OK;
    }

    /// <summary>Puts a key of version 1 into the session keyring, takes it off again, or revokes it there.</summary>
    public async KTask<Errno> SessionKey(string action, int specifier, int raw, int size, Register result)
    {
        var keyrings = kernel.ProcessKeyrings;
        return Put(result, action switch
        {
            "add" => await keyrings.Add(user, ProcessKeyType.Logon, specifier, KeyIdentities.Descriptor, raw, size, specifier),
            "unlink" => await keyrings.Unlink(user, ProcessKeyType.Logon, specifier),
            _ => await keyrings.Revoke(user, ProcessKeyType.Logon, specifier),
        });
    }

    /// <summary>Puts a key into the session keyring whose bytes ADD_ENCRYPTION_KEY can take.</summary>
    public async KTask<Errno> Provision(ProcessKeyType type, int id, int specifierType, int raw, int size, int specifier, Register result)
        => Put(result, await kernel.ProcessKeyrings.Add(user, type, id, specifierType, raw, size, specifier));

    /// <summary>Takes such a key off the session keyring, or revokes it there.</summary>
    public async KTask<Errno> Unprovision(int id, bool revokes, Register result)
    {
        var keyrings = kernel.ProcessKeyrings;
        var error = await End(ProcessKeyType.Provisioning);
        return Put(result, error == Errno.ENOKEY ? await End(ProcessKeyType.Other) : error);
        KTask<Errno> End(ProcessKeyType type) => revokes ? keyrings.Revoke(user, type, id) : keyrings.Unlink(user, type, id);
    }

    /// <summary>Writes to /proc/sys/kernel/keys/maxkeys or maxbytes, which only root may open for that.</summary>
    public async KTask<Errno> SetKeyQuota(bool ofKeys, int limit, Register result)
        => Put(result, await kernel.Calls.SetKeyQuota(ofKeys, limit, user));

    /// <summary>Gives an empty directory a policy.</summary>
    public async KTask<Errno> SetPolicy(PathName path, EncryptionPolicy policy, Register result)
        => Put(result, await kernel.Calls.SetPolicy(path, policy, user));

    /// <summary>Asks for the policy of a file, with room for so many bytes.</summary>
    public async KTask<Errno> GetPolicy(PathName path, int size, Register result)
    {
        var (error, file) = await kernel.Calls.Open(path, OpenFlags.Read, user);
        EncryptionPolicy policy = default;
        if (error == Errno.OK)
            (error, policy) = await kernel.Calls.GetPolicy(file!, size);
        await Close(file);
        if (error != Errno.OK)
            return Put(result, error);
        result.Set(ResultText.Of(policy, kernel.Keyring.Identities));
        return Errno.OK;
    }

    /// <summary>The same with the ioctl that knows of version 1 only; it answers with nothing that is looked at.</summary>
    public async KTask<Errno> GetPolicyOld(PathName path, Register result)
    {
        var (error, file) = await kernel.Calls.Open(path, OpenFlags.Read, user);
        if (error == Errno.OK)
            (error, _) = await kernel.Calls.GetPolicyOld(file!);
        await Close(file);
        return Put(result, error);
    }

    /// <summary>Asks for a file's nonce, which nobody looks at.</summary>
    public async KTask<Errno> GetNonce(PathName path, Register result)
    {
        var (error, file) = await kernel.Calls.Open(path, OpenFlags.Read, user);
        if (error == Errno.OK)
            error = await kernel.Calls.GetNonce(file!);
        await Close(file);
        return Put(result, error);
    }

    /// <summary>Makes a directory.</summary>
    public async KTask<Errno> Mkdir(PathName path, Register result) => Put(result, await kernel.Calls.Mkdir(path, user));

    /// <summary>Makes a symlink.</summary>
    public async KTask<Errno> Symlink(int target, PathName path, Register result)
        => Put(result, await kernel.Calls.Symlink(target, path, user));

    /// <summary>Reads where a symlink leads to. A ciphertext is what nobody knows beforehand, so it is shown as that unless asked for.</summary>
    public async KTask<Errno> ReadLink(PathName path, bool raw, Register result)
    {
        var (error, text) = await kernel.Calls.ReadLink(path);
        if (error == Errno.OK && !raw && kernel.Disk.IsEncodedLink(text))
            text = kernel.Disk.Text(Disk.Ciphertext);
        return PutData(result, (error, text));
    }

    /// <summary>Makes a device.</summary>
    public async KTask<Errno> Mknod(PathName path, Register result) => Put(result, await kernel.Calls.Mknod(path, user));

    /// <summary>Goes to another directory, or out of the file system.</summary>
    public async KTask<Errno> ChangeDirectory(PathName? path, Register result)
        => Put(result, path is { } to ? await kernel.Calls.ChangeDirectory(Directory!, to, user) : await kernel.Calls.LeaveDirectory(Directory!));

    /// <summary>Where he is; null if he never goes anywhere.</summary>
    [field: NotState("his own")]
    public WorkingDirectory? Directory { get; init; }

    /// <summary>What an operation on a descriptor that is not open comes to.</summary>
    public static async KTask<Errno> Fails(Errno error, Register result)
    {
        await KTask.Done;
        return Put(result, error);
    }

    /// <summary>Takes a file's name away.</summary>
    public async KTask<Errno> Unlink(PathName path, Register result) => Put(result, await kernel.Calls.Unlink(path, user));

    /// <summary>Removes an empty directory.</summary>
    public async KTask<Errno> Rmdir(PathName path, Register result) => Put(result, await kernel.Calls.Rmdir(path, user));

    /// <summary>Gives a file a second name.</summary>
    public async KTask<Errno> Link(PathName old, PathName path, Register result) => Put(result, await kernel.Calls.Link(old, path, user));

    /// <summary>Moves a name, or exchanges two.</summary>
    public async KTask<Errno> Rename(PathName from, PathName to, RenameKind kind, Register result)
        => Put(result, await kernel.Calls.Rename(from, to, kind, user));

    /// <summary>Makes a file, writes a text to it, and closes it.</summary>
    public async KTask<Errno> Create(PathName path, int text, Register result)
    {
        var (error, file) = await kernel.Calls.Create(path, user);
        if (error == Errno.OK)
        {
            if (text != 0)
                error = await kernel.Calls.Write(file!, text);
            await kernel.Calls.Close(file!);
        }

        return Put(result, error);
    }

    /// <summary>Opens a file, reads it, and closes it; the result is the text, or the error of open.</summary>
    public async KTask<Errno> Cat(PathName path, Register result)
    {
        var (error, opened) = await kernel.Calls.Open(path, OpenFlags.Read, user);
        if (error != Errno.OK)
            return Put(result, error);
        var answer = await kernel.Calls.Read(opened!, 0, ReadMax);
        await kernel.Calls.Close(opened!);
        return PutData(result, answer);
    }

    /// <summary>Opens a file for appending, writes a text, and closes it.</summary>
    public async KTask<Errno> Append(PathName path, int text, Register result)
    {
        var (error, opened) = await kernel.Calls.Open(path, OpenFlags.Write | OpenFlags.Append, user);
        if (error == Errno.OK)
        {
            error = await kernel.Calls.Write(opened!, text);
            await kernel.Calls.Close(opened!);
        }

        return Put(result, error);
    }

    /// <summary>Opens a directory, reads its names, and closes it; the result is the names, or the error of open.</summary>
    public async KTask<Errno> List(PathName path, Register result)
    {
        var (error, opened) = await kernel.Calls.Open(path, OpenFlags.Read | OpenFlags.Directory, user);
        if (error != Errno.OK)
            return Put(result, error);
        var answer = await kernel.Calls.ReadDirectory(opened!);
        await kernel.Calls.Close(opened!);
        return PutData(result, answer);
    }

    /// <summary>Asks what a file is.</summary>
    public async KTask<Errno> Stat(PathName path, Register result)
    {
        var (error, status) = await kernel.Calls.Stat(path);
        if (error != Errno.OK)
            return Put(result, error);
        result.Set(texts.Of(status, kernel.Disk));
        return Errno.OK;
    }

    /// <summary>Asks about the file system that a file is on.</summary>
    public async KTask<Errno> StatFs(PathName path, Register result) => Put(result, await kernel.Calls.StatFs(path));

    /// <summary>Changes who may do what.</summary>
    public async KTask<Errno> ChangeMode(PathName path, int mode, Register result) => Put(result, await kernel.Calls.ChangeMode(path, mode, user));

    /// <summary>Gives a file to another user.</summary>
    public async KTask<Errno> ChangeOwner(PathName path, int owner, Register result) => Put(result, await kernel.Calls.ChangeOwner(path, owner, user));

    /// <summary>Sets an attribute of a file, or reads it.</summary>
    public async KTask<Errno> Attribute(PathName path, bool sets, bool isLarge, Register result)
        => Put(result, sets ? await kernel.Calls.SetAttribute(path, isLarge, user) : await kernel.Calls.GetAttribute(path, user));

    /// <summary>Makes a file shorter or longer.</summary>
    public async KTask<Errno> Truncate(PathName path, int size, Register result) => Put(result, await kernel.Calls.Truncate(path, size, user));

    /// <summary>Writes everything to the disk.</summary>
    public async KTask<Errno> Sync(Register result)
    {
        await kernel.Calls.Sync();
        return Put(result, Errno.OK);
    }

    /// <summary>Unmounts the file system, or mounts it, or the one after the other.</summary>
    public async KTask<Errno> Mount(bool unmounts, bool mounts, MountOptions options, Register result)
    {
        var error = unmounts ? await kernel.Calls.Umount(user) : Errno.OK;
        if (error == Errno.OK && mounts)
            error = await kernel.Calls.Mount(user, options);
        return Put(result, error);
    }

    /// <summary>Has the kernel drop clean pages (1), unused dentries and inodes (2), or both (3).</summary>
    public async KTask<Errno> DropCaches(int what, Register result) => Put(result, await kernel.Calls.DropCaches(what, user));

    /// <summary>Has a kernel with FS_IOC_DROP_CACHE drop all unused names, and then all unused inodes.</summary>
    public async KTask<Errno> DropCacheIoctl(Register result) => Put(result, await kernel.Calls.DropCacheIoctl());

    private async KTask<(Errno Error, OpenFile? File)> OpenFor(PathName? path)
        => path is not { } given ? (kernel.Calls.MayOpenRoot(user), null) : await kernel.Calls.Open(given, OpenFlags.Read, user);

    private async KTask Close(OpenFile? file)
    {
        if (file != null)
            await kernel.Calls.Close(file);
    }

    private Errno PutData(Register result, (Errno Error, int Text) answer)
    {
        result.Set(answer.Error == Errno.OK ? kernel.Disk.TextOf(answer.Text) : ResultText.Of(answer.Error));
        return answer.Error;
    }

    private static Errno Put(Register result, Errno error)
    {
        result.Set(ResultText.Of(error));
        return error;
    }
}
