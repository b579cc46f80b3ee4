using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// No reference is leaked, and none is missing: at rest an inode's references are its dentries, a dentry's its children, the
/// files open on it and who is in it.
/// </summary>
internal sealed class References : IRule
{
    public string Name => "reference-leak";

    public string Summary => "at rest every reference has a holder";

    public void CheckAtEnd(Kernel kernel)
    {
        foreach (var inode in kernel.Inodes.All)
        {
            if (inode.IsAlive && inode.Count.Peek != inode.Aliases.PeekCount)
                kernel.Host.Report(new Finding(Name, $"{inode.Name} has {inode.Count.Peek} references and {inode.Aliases.PeekCount} dentries") { Object = inode });
        }

        foreach (var dentry in kernel.Dentries.All)
        {
            if (!dentry.IsAlive)
                continue;
            var held = Holders(kernel, dentry);
            if (dentry.Ref.Peek != held)
                kernel.Host.Report(new Finding(Name, $"{dentry.Name} has {dentry.Ref.Peek} references, {held} are accounted for") { Object = dentry });
        }
    }

    private static int Holders(Kernel kernel, Dentry dentry)
    {
        var held = dentry.Children.PeekCount + (dentry.Parent.Peek == null ? 1 : 0);
        foreach (var file in kernel.Calls.Files)
        {
            if (file.IsAlive && ReferenceEquals(file.Dentry.Peek, dentry))
                held++;
        }

        foreach (var process in kernel.Calls.WorkingDirectories)
        {
            if (ReferenceEquals(process.Dentry.Peek, dentry))
                held++;
        }

        return held;
    }
}
