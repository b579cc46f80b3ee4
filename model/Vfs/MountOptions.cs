namespace Fscrypt.Sim.Model.Vfs;

/// <summary>What a file system is mounted with.</summary>
[Flags]
public enum MountOptions
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>lazytime: new times alone do not make an inode dirty at once.</summary>
    LazyTime = 1 << 0,

    /// <summary>inlinecrypt: the block layer encrypts what is in files. ext4 and f2fs, since v5.9.</summary>
    InlineCrypt = 1 << 1,
}
