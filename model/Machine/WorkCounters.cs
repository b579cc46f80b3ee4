namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What a run cost, counted: for benchmarks, and for tests to see that something was met. No state of the kernel; nothing in the model
/// reads it.
/// </summary>
public sealed class WorkCounters
{
    /// <summary>Locks taken, of all kinds.</summary>
    public long LockAcquisitions { get; internal set; }

    /// <summary>Inodes that a walk of an eviction looked at.</summary>
    public long InodesVisited { get; internal set; }

    /// <summary>Inodes evicted.</summary>
    public long InodesEvicted { get; internal set; }

    /// <summary>Walks under RCU that found something changed under them (ECHILD), and began again by reference.</summary>
    public long WalksRepeated { get; internal set; }

    /// <summary>Times that d_alloc_parallel looked again because of i_dir_seq.</summary>
    public long DirectoryAddsMet { get; internal set; }

    /// <summary>Begins to count anew.</summary>
    public void Reset() => LockAcquisitions = InodesVisited = InodesEvicted = WalksRepeated = DirectoryAddsMet = 0;
}
