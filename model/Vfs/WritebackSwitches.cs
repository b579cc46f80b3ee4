using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// inode_switch_wbs of fs/fs-writeback.c: an inode is moved from one cgroup's writeback to another's. There is one writeback here, so
/// that what is left is what everybody else sees of it: an RCU callback and a work that have a reference on the inode for a while, and
/// which nothing but umount waits for.
/// </summary>
public sealed class WritebackSwitches : KernelObject
{
    private const int SwitchesMax = 4;

    private readonly SuperBlock superBlock;
    private readonly InodeCache inodes;
    private readonly bool waitsForCallbacks;
    private readonly bool waitsForAll;
    private readonly WorkQueue queue;
    private readonly Switch[] switches;

    internal WritebackSwitches(KernelHost host, SuperBlock superBlock, InodeCache inodes, KernelRelease release, FixSet fixes)
        : base(host)
    {
        this.superBlock = superBlock;
        this.inodes = inodes;
        waitsForCallbacks = fixes.Has(Fixes.UmountWaitsForCallbacks);
        waitsForAll = Change.UmountDrainsSwitches.IsIn(release);
        queue = new WorkQueue(host, "isw_wq", VfsLocks.SwitchPool);
        switches = new Switch[SwitchesMax];
        for (var i = 0; i < SwitchesMax; i++)
            switches[i] = new Switch(host, this, i);
    }

    [KernelName("isw_nr_in_flight")]
    public Atomic InFlight;

    /// <summary>Callbacks that have not run: what rcu_barrier waits for.</summary>
    [KernelName("callbacks")]
    public Atomic Callbacks;

    /// <summary>Works that have not ended: what flush_workqueue waits for.</summary>
    [KernelName("works")]
    public Atomic Works;

    /// <summary>Umount, which waits for both.</summary>
    [KernelName("flush")]
    public WaitQueue Waiters;

    public override string Name => "wb_switch";

    /// <summary>A cgroup goes offline, up to a number of times, and one of the inodes, or none, is moved.</summary>
    [KernelSource("fs/fs-writeback.c", "cleanup_offline_cgwb", Omits = "cgroups: any inode of the super block may be the one")]
    public async KTask SwitchNowAndThen(int runsMax)
    {
        for (var run = 0; run < runsMax; run++)
        {
            if (await Host.Choose(2) == 0)
                return;
            await StartSwitch();
        }
    }

    /// <summary>Waits for all that is under way. No more comes: SB_ACTIVE is clear.</summary>
    [KernelSource("fs/fs-writeback.c", "cgroup_writeback_umount")]
    internal async KTask Wait()
    {
        if (await InFlight.Read() == 0)
            return;
        if (waitsForAll)
        {
            await WaitUntilNone(Stage.Any);
            return;
        }

        // The race is here: one that has its inode, and has not queued anything yet, is waited for by neither.
        if (waitsForCallbacks)
            await WaitUntilNone(Stage.Callback);                   // rcu_barrier
        await WaitUntilNone(Stage.Work);                           // flush_workqueue
    }

    private async KTask WaitUntilNone(Stage stage)
    {
        while (await In(stage) != 0)
        {
            await Waiters.Prepare();
            if (await In(stage) == 0)
            {
                Waiters.Finish();
                return;
            }

            await Waiters.Schedule();
        }
    }

    // A value-returning atomic: what they did is seen.
    private Step<int> In(Stage stage) => stage switch
    {
        Stage.Callback => Callbacks.AddReturn(0),
        Stage.Work => Works.AddReturn(0),
        _ => InFlight.AddReturn(0),
    };

    [KernelSource("fs/fs-writeback.c", "inode_switch_wbs", Omits = "up to v5.13: that it was counted last, which umount can miss too")]
    private async KTask StartSwitch()
    {
        foreach (var candidate in switches)
        {
            if (await candidate.IsTaken.Read() != 0)
                continue;
            await InFlight.AddReturn(1);
            if (await Prepare() is not { } inode)
            {
                await InFlight.AddReturn(-1);
                await Waiters.WakeAll();
                return;
            }

            await candidate.IsTaken.AddReturn(1);
            candidate.Inode.Value = inode;
            await Callbacks.AddReturn(1);
            await Host.Spawn(candidate.Callback);                  // call_rcu: at any time from now on
            return;
        }
    }

    /// <summary>Takes a reference on an inode that is in use or not, but not dying; null if it does not want any of those there are.</summary>
    [KernelSource("fs/fs-writeback.c", "inode_prepare_wbs_switch")]
    private async KTask<Inode?> Prepare()
    {
        Inode? found = null;
        await superBlock.InodeListLock.Acquire();
        for (var inode = superBlock.Inodes.First; inode != null && found == null; inode = superBlock.Inodes.After(inode))
        {
            if (await Host.Choose(2) == 0)
                continue;
            await inode.Lock.Acquire();
            if (superBlock.Active.Value && (inode.State.Value & (InodeState.WritebackSwitch | InodeState.Dying)) == 0)
            {
                await inode.State.Set(inode.State.Value | InodeState.WritebackSwitch);
                await inodes.Grab(inode);
                found = inode;
            }

            await inode.Lock.Release();
        }

        await superBlock.InodeListLock.Release();
        return found;
    }

    [KernelSource("fs/fs-writeback.c", "inode_switch_wbs_work_fn", Omits = "the move")]
    private async KTask End(Switch ended)
    {
        var inode = ended.Inode.Value!;
        ended.Inode.Value = null;
        await inode.Lock.Acquire();
        await inode.State.Set(inode.State.Value & ~InodeState.WritebackSwitch);
        await inode.Lock.Release();
        await inodes.Iput(inode);                                  // may evict
        await ended.IsTaken.AddReturn(-1);
        await Works.AddReturn(-1);
        await InFlight.AddReturn(-1);
        await Waiters.WakeAll();
    }

    // inode_switch_wbs_rcu_fn.
    private async KTask RunCallback(Switch next)
    {
        await Works.AddReturn(1);
        await queue.Queue(next.Work);
        await Callbacks.AddReturn(-1);
        await Waiters.WakeAll();
    }

    private enum Stage
    {
        Callback,
        Work,
        Any,
    }

    /// <summary>struct inode_switch_wbs_context.</summary>
    private sealed class Switch : KernelObject
    {
        private readonly int number;

        public Switch(KernelHost host, WritebackSwitches switches, int number)
            : base(host)
        {
            this.number = number;
            Callback = new ThreadBody("rcu", () => switches.RunCallback(this)) { IsLoop = true };
            Work = new Work(host, "isw->work", () => switches.End(this));
        }

        [KernelName("isw")]
        public Atomic IsTaken;

        [KernelName("isw->inodes")]
        public Plain<Inode?> Inode;

        public ThreadBody Callback { get; }

        public Work Work { get; }

        public override string Name => $"isw:{number}";
    }
}
