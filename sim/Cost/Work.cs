using System.Collections.Immutable;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Cost;

/// <summary>A kind of work that the model counts.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Of">How often it was done.</param>
public sealed record Work(string Name, Func<WorkCounters, long> Of)
{
    /// <summary>Locks taken, which are part of all other work.</summary>
    public static Work Locks { get; } = new("lock taken", c => c.LockAcquisitions);

    /// <summary>All that takes time of its own, in the order of tables.</summary>
    public static ImmutableArray<Work> All { get; } =
    [
        new("path walked", c => c.PathsWalked), new("name read", c => c.NamesRead), new("inode read", c => c.InodesRead),
        new("key set up", c => c.KeysSetUp), new("folio read", c => c.FoliosRead), new("folio written", c => c.FoliosWritten),
        new("dentry visited", c => c.DentriesVisited), new("dentry killed", c => c.DentriesKilled),
        new("inode visited", c => c.InodesVisited), new("inode evicted", c => c.InodesEvicted),
        new("key put", c => c.KeysPut), new("folio dropped", c => c.FoliosDropped), new("mount", c => c.Mounts),
    ];

    public override string ToString() => Name;
}
