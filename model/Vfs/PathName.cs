using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>A path as a system call gets it: where it begins, and numbers of names.</summary>
/// <param name="Names">Numbers of names, from <see cref="Disk.FileName"/>, and <see cref="Dot"/> and <see cref="DotDot"/>.</param>
/// <param name="From">Where it begins, if that is what a descriptor stands for, which pins it.</param>
/// <param name="Below">Where it begins, if that is somebody's working directory.</param>
/// <param name="EndsInSlash">Whether a slash comes last: then it is a directory that is meant, and a symlink is followed.</param>
/// <param name="User">Who walks it: each directory on the way has to let him search it.</param>
[CollectionBuilder(typeof(PathName), nameof(OfNames))]
public readonly record struct PathName(int[] Names, Dentry? From = null, WorkingDirectory? Below = null, bool EndsInSlash = false, int User = 0)
{
    /// <summary>In place of a name: the directory itself.</summary>
    public const int Dot = -1;

    /// <summary>In place of a name: the one above it.</summary>
    public const int DotDot = -2;

    /// <summary>A path from the root.</summary>
    public static implicit operator PathName(int[] names) => new(names);

    /// <summary>A path from the root.</summary>
    public static PathName OfNames(ReadOnlySpan<int> names) => new(names.ToArray());

    /// <summary>Its names.</summary>
    public ReadOnlySpan<int>.Enumerator GetEnumerator() => new ReadOnlySpan<int>(Names).GetEnumerator();

    /// <summary>Whether a name is one, and no place in the tree.</summary>
    public static bool IsName(int name) => name > 0;
}
