namespace Fscrypt.Sim.Model.Vfs;

/// <summary>What a file is: the type in i_mode.</summary>
public enum FileType
{
    /// <summary>Data.</summary>
    File,

    /// <summary>Names.</summary>
    Directory,

    /// <summary>Another path.</summary>
    Symlink,

    /// <summary>A device. Its data is no file's, and never encrypted.</summary>
    Special,
}
