using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// What REMOVE promises when it reports complete removal, with no ADD since: no key bytes in live or freed memory, and no
/// plaintext page or name that can be reached. Asked at the step of the report; and of all keys that are absent at the end.
/// </summary>
/// <remarks>
/// Outside of the promise are what processes keep in their own keyrings, and what somebody is passing to ADD at that moment. So
/// are, for an instant, the keys that files of one mode share: they go with the last active reference, which a third task may
/// still be about to drop when the list is empty and REMOVE reports that (up to v6.0 with the key itself, later). At the end
/// they have to be gone too.
/// </remarks>
internal sealed class KeyMaterial : IRule
{
    public string Name => "key-material";

    public string Summary => "after a complete removal no bytes of the key are in memory, and no plaintext can be reached";

    /// <summary>The number of the key is what REMOVE is about to report as completely removed.</summary>
    public void Removed(Kernel kernel, int number)
    {
        var host = kernel.Host;
        host.SecretAccessed(number, AccessKind.Read);
        var name = kernel.Keyring.Identities.NameOf(number);
        if (host.Secrets.Count(number, SecretKind.Master) + host.Secrets.Count(number, SecretKind.PerFile) > 0)
        {
            host.Report(new Finding(
                Name, $"REMOVE reports {name} completely removed; in memory are still "
                    + $"{host.Secrets.Count(number, SecretKind.Master)} copies of the key and "
                    + $"{host.Secrets.Count(number, SecretKind.PerFile)} of keys derived from it: {Places(host, number)}"));
        }

        foreach (var inode in kernel.Inodes.Hash.PeekAll)
        {
            if (inode.Folio.Peek.Has(FolioFlags.Uptodate) && IsOf(kernel, inode, number))
                host.Report(new Finding(Name, $"REMOVE reports {name} completely removed; pages of {inode.Name} can be reached"));
            if (inode.Link.Peek != null && IsOf(kernel, inode, number))
                host.Report(new Finding(Name, $"REMOVE reports {name} completely removed; the target of {inode.Name} can be reached"));
        }

        foreach (var dentry in kernel.Dentries.Hash.PeekAll)
        {
            if (!DentryCache.Has(dentry.Flags.Peek, DentryFlags.NoKeyName)
                && dentry.Parent.Peek!.Inode.Peek is { } directory && IsOf(kernel, directory, number) && !IsOlder(kernel, dentry, directory))
            {
                host.Report(new Finding(Name, $"REMOVE reports {name} completely removed; the plaintext name of {dentry.Name} can be reached"));
            }
        }
    }

    public void CheckAtEnd(Kernel kernel)
    {
        var secrets = kernel.Host.Secrets;
        for (var number = 0; number < secrets.Keys; number++)
        {
            var forgotten = secrets.Count(number, SecretKind.Passed);
            if (secrets.Count(number) == forgotten || kernel.Keyring.PeekStatus(number) != KeyStatus.Absent)
            {
                if (forgotten > 0)
                    kernel.Host.Report(new Finding(Name, $"nobody adds {secrets.NameOf(number)} any more; it is still in {Places(kernel.Host, number)}"));
                continue;
            }

            kernel.Host.Report(new Finding(Name, $"{secrets.NameOf(number)} is absent; copies of it are still in {Places(kernel.Host, number)}"));
        }
    }

    // What a process's own key unlocked is no matter of the removed one, though both are called the same.
    private static bool IsOf(Kernel kernel, Inode inode, int key)
        => inode.OnDisk.IsEncrypted && kernel.Policies[inode.OnDisk.Policy].Key == key
            && inode.CryptInfo.Peek is not CryptInfo { MasterKey.Peek: null };

    // A name that was not there when the directory had no policy yet. It may stay: nobody had to unlock anything to ask for it.
    private static bool IsOlder(Kernel kernel, Dentry dentry, Inode directory)
        => dentry.Inode.Peek == null && !kernel.KeySetup.WasUnlocked(directory);

    // All memory is looked through, which takes long: for a message only.
    private static string Places(KernelHost host, int key)
        => string.Join(", ", Inspection.Secrets(host).Where(s => s.Key == key && s.Kind != SecretKind.OfUser)
            .Select(s => $"{s.Owner.Name}.{s.Field}{(s.Owner.IsAlive ? "" : ", which is freed")}"));
}
