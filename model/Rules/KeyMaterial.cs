using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// What REMOVE promises when it reports complete removal, with no ADD since: no key bytes in live or freed memory, and no
/// plaintext page or name that can be reached. Asked at the step of the report.
/// </summary>
internal sealed class KeyMaterial : IRule
{
    public string Name => "key-material";

    public string Summary => "after a complete removal no bytes of the key are in memory, and no plaintext can be reached";

    /// <summary>The number of the key is what REMOVE is about to report as completely removed.</summary>
    public void Removed(Kernel kernel, int number)
    {
        var host = kernel.Host;
        var name = kernel.Keyring.Identities.NameOf(number);
        if (host.Secrets.Count(number) > 0)
        {
            host.Report(new Finding(
                Name, $"REMOVE reports {name} completely removed; in memory are still "
                    + $"{host.Secrets.Count(number, SecretKind.Master)} copies of the key and "
                    + $"{host.Secrets.Count(number, SecretKind.PerFile)} of keys derived from it"));
        }

        foreach (var inode in kernel.Inodes.All)
        {
            if (inode.IsAlive && inode.HashLink.Peek && inode.Folio.Peek.Has(FolioFlags.Uptodate) && IsOf(kernel, inode, number))
                host.Report(new Finding(Name, $"REMOVE reports {name} completely removed; pages of {inode.Name} can be reached"));
        }

        foreach (var inode in kernel.Inodes.All)
        {
            if (inode.IsAlive && inode.HashLink.Peek && inode.Link.Peek != null && IsOf(kernel, inode, number))
                host.Report(new Finding(Name, $"REMOVE reports {name} completely removed; the target of {inode.Name} can be reached"));
        }

        foreach (var dentry in kernel.Dentries.All)
        {
            if (dentry.IsAlive && dentry.HashLink.Peek && !DentryCache.Has(dentry.Flags.Peek, DentryFlags.NoKeyName)
                && dentry.Parent.Peek!.Inode.Peek is { } directory && IsOf(kernel, directory, number))
            {
                host.Report(new Finding(Name, $"REMOVE reports {name} completely removed; the plaintext name of {dentry.Name} can be reached"));
            }
        }
    }

    private static bool IsOf(Kernel kernel, Inode inode, int key)
        => inode.OnDisk.IsEncrypted && kernel.Policies[inode.OnDisk.Policy].Key == key;

    public void CheckAtEnd(Kernel kernel)
    {
    }
}
