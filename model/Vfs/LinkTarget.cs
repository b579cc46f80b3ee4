using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>The buffer with a symlink's target: i_link's, or that of somebody who follows it.</summary>
public sealed class LinkTarget(KernelHost host) : KernelObject(host)
{
    /// <summary>The target, a number of <see cref="Disk.TextOf"/>.</summary>
    [KernelName("target")]
    public Plain<int> Text;

    /// <summary>strlen of it, which for a ciphertext is not the length of the text that stands for it.</summary>
    [KernelName("strlen")]
    public Plain<int> Length;

    public override string Name => "link target";
}

/// <summary>A symlink's target, taken apart.</summary>
internal sealed class LinkPath
{
    internal LinkPath(string target, Func<string, int> numberOf)
    {
        IsAbsolute = target.StartsWith('/');
        EndsInSlash = target.EndsWith('/');
        Names = [.. target.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(n => n switch
        {
            "." => PathName.Dot,
            ".." => PathName.DotDot,
            _ => numberOf(n),
        })];
    }

    /// <summary>Its names, as those of a <see cref="PathName"/>.</summary>
    [NotState("a text's own")]
    public int[] Names { get; }

    /// <summary>Whether it begins at the root.</summary>
    public bool IsAbsolute { get; }

    /// <summary>Whether a slash comes last.</summary>
    public bool EndsInSlash { get; }
}
