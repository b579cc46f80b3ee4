using System.Reflection;
using System.Runtime.CompilerServices;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// Each function of the VFS keeps its contract: what it returns, that it holds no lock afterwards (the machine says so when its
/// thread ends), that it says that it may sleep, whom it wakes, and that every sentence about the state is so between its steps.
/// </summary>
public static class VfsContractTests
{
    private static readonly string[] Releases = ["v5.10", "v6.18"];

    // What no contract here goes through, and where it is looked at instead.
    private const string Switches = "WritebackSwitchTests: a thread of the kernel's own";
    private const string NoStep = "no step of its own: what calls it is in the table";
    private const string Inodes = "InodeContractTests";
    private const string InodeWaits = "a wait for another thread: InodeRaceTests";
    private const string Waits = "a wait for another thread: AllSchedulesTests, SyncTests, NameRacesTests on v5.10";
    private const string Lookups = "two look-ups, or a directory that moved on the disk: LookupRacesTests";
    private const string Links = "a walk that another thread sends back: SymlinkRacesTests";
    private const string Errors = "SyncTests: writes that fail";
    private const string Threads = "a thread of the kernel's own: SyncTests, ReclaimTests";

    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.Ordinal)
    {
        ["PathLookup.MaySearch"] = NoStep,
        ["DentryCache.AwaitLookup"] = Lookups,
        ["DentryCache.Exchange"] = NoStep,
        ["DentryCache.FinishLookupEnd"] = NoStep,
        ["DentryCache.IsBelow"] = NoStep,
        ["DentryCache.LockParent"] = Waits,
        ["DentryCache.Unalias"] = Lookups,
        ["WritebackSwitches.End"] = Switches,
        ["WritebackSwitches.Prepare"] = Switches,
        ["WritebackSwitches.StartSwitch"] = Switches,
        ["WritebackSwitches.SwitchNowAndThen"] = Switches,
        ["ErrorSequence.Advance"] = Errors,
        ["ErrorSequence.Sample"] = Errors,
        ["ErrorSequence.Set"] = Errors,
        ["InodeCache.Allocate"] = NoStep,
        ["InodeCache.Destroy"] = NoStep,
        ["InodeCache.DiscardNew"] = Inodes,
        ["InodeCache.EndIsolation"] = Inodes,
        ["InodeCache.GenericDrop"] = NoStep,
        ["InodeCache.Iget5"] = Inodes,
        ["InodeCache.IgetFailed"] = Inodes,
        ["InodeCache.InsertHash"] = Inodes,
        ["InodeCache.Ihold"] = Inodes,
        ["InodeCache.Ilookup"] = Inodes,
        ["InodeCache.Ilookup5"] = Inodes,
        ["InodeCache.Ilookup5NoWait"] = Inodes,
        ["InodeCache.Insert5"] = Inodes,
        ["InodeCache.MakeBad"] = Inodes,
        ["InodeCache.Strip"] = Inodes,
        ["InodeCache.WaitForIsolation"] = InodeWaits,
        ["InodeCache.WaitOnFreeing"] = InodeWaits,
        ["InodeCache.WaitOnNewLocked"] = InodeWaits,
        ["PathLookup.DropLinks"] = Links,
        ["PathLookup.MayDelete"] = NoStep,
        ["PathLookup.Permission"] = NoStep,
        ["PathLookup.Start"] = Links,
        ["PathLookup.UnlazyNext"] = "names without a key: RecordedTests",
        ["Reclaim.Kswapd"] = Threads,
        ["Writeback.NoteError"] = Errors,
        ["Writeback.Requeue"] = Waits,
        ["Writeback.SleepOn"] = Waits,
        ["Writeback.WaitForSync"] = Waits,
        ["Writeback.WritePeriodically"] = Threads,
        ["WorkingDirectory.Get"] = Links,
    };

    public static TheoryData<string, string> Calls => Rows(_ => true);

    public static TheoryData<string> Functions => [.. VfsContracts.All.Select(c => c.Function)];

    [Theory]
    [MemberData(nameof(Calls))]
    public static void It_does_what_it_says(string function, string release)
    {
        var (tree, contract) = Prepare(function, release);
        tree.Run(() => contract.Call(tree));
        Assert.True(tree.Finding == null, tree.Finding?.ToString());
        Assert.Null(tree.Invariants.FirstBroken(atRest: true)?.Sentence);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public static void It_says_that_it_may_sleep(string function)
    {
        var (tree, contract) = Prepare(function, "v6.18");
        tree.Tamper(async t =>
        {
            await t.Kernel.Writeback.WorkLock.Acquire();
            await contract.Call(t);
            await t.Kernel.Writeback.WorkLock.Release();
        });
        Assert.Equal(contract.Sleeps ? "sleep-in-atomic" : null, tree.Finding?.Rule);
    }

    [Theory]
    [InlineData("iput of a dropped inode", "I_NEW queue")]
    [InlineData("d_instantiate_new", "I_NEW queue")]
    [InlineData("unlock_new_inode", "I_NEW queue")]
    [InlineData("discard_new_inode", "I_NEW queue")]
    [InlineData("sync", "I_SYNC queue")]
    [InlineData("write_inode_now", "I_SYNC queue")]
    [InlineData("prune_icache_sb", "I_LRU_ISOLATING queue")]
    public static void It_wakes_who_waits(string function, string queue)
    {
        var tree = new CachedTree();
        var (cache, sb) = (tree.Kernel.Inodes, tree.SuperBlock);
        var inode = tree.H;
        if (function is "d_instantiate_new" or "unlock_new_inode" or "discard_new_inode")
        {
            tree.Tamper(async t =>
            {
                inode = await cache.New(sb);
                inode.Number.Value = 77;
                await cache.InsertLocked(inode);
            });
        }

        var woken = false;
        async KTask Sleep()
        {
            await tree.Kernel.Host.Rcu.ReadLock();                     // who waits for a dying inode has no reference to it
            await (queue[2] == 'N' ? inode.NewQueue.Prepare() : queue[2] == 'S' ? inode.SyncQueue.Prepare() : sb.IsolatingQueue.Prepare());
            await tree.Kernel.Host.Rcu.ReadUnlock();
            await (queue[2] == 'N' ? inode.NewQueue.Schedule() : queue[2] == 'S' ? inode.SyncQueue.Schedule() : sb.IsolatingQueue.Schedule());
            woken = true;
        }

        async KTask Wake()
        {
            switch (function)
            {
                case "iput of a dropped inode":
                    await cache.Igrab(inode);
                    inode.Nlink.Value = 0;
                    await cache.Iput(inode);
                    break;
                case "d_instantiate_new":
                    var dentry = await tree.Kernel.Dentries.Allocate(tree.Root, tree.Kernel.Disk.FileName("new"));
                    await DentryCache.InstantiateNew(dentry, inode);
                    break;
                case "unlock_new_inode":
                    await cache.UnlockNew(inode);
                    break;
                case "discard_new_inode":
                    await cache.Igrab(inode);
                    await cache.DiscardNew(inode);
                    break;
                case "sync":
                    await tree.Kernel.Writeback.MarkDirty(inode, InodeState.DirtySync);
                    await tree.Kernel.Writeback.SyncAll(sb);
                    break;
                case "write_inode_now":
                    await cache.Igrab(inode);
                    await tree.Kernel.Writeback.MarkDirty(inode, InodeState.DirtySync);
                    await tree.Kernel.Writeback.WriteNow(inode);
                    break;
                default:
                    await inode.FolioLock.Acquire();
                    await inode.Folio.Set(new Folio(FolioFlags.Shadow, 0));
                    await inode.FolioLock.Release();
                    await cache.PruneLru(sb, 1);
                    break;
            }
        }

        tree.Run(Sleep, Wake);
        Assert.True(tree.Finding == null, tree.Finding?.ToString());
        Assert.True(woken);
    }

    // By looking at which functions the threads are in at each step: a table of names could say anything.
    [Fact]
    public static void Every_function_of_the_kernel_is_gone_through()
    {
        var entered = new Entered();
        foreach (var release in Releases)
        {
            foreach (var contract in VfsContracts.All)
            {
                var (tree, _) = Prepare(contract.Function, release);
                entered.Watch(tree.Kernel.Host, () => tree.Run(() => contract.Call(tree)));
            }
        }

        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var missing = from type in typeof(Kernel).Assembly.GetTypes()
                      where type.Namespace == typeof(Inode).Namespace
                      from method in type.GetMethods(Declared)
                      where method.GetCustomAttribute<KernelSourceAttribute>() != null
                      let stateMachine = method.GetCustomAttribute<AsyncStateMachineAttribute>()?.StateMachineType
                      where stateMachine == null || !entered.Functions.Contains(Definition(stateMachine))
                      select $"{type.Name}.{method.Name}";
        var (exempt, not) = (Elsewhere.Keys.ToHashSet(), missing.Distinct().Except(VfsContracts.All.Select(c => c.Function)).ToHashSet());
        Assert.True(not.IsSubsetOf(exempt), "no contract goes through " + string.Join(", ", not.Except(exempt).Order(StringComparer.Ordinal)));
        Assert.True(exempt.IsSubsetOf(not), "exempt in vain: " + string.Join(", ", exempt.Except(not).Order(StringComparer.Ordinal)));
    }

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private static TheoryData<string, string> Rows(Func<VfsContract, bool> which)
    {
        var data = new TheoryData<string, string>();
        foreach (var contract in VfsContracts.All.Where(which))
        {
            foreach (var release in Releases)
                data.Add(contract.Function, release);
        }

        return data;
    }

    private static (CachedTree Tree, VfsContract Contract) Prepare(string function, string release)
    {
        var contract = VfsContracts.All.Single(c => c.Function == function);
        var tree = new CachedTree(release);
        tree.Tamper(contract.Before);
        return (tree, contract);
    }

    // Which functions any thread was in, at any step.
    private sealed class Entered : IStepObserver
    {
        private KernelHost host = null!;

        public HashSet<Type> Functions { get; } = [];

        public void Watch(KernelHost watched, Action run)
        {
            host = watched;
            watched.Observer = this;
            run();
            watched.Observer = null;
        }

        public void OnStep(KernelThread thread, in Operation operation) => Functions.UnionWith(Inspection.FunctionsNow(host).Select(Definition));

        public void OnApplied(KernelThread thread, in Operation operation, long result)
        {
        }

        public void OnQueue(KernelThread thread, in Operation operation)
        {
        }

        public void OnAccess(KernelThread thread, KernelObject owner, ushort offset, bool write)
        {
        }

        public void OnFinding(Finding finding)
        {
        }
    }
}
