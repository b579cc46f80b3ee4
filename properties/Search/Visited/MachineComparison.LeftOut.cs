namespace Fscrypt.Sim.Properties.Search.Visited;

// What is not compared, and why.
internal sealed partial class MachineComparison
{
    private const string Clock = "the watchers' clocks and notes: who finds a race depends on them, who reaches which state does not";
    private const string Place = "where in the memory of its machine a thing is kept";
    private const string Who = "who made it, and when: a name for people";
    private const string Past = "what has happened in this execution or this process, which nothing that is to come looks at";
    private const string Apart = "compared apart, in CompareThread or CompareObject";

    /// <summary>The fields that are not compared as they stand.</summary>
    public static readonly IReadOnlyDictionary<string, string> LeftOut = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["SharedCell.published"] = Clock, ["SharedCell.write"] = Clock, ["SharedCell.read"] = Clock,
        ["Pointer.sync"] = Clock, ["Pointer.write"] = Clock, ["Pointer.read"] = Clock,
        ["Plain.write"] = Clock, ["Plain.read"] = Clock,
        ["Atomic.sync"] = Clock, ["Mutex.sync"] = Clock, ["SpinLock.sync"] = Clock, ["LockRef.sync"] = Clock,
        ["RwSemaphore.writers"] = Clock, ["RwSemaphore.readers"] = Clock,
        ["KernelList.write"] = Clock, ["KernelList.read"] = Clock, ["ListLink.write"] = Clock, ["ListLink.read"] = Clock,
        ["HashTable.write"] = Clock, ["HashTable.read"] = Clock, ["HashTable.sync"] = Clock,
        ["DiskInode.write"] = Clock, ["DiskInode.read"] = Clock,
        ["Secret.write"] = Clock, ["Secret.read"] = Clock,
        ["KernelThread.Clock"] = Clock, ["KernelThread.Epoch"] = Clock, ["KernelThread.Snapshot"] = Clock,
        ["KernelThread.WakeClock"] = Clock, ["KernelThread.ExitClock"] = Clock, ["KernelThread.RcuCoveredUpTo"] = Clock,
        ["KernelObject.LastAccess"] = Clock, ["KernelObject.Accesses"] = Clock,
        ["KernelHost.LockOrder"] = Clock, ["KernelHost.Clocks"] = Clock,

        ["KernelObject.Identity"] = Place, ["KernelObject.Changed"] = Place,
        ["KernelHost.Frames"] = Place, ["KernelHost.objects"] = Place, ["KernelHost.unwatched"] = Place,
        ["KernelHost.changed"] = Place, ["KernelHost.changedCount"] = Place, ["KernelHost.lastNumber"] = Place,
        ["KernelHost.kept"] = Place, ["Frame.NextFree"] = Place, ["Frame.Pool"] = Place,
        ["KernelHost.slabs"] = Apart, ["KernelHost.threads"] = Apart, ["KernelHost.byIndex"] = Apart,
        ["Slab.objects"] = Apart, ["Slab.used"] = Apart,

        ["KernelObject.allocatedBy"] = Who, ["KernelObject.AllocationIndex"] = Who, ["KernelThread.Allocations"] = Who,
        ["KernelThread.Parent"] = Who,

        ["KernelHost.Current"] = Past, ["KernelHost.last"] = Past, ["KernelHost.Counters"] = Past, ["KernelHost.Cost"] = Past, ["KernelHost.Steps"] = Past,
        ["KernelHost.GivenUp"] = Past, ["KernelHost.Finding"] = Past, ["KernelHost.decided"] = Past, ["KernelHost.next"] = Past,
        ["StrategyHost.schedule"] = Past, ["StrategyHost.Strategy"] = Past, ["StrategyHost.Preemptions"] = Past,
        ["StrategyHost.ScheduleLength"] = Past, ["StrategyHost.WasCut"] = Past,
        ["Disk.texts"] = Past, ["Disk.names"] = Past, ["Disk.overlays"] = Past, ["Disk.slices"] = Past,
        ["ResultFrame.Result"] = "set when a frame is done, and taken at once",

        ["KernelObject.Life"] = Apart, ["KernelObject.RcuSequence"] = Apart, ["KernelObject.FreedByRcu"] = Apart,
        ["KernelHost.RcuSequence"] = Apart, ["KernelHost.rcuAtCheckpoint"] = Past,
        ["KernelThread.RcuSince"] = Apart, ["KernelThread.Innermost"] = Apart, ["KernelThread.Held"] = Apart,
        ["KernelThread.Woken"] = Apart, ["KernelThread.QueuedAsWriter"] = Apart, ["KernelThread.WaitsOnOffset"] = Apart,
        ["KernelThread.Announced"] = Apart,
        ["KernelThread.Handle"] = "that of a thread that was started in another execution stays, until one is started there again",
        ["ListLink.Head"] = "the number of an object: compared in CompareHeads",
        ["ListLink.HeadOffset"] = "where the head is of the list that the element was on last: compared where it is on one",
        ["ChangeCounter.changes"] = "how often is no matter, whether since somebody looked is compared there",
    };
}
