using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// Who says of a name that it was read without the key says the truth: otherwise a good dentry is thrown away as soon as somebody looks at
/// it again, with what is mounted on it.
/// </summary>
internal sealed class DentryNames : IRule
{
    public string Name => "no-key-names";

    public string Summary => "no name that is in its directory as it stands is marked as one that was read without the key";

    public void CheckAtEnd(Kernel kernel)
    {
        foreach (var dentry in kernel.Dentries.All)
        {
            if (!dentry.IsAlive || !dentry.HashLink.Peek || !DentryCache.Has(dentry.Flags.Peek, DentryFlags.NoKeyName))
                continue;
            if (dentry.Inode.Peek is { } inode && dentry.Parent.Peek?.Inode.Peek is { } directory
                && directory.OnDisk.PeekEntries.Contains((dentry.FileName.Peek, inode.Number.Peek)))
            {
                kernel.Host.Report(new Finding(Name, $"{dentry.Name} is found by its plaintext name, and marked as a no-key name") { Object = dentry });
            }
        }
    }
}
