using System.Reflection;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.FileSystems;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// Each sentence about the state of a kernel has teeth: a state that is as it should be, but for what was done to it by hand, is
/// reported with this sentence. And each sentence is here.
/// </summary>
public static class InvariantTeethTests
{
    private const InodeState Dead = InodeState.Freeing | InodeState.Clear;

    private static readonly Dictionary<string, Func<CachedTree, KTask>> Broken = new(StringComparer.Ordinal)
    {
        ["a dying inode has no reference"] = t => Set(t.Of(t.F), InodeState.Freeing),
        ["I_WILL_FREE and I_FREEING are never set at once"] = t => Set(t.H, InodeState.Dying),
        ["a cleared inode is dying"] = t => Set(t.H, InodeState.Clear),
        ["a cleared inode is neither being written nor stripped"] = t => Set(t.H, Dead | InodeState.Sync),
        ["a cleared inode has no page"] = async t =>
        {
            await t.H.Folio.Set(new Folio(FolioFlags.Uptodate, 0));
            await Set(t.H, Dead);
        },
        ["an inode that is I_NEW has a reference: its maker's"] = t => Set(t.H, InodeState.New),
        ["i_count is not negative"] = t => Now(() => t.H.Count.Initialize(-1)),
        ["each alias of an inode has a reference on it"] = t => Now(() => t.Of(t.G).Count.Initialize(0)),
        ["a directory has at most one alias"] = async t =>
        {
            var (alias, directory) = (t.G, t.Of(t.D));
            await directory.Count.Increment();
            t.Of(alias).Aliases.Remove(alias);
            directory.Aliases.AddFirst(alias);
        },
        ["an inode on the LRU is not dying"] = t => Set(t.H, InodeState.Freeing),
        ["i_lru is on a private list only if the inode is dying"] = t => Now(() =>
        {
            t.SuperBlock.InodeLru.Remove(t.H);
            new DisposeList(t.Kernel.Host).Inodes.AddFirst(t.H);
        }),
        ["a hashed inode is on s_inodes unless it is I_NEW or dying"] = t => Now(() => t.SuperBlock.Inodes.Remove(t.H)),
        ["a hashed inode is found by its number"] = t => Now(() => t.H.Number.Value = 1_000),
        ["a live inode is the only hashed one with its number that is not dying"] = async t =>
        {
            var second = await t.Kernel.Inodes.New(t.SuperBlock);
            second.Number.Value = t.H.Number.Peek;
            t.Kernel.Inodes.Hash.AddFirst(second);
        },
        ["the key and the pages of a dying inode are gone before another one with its number is live"] = async t =>
        {
            var second = await t.Kernel.Inodes.New(t.SuperBlock);
            second.Number.Value = t.H.Number.Peek;
            second.Count.Initialize(0);
            await second.Folio.Set(new Folio(FolioFlags.Uptodate, 0));
            await Set(second, InodeState.Freeing);
        },
        [InodeInvariants.IdleIsOnLru] = t => Now(() => t.SuperBlock.InodeLru.Remove(t.H)),
        ["an inode that is freed was evicted, and is nowhere any more"] = async t =>
        {
            await t.Kernel.Inodes.PruneLru(t.SuperBlock, 1);
            await Set(t.H, InodeState.None);
        },
        ["s_inode_lru counts its inodes"] = t => Miscount(t.SuperBlock, nameof(SuperBlock.InodeLru)),
        ["s_inodes counts its inodes"] = t => Miscount(t.SuperBlock, nameof(SuperBlock.Inodes)),

        ["a dead dentry is not hashed"] = t => Now(() => t.G.Ref.Initialize(LockRef.DeadCount)),
        ["a dead dentry has no inode"] = t => Now(() =>
        {
            t.Kernel.Dentries.Hash.Remove(t.G);
            t.G.Ref.Initialize(LockRef.DeadCount);
        }),
        ["a dead dentry has no children"] = t => Now(() => Kill(t, t.D, LockRef.DeadCount)),
        ["a dead dentry is not on s_dentry_lru"] = t => Now(() => Kill(t, t.G, LockRef.DeadCount)),
        ["a count below zero is that of a dead dentry"] = async t =>
        {
            var g = t.G;
            t.SuperBlock.DentryLru.Remove(g);
            await g.Flags.Set(DentryFlags.None);
            Kill(t, g, -1);
        },
        ["a killed dentry is dead and off its parent's list"] = t => Flag(t.G, DentryFlags.Killed),
        ["who may free a dentry finds it killed, on a shrink list"] = t => Flag(t.G, DentryFlags.MayFree),
        ["a dentry with an inode is one of its aliases"] = t => Now(() => t.Of(t.G).Aliases.Remove(t.G)),
        ["a dentry without an inode is nobody's alias, and linked so only while it is looked up"] = t => Now(() => t.G.Inode.Value = null),
        ["the entry type says whether a dentry has an inode"] = t => Unflag(t.G, DentryFlags.Positive),
        ["a dentry that can be found is on its parent's list"] = t => Now(() => t.D.Children.Remove(t.G)),
        ["a dentry on a list of children is below whose list it is"] = t => Now(() =>
        {
            t.Kernel.Dentries.Hash.Remove(t.G);
            t.D.Children.Remove(t.G);
            t.Root.Children.AddFirst(t.G);
        }),
        ["each child has a reference on its parent"] = t => Now(() => t.D.Ref.Initialize(1)),
        ["DCACHE_LRU_LIST says whether d_lru is on a list"] = t => Unflag(t.G, DentryFlags.LruList),
        ["a dentry on a shrink list has DCACHE_LRU_LIST too"] = t => Flag(t.F, DentryFlags.ShrinkList),
        ["DCACHE_SHRINK_LIST says whether the list is somebody's own"] = t => Flag(t.G, DentryFlags.ShrinkList),
        ["a hashed dentry is found by its name"] = t => Now(() => t.G.FileName.Value = t.Kernel.Disk.FileName("other")),
        ["a directory has one hashed dentry of a name"] = t => Now(() =>
        {
            var g = t.G;
            t.Kernel.Dentries.Hash.Remove(g);
            g.FileName.Value = t.F.FileName.Peek;
            t.Kernel.Dentries.Hash.AddFirst(g);
        }),
        ["a dentry that is freed was killed, and is nowhere any more"] = async t =>
        {
            var g = t.G;
            await t.Kernel.Dentries.PruneLru(1);
            g.Ref.Initialize(0);
        },
        ["s_dentry_lru counts its dentries"] = t => Miscount(t.SuperBlock, nameof(SuperBlock.DentryLru)),
        ["an unused dentry can be found, and is where reclaim finds it"] = async t =>
        {
            t.SuperBlock.DentryLru.Remove(t.G);
            await Unflag(t.G, DentryFlags.LruList);
        },
        ["nobody has a shrink list"] = async t =>
        {
            t.SuperBlock.DentryLru.Remove(t.G);
            new ShrinkList(t.Kernel.Host).Dentries.AddFirst(t.G);
            await Flag(t.G, DentryFlags.ShrinkList);
        },

        ["what is on the orphan list has no link"] = t => Now(() => ((Ext4)t.Kernel.Inodes.FileSystem).Orphans.List.AddFirst(t.H.OnDisk)),
        ["an inode without a link is on the orphan list"] = t => Now(() => t.H.OnDisk.Links.Value = 0),
        ["what is on the orphan list is in memory: its eviction frees it"] = t => Now(() =>
        {
            var lost = t.Kernel.Disk.AllocateInode(FileType.File, owner: 0);
            lost.Links.Value = 0;
            ((Ext4)t.Kernel.Inodes.FileSystem).Orphans.List.AddFirst(lost);
        }),

        ["I_SYNC_QUEUED says whether an inode is on b_io or b_more_io"] = t => Set(t.Of(t.G), InodeState.SyncQueued),
        ["an inode on b_dirty, b_io or b_more_io is dirty, or being written"] = t => Now(() => t.Kernel.Writeback.Dirty.AddFirst(t.Of(t.G))),
        ["a cleared inode is on no writeback list"] = async t =>
        {
            t.SuperBlock.InodeLru.Remove(t.H);
            t.Kernel.Writeback.DirtyTime.AddFirst(t.H);
            await Set(t.H, Dead);
        },
        ["a page under writeback is in the page cache"] = t => Now(() => t.SuperBlock.UnderWriteback.AddFirst(t.Of(t.G))),
        ["an inode with a dirty page has I_DIRTY_PAGES"] = async t => await t.Of(t.G).Folio.Set(new Folio(FolioFlags.Uptodate | FolioFlags.Dirty, 0)),
        ["WB_has_dirty_io counts the inodes on b_dirty, b_io and b_more_io"] = async t => await t.Kernel.Writeback.DirtyInodes.WriteOnce(3),
        ["b_dirty counts its inodes"] = t => Miscount(t.Kernel.Writeback, nameof(Writeback.Dirty)),
        ["b_io counts its inodes"] = t => Miscount(t.Kernel.Writeback, nameof(Writeback.Io)),
        ["b_more_io counts its inodes"] = t => Miscount(t.Kernel.Writeback, nameof(Writeback.MoreIo)),
        ["b_dirty_time counts its inodes"] = t => Miscount(t.Kernel.Writeback, nameof(Writeback.DirtyTime)),
        ["s_inodes_wb counts its inodes"] = t => Miscount(t.SuperBlock, nameof(SuperBlock.UnderWriteback)),
        ["a queued work is not done"] = t => Now(() => t.Kernel.Writeback.Works.AddLast(new WritebackWork(t.Kernel.Host))),
        ["a dirty inode that is hashed is queued for the flusher"] = t => Set(t.Of(t.G), InodeState.DirtySync),
        ["an inode of which only times are dirty is on b_dirty_time"] = t => Set(t.Of(t.G), InodeState.DirtyTime),
        ["no inode is being made, written, stripped or evicted"] = t => Set(t.Of(t.G), InodeState.New),

        ["a key in the table has a structural reference"] = t => Now(() => t.Key.StructRefs.Initialize(0)),
        ["a key that is present has its secret, and no other has"] = async t => await t.Key.Secret.Wipe(),
        ["mk_active_refs covers presence and each unlocked inode"] = t => Now(() => t.Key.ActiveRefs.Initialize(1)),
        ["what is on mk_decrypted_inodes is the info that its inode has"] = t => Now(() => t.Key.DecryptedInodes.First!.MasterKey.Value = null),
        ["a key with an active reference can be found"] = t => Now(() => t.Kernel.Keyring.Table.Remove(t.Key)),
        ["mk_active_refs is presence and the unlocked inodes"] = t => Now(() => t.Key.ActiveRefs.Initialize(99)),
        ["an unlocked inode is on its key's list"] = t => Now(() =>
        {
            t.Key.DecryptedInodes.Remove((CryptInfo)t.H.CryptInfo.Peek!);
            t.Key.ActiveRefs.Initialize(t.Key.ActiveRefs.Peek - 1);
        }),
    };

    public static TheoryData<string> Sentences => [.. new CachedTree().Invariants.All.Select(i => i.Sentence)];

    [Theory]
    [MemberData(nameof(Sentences))]
    public static void A_state_that_is_not_so_is_reported(string sentence)
    {
        var tree = new CachedTree();
        Assert.Null(tree.Invariants.FirstBroken(atRest: true)?.Sentence);
        tree.Tamper(Broken[sentence]);
        var invariant = tree.Invariants.All.Single(i => i.Sentence == sentence);
        Assert.Equal(sentence, tree.Invariants.FirstBroken(invariant.AtRest)?.Sentence);
    }

    [Fact]
    public static void Nothing_is_tampered_with_in_vain()
        => Assert.Equal(new CachedTree().Invariants.All.Select(i => i.Sentence).Order(), Broken.Keys.Order());

    private static async KTask Set(Inode inode, InodeState state) => await inode.State.Set(state);

    private static async KTask Flag(Dentry dentry, DentryFlags flag) => await dentry.Flags.Set(dentry.Flags.Peek | flag);

    private static async KTask Unflag(Dentry dentry, DentryFlags flag) => await dentry.Flags.Set(dentry.Flags.Peek & ~flag);

    private static KTask Now(Action action)
    {
        action();
        return KTask.Done;
    }

    private static void Kill(CachedTree tree, Dentry dentry, int count)
    {
        tree.Kernel.Dentries.Hash.Remove(dentry);
        tree.Of(dentry).Aliases.Remove(dentry);
        dentry.Inode.Value = null;
        dentry.Ref.Initialize(count);
    }

    // No operation of a list gets its count wrong: what is boxed here is the list with one more than it has.
    private static KTask Miscount(KernelObject owner, string list)
    {
        var field = owner.GetType().GetField(list)!;
        var boxed = field.GetValue(owner)!;
        var count = boxed.GetType().GetField("count", BindingFlags.Instance | BindingFlags.NonPublic)!;
        count.SetValue(boxed, (int)count.GetValue(boxed)! + 1);
        field.SetValue(owner, boxed);
        return KTask.Done;
    }
}
