using System.Collections.Immutable;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// What is so of dirty inodes between any two steps, whatever the release. The lists are guarded by list_lock and i_lock, the
/// pages by their lock; whoever marks an inode sets the bit first and queues it afterwards.
/// </summary>
public static class WritebackInvariants
{
    /// <summary>All of them, of one super block.</summary>
    internal static ImmutableArray<StateInvariant> Of(SuperBlock superBlock, InodeCache inodes, Writeback writeback)
    {
        StateInvariant Listed(string sentence, Func<Inode, bool> holds)
            => StateInvariant.OfInodes(inodes, sentence, i => writeback.ListLock.IsHeld || i.Lock.IsHeld || holds(i));
        StateInvariant Paged(string sentence, Func<Inode, bool> holds)
            => StateInvariant.OfInodes(inodes, sentence, i => i.FolioLock.Holder >= 0 || holds(i));
        StateInvariant Counted<T>(T of, string sentence, Func<bool> isLocked, Func<int> count, Func<Inode, T, bool> isThere)
            where T : KernelObject
            => StateInvariant.OfWhole(of, sentence, () => isLocked() || count() == InodeInvariants.Count(inodes, isThere, of));
        return
        [
            Listed("I_SYNC_QUEUED says whether an inode is on b_io or b_more_io",
                i => Has(i, InodeState.Clear) || Has(i, InodeState.SyncQueued) == (writeback.Io.PeekContains(i) || writeback.MoreIo.PeekContains(i))),
            Listed("an inode on b_dirty, b_io or b_more_io is dirty, or being written",
                i => !IsCounted(i, writeback) || Has(i, InodeState.DirtyAll | InodeState.Sync)),
            Listed("a cleared inode is on no writeback list", i => !Has(i, InodeState.Clear) || !i.WritebackLink.Peek),
            StateInvariant.OfInodes(inodes, "a page under writeback is in the page cache",
                i => !i.UnderWritebackLink.Peek || i.Folio.Peek.Has(FolioFlags.Uptodate)),
            Paged("an inode with a dirty page has I_DIRTY_PAGES",
                i => i.Lock.IsHeld || !i.Folio.Peek.Has(FolioFlags.Dirty) || Has(i, InodeState.DirtyPages | InodeState.Clear)),
            Counted(writeback, "WB_has_dirty_io counts the inodes on b_dirty, b_io and b_more_io",
                () => writeback.ListLock.IsHeld, () => writeback.DirtyInodes.Peek, IsCounted),
            Counted(writeback, "b_dirty counts its inodes",
                () => writeback.ListLock.IsHeld, () => writeback.Dirty.PeekCount, static (i, wb) => wb.Dirty.PeekContains(i)),
            Counted(writeback, "b_io counts its inodes",
                () => writeback.ListLock.IsHeld, () => writeback.Io.PeekCount, static (i, wb) => wb.Io.PeekContains(i)),
            Counted(writeback, "b_more_io counts its inodes",
                () => writeback.ListLock.IsHeld, () => writeback.MoreIo.PeekCount, static (i, wb) => wb.MoreIo.PeekContains(i)),
            Counted(writeback, "b_dirty_time counts its inodes",
                () => writeback.ListLock.IsHeld, () => writeback.DirtyTime.PeekCount, static (i, wb) => wb.DirtyTime.PeekContains(i)),
            Counted(superBlock, "s_inodes_wb counts its inodes", () => superBlock.UnderWritebackLock.IsHeld,
                () => superBlock.UnderWriteback.PeekCount, static (i, sb) => sb.UnderWriteback.PeekContains(i)),
            new("a queued work is not done", () => FirstDone(writeback)),
            Listed("a dirty inode that is hashed is queued for the flusher",
                i => !i.HashLink.Peek || !Has(i, InodeState.Dirty) || IsCounted(i, writeback)) with { AtRest = true },
            Listed("an inode of which only times are dirty is on b_dirty_time",
                i => (i.State.Peek & InodeState.DirtyAll) != InodeState.DirtyTime || writeback.DirtyTime.PeekContains(i)) with { AtRest = true },
            Listed("no inode is being made, written, stripped or evicted", i => !Has(i, InMotion)) with { AtRest = true },
        ];
    }

    private const InodeState InMotion = InodeState.New | InodeState.Sync | InodeState.LruIsolating | InodeState.Dying;

    private static bool Has(Inode inode, InodeState any) => InodeInvariants.Has(inode, any);

    private static bool IsCounted(Inode inode, Writeback writeback)
        => writeback.Dirty.PeekContains(inode) || writeback.Io.PeekContains(inode) || writeback.MoreIo.PeekContains(inode);

    private static WritebackWork? FirstDone(Writeback writeback)
    {
        if (writeback.WorkLock.IsHeld)
            return null;
        for (var work = writeback.Works.PeekFirst; work != null; work = writeback.Works.PeekAfter(work))
        {
            if (!work.FreesItself.Peek && work.Pending.Peek == 0)
                return work;
        }

        return null;
    }
}
