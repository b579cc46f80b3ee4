using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>At rest no inode is half made, half written or half evicted, one without names is in use, and a dirty one is on a list of the flusher.</summary>
internal sealed class InodeRest : IRule
{
    public string Name => "inode-state";

    public string Summary => "at rest no inode is new, under writeback, dying or of no use, and dirty ones are queued";

    public void CheckAtEnd(Kernel kernel)
    {
        foreach (var inode in kernel.Inodes.All)
        {
            if (!inode.IsAlive)
                continue;
            var state = inode.State.Peek;
            if ((state & (InodeState.New | InodeState.Sync | InodeState.SyncQueued | InodeState.Dying | InodeState.Creating)) != 0)
                kernel.Host.Report(new Finding(Name, $"{inode.Name} is left in state {state}") { Object = inode });
            // f2fs keeps one that was under writeback when its last reference went, and nobody asks again.
            if (inode.Nlink.Peek == 0 && inode.Count.Peek == 0 && kernel.Configuration.FileSystem.Name != "f2fs")
                kernel.Host.Report(new Finding(Name, $"{inode.Name} has no name and no reference, and is not evicted") { Object = inode });
            if ((state & InodeState.Dirty) != 0 && !inode.WritebackLink.Peek)
                kernel.Host.Report(new Finding(Name, $"{inode.Name} is dirty ({state}), and on no list of the flusher") { Object = inode });
            if ((state & InodeState.Dirty) != 0 && kernel.Writeback.DirtyTime.PeekContains(inode))
                kernel.Host.Report(new Finding(Name, $"{inode.Name} is dirty ({state}), and on the list of those of which only times are") { Object = inode });
            if (inode.Folio.Peek.Has(FolioFlags.Dirty) && (state & InodeState.DirtyPages) == 0)
                kernel.Host.Report(new Finding(Name, $"{inode.Name} has dirty pages and no I_DIRTY_PAGES") { Object = inode });
        }
    }
}
