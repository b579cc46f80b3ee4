using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.FileSystems;

/// <summary>A file system that can be mounted, as <c>--fs</c> names it: struct file_system_type.</summary>
/// <param name="Name">The name.</param>
/// <param name="Summary">One line.</param>
public sealed record FileSystemType(string Name, string Summary)
{
    /// <summary>fs/ext4.</summary>
    public static FileSystemType Ext4 { get; } = new("ext4", "the journal takes inodes, which do not become dirty; keys go after clear_inode");

    /// <summary>fs/f2fs.</summary>
    public static FileSystemType F2fs { get; } =
        new("f2fs", "->drop_inode keeps what is under writeback; what is created or unlinked is dirty; keys go before clear_inode");

    /// <summary>fs/ubifs.</summary>
    public static FileSystemType Ubifs { get; } = new("ubifs", "new inodes are hashed when they are on the disk; no number is used twice");

    /// <summary>All of them.</summary>
    public static ImmutableArray<FileSystemType> All { get; } = [Ext4, F2fs, Ubifs];

    /// <summary>The file system called <paramref name="name"/>, or null.</summary>
    public static FileSystemType? Named(string name) => All.FirstOrDefault(f => f.Name == name);

    public override string ToString() => Name;
}
