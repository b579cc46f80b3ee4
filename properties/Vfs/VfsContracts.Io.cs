using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

// What is dirty, what is written, and I/O under way.
internal static partial class VfsContracts
{
    private static IReadOnlyList<VfsContract> ReadsAndWrites =>
    [
        new("Writeback.MarkDirty", async t =>
        {
            var (wb, inode) = (t.Kernel.Writeback, t.Of(t.G));
            await wb.MarkDirty(inode, InodeState.DirtyTime);
            Assert.Equal((true, 0), (wb.DirtyTime.PeekContains(inode), wb.DirtyInodes.Peek));
            await wb.MarkDirty(inode, InodeState.DirtySync);
            Assert.Equal((true, 1), (wb.Dirty.PeekContains(inode), wb.DirtyInodes.Peek));
            await wb.MarkDirty(inode, InodeState.DirtySync);
            Assert.Equal(1, wb.DirtyInodes.Peek);
        }) { Before = LazyTime },
        new("Writeback.MarkDirtySync", async t =>
        {
            await t.Kernel.Writeback.MarkDirtySync(t.Of(t.G));
            Assert.Equal(InodeState.DirtySync, t.Of(t.G).State.Peek);
        }),
        new("Writeback.RemoveFromLists", async t =>
        {
            await t.Kernel.Writeback.RemoveFromLists(t.Of(t.G));
            Assert.Equal((false, 0), (t.Of(t.G).WritebackLink.Peek, t.Kernel.Writeback.DirtyInodes.Peek));
            await t.Of(t.G).State.Set(InodeState.None);
        }) { Before = t => t.Kernel.Writeback.MarkDirty(t.Of(t.G), InodeState.DirtySync), Sleeps = false },
        new("Writeback.WriteNow", async t =>
        {
            await t.Kernel.Writeback.WriteNow(t.Of(t.F));
            Assert.Equal((InodeState.None, false), (t.Of(t.F).State.Peek, t.Of(t.F).WritebackLink.Peek));
            Assert.Equal("fresh!", t.Kernel.Disk.TextOf(t.Of(t.F).OnDisk.Data.Peek));
        }) { Before = Dirty },
        new("Writeback.SyncFileSystem", async t =>
        {
            Assert.Equal(Errno.OK, await t.Kernel.Writeback.SyncFileSystem(t.SuperBlock));
            Assert.Equal((InodeState.None, 0, "fresh!"), Written(t));
        }) { Before = Dirty },
        new("Writeback.SyncAll", async t =>
        {
            await t.Kernel.Writeback.SyncAll(t.SuperBlock);
            Assert.Equal((InodeState.None, 0, "fresh!"), Written(t));
        }) { Before = Dirty },
        new("Writeback.SyncFile", async t =>
        {
            await t.Kernel.Writeback.SyncFile(t.Of(t.F));
            Assert.Equal((InodeState.DirtySync | InodeState.DirtyPages, 1, "fresh!"), Written(t));       // the flusher comes later
        }) { Before = Dirty },

        new("Writeback.WritePages", async t =>
        {
            var f = t.Of(t.F);
            t.SuperBlock.Device.EndsLater = true;
            t.SuperBlock.Device.Later.Initialize(1);
            await t.Kernel.Writeback.WritePages(f, waits: true);
            Assert.Equal((true, "f-data"), (f.UnderWritebackLink.Peek, t.Kernel.Disk.TextOf(f.OnDisk.Data.Peek)));        // submitted, and no more
            await Writeback.WaitForIo(f);
            Assert.Equal((false, "fresh!"), (f.UnderWritebackLink.Peek, t.Kernel.Disk.TextOf(f.OnDisk.Data.Peek)));
        }) { Before = Dirty },

        new("PageCache.Start", async t =>
        {
            var f = t.Of(t.F);
            var pages = new PageCache(t.Kernel.Host, t.SuperBlock, t.Kernel.Inodes, t.Kernel.Writeback);
            await t.Kernel.Inodes.InvalidatePages(f);
            t.SuperBlock.Device.EndsLater = true;
            t.SuperBlock.Device.Later.Initialize(1);
            Assert.Equal(FolioFlags.Reading, (await pages.Start(f)).Flags);
            Assert.False(await PageCache.TryLock(f));
            Assert.Equal("f-data", t.Kernel.Disk.TextOf(await pages.Read(f)));
        }),
        new("CryptoProfile.Evict", async t =>
        {
            var (profile, key) = (t.SuperBlock.Device.Profile, new BlockKey(t.Kernel.Host));
            key.Key.Fill(0, SecretKind.PerFile);
            var slot = await profile.Get(key);
            Assert.Same(slot, await profile.Get(key));
            await CryptoProfile.Put(slot);
            await CryptoProfile.Put(slot);
            await profile.ResetNowAndThen(1);
            Assert.Equal((key, true, 0), (slot.Key.Peek, slot.Programmed.Peek, slot.Users.Peek));
            await profile.Evict(key);
            Assert.Equal((null, false), (slot.Key.Peek, slot.Programmed.Peek));
            await key.Key.Wipe();
        }),
    ];
}
