using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>One file on the disk, its inode cached or not, and what threads do with it by calling the inode cache itself.</summary>
internal sealed class InodeWorld(Kernel kernel)
{
    /// <summary>The file's number.</summary>
    public int Number { get; } = kernel.Disk.AddFile(Disk.RootNumber, "f", "x");

    /// <summary>Its inode, if the set-up made one; the same in all executions.</summary>
    public Inode Inode { get; private set; } = null!;

    public Kernel Kernel { get; } = kernel;

    /// <summary>Whether inodes with pages are on the LRU.</summary>
    public bool StripsPages => !Kernel.Inodes.Has(Change.PagesKeepInodesOffLru);

    private InodeCache Cache => Kernel.Inodes;

    /// <summary>Reads the inode, and has it in use so many times.</summary>
    public async KTask Hold(int references)
    {
        Inode = (await Cache.Iget(Kernel.SuperBlock, Number)).Inode!;
        await Cache.UnlockNew(Inode);
        for (var i = 1; i < references; i++)
            await Cache.Ihold(Inode);
        if (references == 0)
            await Cache.Iput(Inode);
    }

    public async KTask Mark(InodeState state)
    {
        if ((state & InodeState.DirtyTime) != 0)
            Kernel.SuperBlock.IsLazyTime.Value = true;
        await Inode.Lock.Acquire();
        await Inode.State.Set(Inode.State.Value | state);
        await Inode.Lock.Release();
    }

    public async KTask Fill(FolioFlags flags)
    {
        await Inode.FolioLock.Acquire();
        await Inode.Folio.Set(new Folio(flags, (flags & FolioFlags.Uptodate) != 0 ? Inode.OnDisk.Data.Peek : 0));
        await Inode.FolioLock.Release();
    }

    public KTask Put() => Cache.Iput(Inode);

    public async KTask LookUp()
    {
        var (inode, isNew) = await Cache.Iget(Kernel.SuperBlock, Number);
        if (inode == null)
            return;
        if (isNew)
            await Cache.UnlockNew(inode);
        await Cache.Iput(inode);
    }

    /// <summary>A look-up that makes the inode one which is not cached.</summary>
    public async KTask LookUpAndForget()
    {
        var (inode, isNew) = await Cache.Iget(Kernel.SuperBlock, Number);
        if (isNew)
            await Cache.UnlockNew(inode!);
        await inode!.Lock.Acquire();
        await inode.State.Set(inode.State.Value | InodeState.DontCache);
        await inode.Lock.Release();
        await Cache.Iput(inode);
    }

    /// <summary>Reading the inode from the disk fails.</summary>
    public async KTask FailToRead()
    {
        var (inode, isNew) = await Cache.Iget(Kernel.SuperBlock, Number);
        if (isNew)
            await Cache.IgetFailed(inode!);
        else
            await Cache.Iput(inode!);
    }

    /// <summary>Makes an inode and gives it the file's number, which may be in use still.</summary>
    public async KTask Create()
    {
        var inode = await Cache.New(Kernel.SuperBlock);
        inode.Number.Value = Number;
        if (await Cache.InsertLocked(inode) == Errno.OK)
            await Cache.UnlockNew(inode);
        await Cache.Iput(inode);
    }

    /// <summary>Makes an inode with a number that is free on the disk, which may be the file's as soon as that was deleted.</summary>
    public async KTask CreateOnDisk()
    {
        var inode = await Cache.New(Kernel.SuperBlock);
        await Kernel.Host.Point();
        inode.Number.Value = Kernel.Disk.AllocateInode(FileType.File, owner: 0).Number;
        var error = await Cache.InsertLocked(inode);
        Invariant.Holds(error == Errno.OK, "a number that was free on the disk is taken by no live inode");
        await Cache.UnlockNew(inode);
        await Cache.Iput(inode);
    }

    /// <summary>The same, but what comes after the insertion fails.</summary>
    public async KTask CreateAndDiscard()
    {
        var inode = await Cache.New(Kernel.SuperBlock);
        inode.Number.Value = Number;
        if (await Cache.InsertLocked(inode) != Errno.OK)
        {
            await Cache.Iput(inode);
            return;
        }

        inode.Nlink.Value = 0;
        await Cache.DiscardNew(inode);
    }

    public async KTask GrabAndPut()
    {
        if (await Cache.Igrab(Inode) is { } inode)
            await Cache.Iput(inode);
    }

    public async KTask Prune(int scan) => await Cache.PruneLru(Kernel.SuperBlock, scan);

    public KTask EvictAll() => Cache.EvictAll(Kernel.SuperBlock);

    /// <summary>Looks at every schedule of a race, with the invariants asked at every state and what was seen on the way.</summary>
    public static InodeRun Explore(Race race, string release, int? preemptionsMax = null, string? ignored = null)
    {
        var run = new InodeRun { Ignored = ignored };
        var scenario = new KernelScenario("inodes", "", kernel => race.Bind(new InodeWorld(kernel), run));
        var plan = new SearchPlan(scenario, new KernelConfiguration { Release = KernelRelease.Named(release)! })
        {
            Strategy = preemptionsMax == null ? StrategyNames.States : StrategyNames.DepthFirst,
            PreemptionsMax = preemptionsMax,
            TimeMax = TimeSpan.FromMinutes(2),
        };
        run.Result = Explorer.Run(plan, new SearchProgress(null));
        return run;
    }
}

/// <summary>What is asked of a race at each of its states.</summary>
[NotState("what was seen on the way: no thread looks at it")]
internal sealed class InodeRun
{
    private KernelInvariants? invariants;

    public SearchResult Result { get; set; } = null!;

    /// <summary>An invariant that is not asked, or null.</summary>
    public string? Ignored { get; init; }

    /// <summary>The invariant that did not hold, or null.</summary>
    public string? Broken { get; set; }

    public bool SleptForNew { get; set; }

    public bool SleptForFreeing { get; set; }

    public bool SharedNumber { get; set; }

    public bool ClearedInHandle { get; set; }

    public bool Isolating { get; set; }

    public bool SleptForIsolating { get; set; }

    public bool WillFree { get; set; }

    public bool WasEvicted { get; set; }

    public bool WasTimeOnly { get; set; }

    public bool GivenSecondInode { get; set; }

    public IEnumerable<string> Findings => Result.Tally.Violations.Select(v => $"{v.Rule}: {v.Message}").Order(StringComparer.Ordinal);

    public long States => Result.Tally.States!.States;

    /// <summary>Looks at a state.</summary>
    public bool Look(Kernel kernel)
    {
        foreach (var inode in kernel.Inodes.All)
        {
            WasEvicted |= inode.Evicted.Value.Order != 0;
            if (!inode.IsAlive)
                continue;
            var state = inode.State.Peek;
            SleptForNew |= inode.NewQueue.AnySleeper && (state & InodeState.New) != 0;
            SleptForFreeing |= inode.NewQueue.AnySleeper && (state & InodeState.Freeing) != 0;
            Isolating |= (state & InodeState.LruIsolating) != 0;
            WillFree |= (state & InodeState.WillFree) != 0;
            WasTimeOnly |= (state & InodeState.DirtyTime) != 0 && inode.Count.Peek == 0;
            SharedNumber |= inode.HashLink.Peek && kernel.Inodes.Hash.PeekAfter(inode) != null;
            ClearedInHandle |= (state & InodeState.Clear) != 0 && ((Ext4)kernel.Inodes.FileSystem).Journal.Open.Value != 0;
        }

        SleptForIsolating |= kernel.SuperBlock.IsolatingQueue.AnySleeper;
        GivenSecondInode |= kernel.Inodes.All.Length > 1;
        invariants ??= new KernelInvariants(kernel);
        var broken = invariants.FirstBroken(ignored: Ignored)?.Sentence;
        Broken ??= broken;
        return broken == null;
    }
}

/// <summary>A set-up and threads on an <see cref="InodeWorld"/>.</summary>
internal sealed record Race(Func<InodeWorld, KTask> Setup, params Func<InodeWorld, KTask>[] Threads)
{
    public ScenarioInstance Bind(InodeWorld world, InodeRun run) => new()
    {
        Setup = new ThreadBody("setup", () => Setup(world)),
        Threads = [.. Threads.Select((t, i) => new ThreadBody($"t{i}", () => t(world)))],
        Registers = [],
        Expectations = [new Expectation("inodes", Frequency.Invariant, "the kernel's invariants hold", () => run.Look(world.Kernel))],
    };
}
