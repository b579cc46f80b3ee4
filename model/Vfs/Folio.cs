namespace Fscrypt.Sim.Model.Vfs;

/// <summary>Flags of a folio, and what the mapping is tagged with because of it.</summary>
[Flags]
public enum FolioFlags
{
    /// <summary>The page cache holds nothing of the file.</summary>
    None = 0,

    /// <summary>It holds the file's data.</summary>
    Uptodate = 1 << 0,

    /// <summary>The data is newer than the disk's.</summary>
    Dirty = 1 << 1,

    /// <summary>It is being written.</summary>
    Writeback = 1 << 2,
}

/// <summary>The one folio that stands for a file's pages.</summary>
/// <param name="Flags">Its flags.</param>
/// <param name="Data">What it holds: a number of <see cref="Disk.TextOf"/>.</param>
public readonly record struct Folio(FolioFlags Flags, int Data)
{
    /// <summary>Whether it has a flag.</summary>
    public bool Has(FolioFlags flag) => (Flags & flag) != 0;

    /// <summary>The same with a flag.</summary>
    public Folio With(FolioFlags flag) => this with { Flags = Flags | flag };

    /// <summary>The same without a flag.</summary>
    public Folio Without(FolioFlags flag) => this with { Flags = Flags & ~flag };

    public override string ToString() => Flags == FolioFlags.None ? "none" : $"{Flags}, text {Data}";
}
