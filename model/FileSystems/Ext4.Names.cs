using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.FileSystems;

// fs/ext4/namei.c: taking names away, giving more of them, moving them. The i_rwsem of all directories and files that change
// is held. An inode without a name goes to the orphan list, which holds no reference: its last put frees it.
internal partial class Ext4
{
    [KernelSource("fs/ext4/namei.c", "ext4_unlink", Omits = "quota")]
    public async KTask<Errno> Unlink(Inode directory, Dentry dentry)
    {
        var (error, name) = await FindEntry(directory, dentry);    // and ext4_journal_start: per release in either order
        if (error != Errno.OK)
            return error;
        await StartRemoval();
        await DeleteEntry(directory, name);
        await DropLink(dentry.Inode.Value!);
        await OrphanIfUnlinked(dentry.Inode.Value!);
        await EndChange();
        return Errno.OK;
    }

    [KernelSource("fs/ext4/namei.c", "ext4_rmdir", Omits = "quota; the link count of the parent")]
    public async KTask<Errno> RemoveDirectory(Inode directory, Dentry dentry)
    {
        var inode = dentry.Inode.Value!;
        var (error, name) = await FindEntry(directory, dentry);
        if (error != Errno.OK)
            return error;
        if (!await IsEmpty(inode))
            return Errno.ENOTEMPTY;
        await StartRemoval();
        await DeleteEntry(directory, name);
        await DropLink(inode);
        await OrphanIfUnlinked(inode);
        await EndChange();
        return Errno.OK;
    }

    [KernelSource("fs/ext4/namei.c", "ext4_link", Omits = "project quotas; EMLINK")]
    public async KTask<Errno> Link(Dentry old, Inode directory, Dentry dentry)
    {
        var inode = old.Inode.Value!;
        var error = await PrepareLink(inode, directory, dentry);
        if (error != Errno.OK)
            return error;
        await StartChange();
        inode.Nlink.Value = ++inode.OnDisk.Links.Value;
        await inode.Count.Increment();                             // ihold
        error = await AddEntry(directory, dentry, inode);
        if (error == Errno.OK)
        {
            if (inode.Nlink.Value == 1)                            // it had no name before: O_TMPFILE
                await NoOrphan(inode);
            await DentryCache.Instantiate(dentry, inode);
        }
        else
        {
            await DropLink(inode);
            await inodes.Iput(inode);                              // inside the handle, and never the last
        }

        await EndChange();
        return error;
    }

    [KernelSource("fs/ext4/namei.c", "ext4_rename", Omits = "the search for what is replaced, which i_rwsem keeps where it was found; whiteouts; the link counts of parents; the entry of the parent in a moved directory")]
    public async KTask<Errno> Rename(Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to)
    {
        var (source, target) = (from.Inode.Value!, to.Inode.Value);
        var error = await PrepareRename(from, fromDirectory, toDirectory, to, exchange: false);
        if (error != Errno.OK)
            return error;
        (error, var name) = await FindEntry(fromDirectory, from);
        if (error != Errno.OK)
            return error;
        if (target is { IsDirectory: true } && !await IsEmpty(target))
            return Errno.ENOTEMPTY;
        var (replaced, newName) = (target != null, to.FileName.Value);
        if (!asksHowNamesWereRead || !renamesNeedKeys)
        {
            // The name is read anew, and with another key: what was found may be there no more.
            (error, var found) = await FindEntry(toDirectory, to);
            replaced = target != null && error == Errno.OK;
            newName = replaced ? found : newName;
            if (!replaced && await keys.RequireKey(toDirectory) != Errno.OK)
                return Errno.ENOKEY;
        }

        await StartChange();
        if (replaced)
            toDirectory.OnDisk.Remove(newName);
        toDirectory.OnDisk.Enter(newName, source.Number.Value);
        fromDirectory.OnDisk.Remove(name);
        source.OnDisk.SetLabel(newName);
        if (target != null)
        {
            await DropLink(target);
            await OrphanIfUnlinked(target);
        }

        await Changed(source);
        await EndRename(fromDirectory, toDirectory);
        return Errno.OK;
    }

    [KernelSource("fs/ext4/namei.c", "ext4_cross_rename", Omits = "the link counts of parents; the entries of the parents in moved directories")]
    public async KTask<Errno> Exchange(Inode fromDirectory, Dentry from, Inode toDirectory, Dentry to)
    {
        var error = await PrepareRename(from, fromDirectory, toDirectory, to, exchange: true);
        if (error != Errno.OK)
            return error;
        var (source, target) = (from.Inode.Value!, to.Inode.Value!);
        (error, var first) = await FindEntry(fromDirectory, from);
        var second = 0;
        if (error == Errno.OK)
            (error, second) = await FindEntry(toDirectory, to);
        if (error != Errno.OK)
            return error;
        await StartChange();
        fromDirectory.OnDisk.Remove(first);
        toDirectory.OnDisk.Remove(second);
        source.OnDisk.SetLabel(second);
        target.OnDisk.SetLabel(first);
        fromDirectory.OnDisk.Enter(first, target.Number.Value);
        toDirectory.OnDisk.Enter(second, source.Number.Value);
        await Changed(source);
        await Changed(target);
        await EndRename(fromDirectory, toDirectory);
        return Errno.OK;
    }

    /// <summary>A new name in an encrypted directory needs its key, and a file with the same policy.</summary>
    [KernelSource("fs/crypto/hooks.c", "__fscrypt_prepare_link")]
    private async KTask<Errno> PrepareLink(Inode inode, Inode directory, Dentry dentry)
    {
        if (!directory.OnDisk.IsEncrypted)
            return Errno.OK;
        if (!asksHowNamesWereRead)
        {
            var error = await keys.RequireKey(directory);          // without 968dd6d0c6d6
            if (error != Errno.OK)
                return error;
        }
        else if (DentryCache.Has(await dentry.Flags.ReadOnce(), DentryFlags.NoKeyName))
        {
            return Errno.ENOKEY;
        }

        return await HasPermittedContext(directory, inode) ? Errno.OK : Errno.EXDEV;
    }

    [KernelSource("fs/crypto/hooks.c", "__fscrypt_prepare_rename")]
    private async KTask<Errno> PrepareRename(Dentry from, Inode fromDirectory, Inode toDirectory, Dentry to, bool exchange)
    {
        if (!fromDirectory.OnDisk.IsEncrypted && !toDirectory.OnDisk.IsEncrypted)
            return Errno.OK;
        var error = await CheckNames(from, fromDirectory, toDirectory, to);
        if (error != Errno.OK)
            return error;
        if (ReferenceEquals(fromDirectory, toDirectory))
            return Errno.OK;
        if (toDirectory.OnDisk.IsEncrypted && !await HasPermittedContext(toDirectory, from.Inode.Value!))
            return Errno.EXDEV;
        if (exchange && fromDirectory.OnDisk.IsEncrypted && !await HasPermittedContext(fromDirectory, to.Inode.Value!))
            return Errno.EXDEV;
        return Errno.OK;
    }

    /// <summary>ENOKEY if a name was looked up without the key. Up to 5.1 it was asked for the keys, and up to 4.10 for nothing.</summary>
    [KernelSource("fs/crypto/hooks.c", "__fscrypt_prepare_rename")]
    private async KTask<Errno> CheckNames(Dentry from, Inode fromDirectory, Inode toDirectory, Dentry to)
    {
        if (!renamesNeedKeys)
            return Errno.OK;
        if (!asksHowNamesWereRead)
        {
            var error = await keys.RequireKey(fromDirectory);
            return error != Errno.OK ? error : await keys.RequireKey(toDirectory);
        }

        var noKeyName = DentryCache.Has(await from.Flags.ReadOnce(), DentryFlags.NoKeyName)
            || DentryCache.Has(await to.Flags.ReadOnce(), DentryFlags.NoKeyName);
        return noKeyName ? Errno.ENOKEY : Errno.OK;
    }

    /// <summary>
    /// Whether a file may be in an encrypted directory: it has the same policy. Sets up both keys as it can, so that a look-up
    /// unlocks directories, and opening a file may unlock its directory.
    /// </summary>
    [KernelSource("fs/crypto/policy.c", "fscrypt_has_permitted_context", Omits = "what sets special files apart")]
    private async KTask<bool> HasPermittedContext(Inode directory, Inode inode)
    {
        if (inode.Type.Value == FileType.Special)
            return true;
        if (!inode.OnDisk.IsEncrypted)
            return false;
        if (await keys.GetEncryptionInfo(directory) != Errno.OK || await keys.GetEncryptionInfo(inode) != Errno.OK)
            return false;

        // Without 272f98f68462: one that has its key and one that has not are of different policies.
        if (!comparesOnDisk && await keys.LoadInfo(directory) == null != (await keys.LoadInfo(inode) == null))
            return false;
        return inode.OnDisk.Policy == directory.OnDisk.Policy;
    }

    /// <summary>
    /// The name that an entry has on the disk, or ENOENT. The name is read anew, with the key that there is now: one that was added
    /// since the look-up makes a plaintext name, which is not there, of what was a no-key name.
    /// </summary>
    [KernelSource("fs/ext4/namei.c", "ext4_find_entry")]
    private async KTask<(Errno Error, int Name)> FindEntry(Inode directory, Dentry dentry)
    {
        var (error, hasKey) = await HasKeyForNames(directory);
        if (error != Errno.OK)
            return (error, 0);
        var name = NameOnDisk(dentry, hasKey);
        await host.Point();                                        // reads its blocks
        return directory.OnDisk.Find(name) == 0 ? (Errno.ENOENT, 0) : (Errno.OK, name);
    }

    [KernelSource("fs/ext4/namei.c", "ext4_delete_entry")]
    private async KTask DeleteEntry(Inode directory, int name)
    {
        await host.Point();
        directory.OnDisk.Remove(name);
        await Changed(directory);
    }

    // drop_nlink or clear_nlink, in memory and in the journal.
    [KernelSource("fs/inode.c", "drop_nlink")]
    private async KTask DropLink(Inode inode)
    {
        inode.Nlink.Value = --inode.OnDisk.Links.Value;
        await Changed(inode);
    }

    private async KTask OrphanIfUnlinked(Inode inode)
    {
        if (inode.Nlink.Value == 0)
            await Orphan(inode);
    }

    /// <summary>The inode has no name: whoever mounts after a crash is to free it.</summary>
    protected virtual KTask Orphan(Inode inode) => Orphans.Add(inode);

    /// <summary>The inode has a name again.</summary>
    protected virtual KTask NoOrphan(Inode inode) => Orphans.Remove(inode);

    /// <summary>Before names, links or contexts change on the disk: ext4_journal_start.</summary>
    protected virtual async KTask StartChange() => await host.Point();

    /// <summary>The same where a name is taken away: per release the journal is entered before the entry is searched or after.</summary>
    protected virtual KTask StartRemoval() => KTask.Done;

    /// <summary>After they changed: ext4_journal_stop.</summary>
    protected virtual async KTask EndChange() => await host.Point();

    private async KTask EndRename(Inode fromDirectory, Inode toDirectory)
    {
        await Changed(toDirectory);
        if (!ReferenceEquals(fromDirectory, toDirectory))
            await Changed(fromDirectory);
        await EndChange();
    }

    /// <summary>An inode changed apart from its data. It goes to the journal, and is not dirty afterwards.</summary>
    protected virtual KTask Changed(Inode inode) => KTask.Done;
}
