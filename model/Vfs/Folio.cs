using Fscrypt.Sim.Model.Machine;

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

    /// <summary>The mapping is not empty, although it has no page: what a page that was reclaimed leaves behind.</summary>
    Shadow = 1 << 2,

    /// <summary>It is being read: locked, by nobody who runs, until the I/O ends.</summary>
    Reading = 1 << 3,
}

/// <summary>The one folio that stands for a file's pages.</summary>
public readonly record struct Folio
{
    private const int DataBits = 24;
    private readonly uint bits;                          // in one word: a shared field has no more

    /// <summary>A folio.</summary>
    /// <param name="flags">Its flags.</param>
    /// <param name="data">What it holds: a number of <see cref="Disk.TextOf"/>.</param>
    public Folio(FolioFlags flags, int data)
    {
        Invariant.Holds(data is >= 0 and < 1 << DataBits, "a run has at most 16 million texts");
        bits = (uint)flags << DataBits | (uint)data;
    }

    /// <summary>Its flags.</summary>
    public FolioFlags Flags => (FolioFlags)(bits >> DataBits);

    /// <summary>What it holds: a number of <see cref="Disk.TextOf"/>.</summary>
    public int Data => (int)(bits & ((1u << DataBits) - 1));

    /// <summary>Whether there is one: nr_pages.</summary>
    public bool IsThere => Has(FolioFlags.Uptodate | FolioFlags.Reading);

    /// <summary>Whether it has a flag.</summary>
    public bool Has(FolioFlags flag) => (Flags & flag) != 0;

    /// <summary>The same with a flag.</summary>
    public Folio With(FolioFlags flag) => new(Flags | flag, Data);

    /// <summary>The same without a flag.</summary>
    public Folio Without(FolioFlags flag) => new(Flags & ~flag, Data);

    public override string ToString() => Flags == FolioFlags.None ? "none" : $"{Flags}, text {Data}";
}
