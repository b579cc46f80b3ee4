namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What a run cost, counted: for comparisons of designs, and for tests to see that something was met. No state of the kernel; nothing in
/// the model reads it.
/// </summary>
public sealed class WorkCounters
{
    /// <summary>Locks taken, of all kinds.</summary>
    public long LockAcquisitions { get; internal set; }

    /// <summary>Paths walked, each once however often it begins again.</summary>
    public long PathsWalked { get; internal set; }

    /// <summary>Names looked up in a directory of the disk.</summary>
    public long NamesRead { get; internal set; }

    /// <summary>Inodes read from the disk.</summary>
    public long InodesRead { get; internal set; }

    /// <summary>Inodes that a walk over a list of them looked at, to evict them or their pages.</summary>
    public long InodesVisited { get; internal set; }

    /// <summary>Inodes evicted.</summary>
    public long InodesEvicted { get; internal set; }

    /// <summary>Dentries that a walk over a list of them looked at, to kill them.</summary>
    public long DentriesVisited { get; internal set; }

    /// <summary>Dentries killed.</summary>
    public long DentriesKilled { get; internal set; }

    /// <summary>Inodes that got their key.</summary>
    public long KeysSetUp { get; internal set; }

    /// <summary>Inodes whose key was taken away.</summary>
    public long KeysPut { get; internal set; }

    /// <summary>Folios read from the disk.</summary>
    public long FoliosRead { get; internal set; }

    /// <summary>Folios submitted to be written.</summary>
    public long FoliosWritten { get; internal set; }

    /// <summary>Folios thrown out of the cache.</summary>
    public long FoliosDropped { get; internal set; }

    /// <summary>Times that the file system was mounted.</summary>
    public long Mounts { get; internal set; }

    /// <summary>Walks under RCU that found something changed under them (ECHILD), and began again by reference.</summary>
    public long WalksRepeated { get; internal set; }

    /// <summary>Times that d_alloc_parallel looked again because of i_dir_seq.</summary>
    public long DirectoryAddsMet { get; internal set; }

    /// <summary>Begins to count anew.</summary>
    public void Reset()
    {
        LockAcquisitions = PathsWalked = NamesRead = InodesRead = InodesVisited = InodesEvicted = DentriesVisited = DentriesKilled = 0;
        KeysSetUp = KeysPut = FoliosRead = FoliosWritten = FoliosDropped = Mounts = WalksRepeated = DirectoryAddsMet = 0;
    }
}
