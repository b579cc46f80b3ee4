namespace Fscrypt.Sim.Model.Machine;

/// <summary>What a run cost, counted: for benchmarks. No state of the kernel; nothing in the model reads it.</summary>
public sealed class WorkCounters
{
    /// <summary>Locks taken, of all kinds.</summary>
    public long LockAcquisitions { get; internal set; }

    /// <summary>Inodes that a walk of an eviction looked at.</summary>
    public long InodesVisited { get; internal set; }

    /// <summary>Inodes evicted.</summary>
    public long InodesEvicted { get; internal set; }

    /// <summary>Begins to count anew.</summary>
    public void Reset() => LockAcquisitions = InodesVisited = InodesEvicted = 0;
}
