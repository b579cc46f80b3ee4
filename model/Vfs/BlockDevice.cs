using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// The disk's controller: what is submitted it does at some later time, in any order, and then interrupts whoever runs. As often
/// as a scenario lets it; otherwise I/O ends at once, before its submitter goes on.
/// </summary>
public sealed class BlockDevice : KernelObject
{
    // As many can be under way: NCQ has 32, and an execution's threads are 64.
    private const int TagsMax = 8;

    private readonly Request[] tags;
    private readonly SuperBlock superBlock;
    private readonly bool putsKeyslotsFirst;

    internal BlockDevice(KernelHost host, SuperBlock superBlock, FixSet fixes)
        : base(host)
    {
        this.superBlock = superBlock;
        putsKeyslotsFirst = fixes.Has(Fixes.KeyslotsPutFirst);
        Profile = new CryptoProfile(host, fixes.Has(Fixes.EvictedKeysLeaveSlots));
        tags = new Request[TagsMax];
        for (var tag = 0; tag < TagsMax; tag++)
            tags[tag] = new Request(host, this, tag);
    }

    /// <summary>How many I/Os may still end later than they were submitted. Part of a scenario, and 0 unless it says so.</summary>
    [KernelName("later ends")]
    public Atomic Later;

    /// <summary>Whether any I/O may end later in this scenario: otherwise that is not even a step.</summary>
    [field: Wiring]
    public bool EndsLater { get; set; }

    /// <summary>Where the keys are with which the block layer encrypts.</summary>
    public CryptoProfile Profile { get; }

    public override string Name => "disk";

    /// <summary>The file system whose files these are.</summary>
    [field: Wiring]
    internal IFileSystem FileSystem { get; set; } = null!;

    /// <summary>Hands over what is to be written of a file, and does not wait. The file's folio is locked, and under writeback.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="data">What is written: encrypted already, unless there is a key.</param>
    /// <param name="key">The key that the block layer encrypts with, or null.</param>
    [KernelSource("block/blk-core.c", "submit_bio",
        Omits = "queues: each I/O is one of its own; where all tags are taken, or none may end later, it ends before this returns")]
    internal async KTask SubmitWrite(Inode inode, int data, BlockKey? key)
    {
        var slot = key == null ? null : await Profile.Get(key);
        if (!EndsLater || await FreeTag() is not { } request)
        {
            await Write(inode, data, slot);
            return;
        }

        request.IsRead.Value = false;
        request.Data.Value = data;
        await Start(request, inode, slot);
    }

    /// <summary>Asks for a file's data, and does not wait. The file's folio is locked; if it is being read afterwards, I/O has taken it over.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="key">The key that the block layer decrypts with, or null.</param>
    [KernelSource("block/blk-core.c", "submit_bio")]
    internal async KTask SubmitRead(Inode inode, BlockKey? key)
    {
        var slot = key == null ? null : await Profile.Get(key);
        if (!EndsLater || await FreeTag() is not { } request)
        {
            await inode.Folio.Set(new Folio(FolioFlags.Uptodate, await DataOf(inode, slot)));
            if (slot != null)
                await CryptoProfile.Put(slot);
            return;
        }

        await inode.Folio.Set(new Folio(FolioFlags.Reading, 0));
        request.IsRead.Value = true;
        await Start(request, inode, slot);
    }

    /// <summary>Writes, and ends before it returns. In an interrupt nobody has a reference on the inode: that its page is under writeback keeps it.</summary>
    [KernelSource("block/blk-mq.c", "blk_mq_end_request")]
    internal async KTask Write(Inode inode, int data, CryptoProfile.Slot? slot)
    {
        var fails = await superBlock.WriteFault.Happens();
        inode.OnDisk.WriteFailed.Value = fails;
        if (!fails)
            await inode.OnDisk.Data.StoreRelease(data);
        if (slot != null && putsKeyslotsFirst)
            await CryptoProfile.Put(slot);

        // The race is here: who waited goes on, and may evict the inode and its key.
        await FileSystem.EndWrite(inode, fails ? Errno.EIO : Errno.OK);
        if (slot != null && !putsKeyslotsFirst)
            await CryptoProfile.Put(slot);
    }

    // In a work, which is the same thread. What the block layer decrypted needs nothing any more.
    private async KTask Read(Inode inode, CryptoProfile.Slot? slot)
    {
        var data = await DataOf(inode, slot);
        if (slot != null && putsKeyslotsFirst)
            await CryptoProfile.Put(slot);
        await PageCache.EndRead(inode, data);
        if (slot != null && !putsKeyslotsFirst)
            await CryptoProfile.Put(slot);
    }

    private async KTask<int> DataOf(Inode inode, CryptoProfile.Slot? slot)
        => slot == null ? await FileSystem.ReadFolio(inode) : await inode.OnDisk.Data.LoadAcquire();

    private async KTask Start(Request request, Inode inode, CryptoProfile.Slot? slot)
    {
        request.Inode.Value = inode;
        request.Slot.Value = slot;
        await Host.Spawn(request.Interrupt);
    }

    [KernelSource("block/blk-mq-tag.c", "blk_mq_get_tag", Omits = "waiting for one")]
    private async KTask<Request?> FreeTag()
    {
        var left = await Later.Read();
        if (left == 0 || !await Later.CompareExchange(left, left - 1))
            return null;
        foreach (var request in tags)
        {
            if (await request.IsTaken.Read() == 0 && await request.IsTaken.CompareExchange(0, 1))
                return request;
        }

        return null;
    }

    /// <summary>struct request, one for each tag: an I/O under way, with what it is to write.</summary>
    private sealed class Request(KernelHost host, BlockDevice device, int tag) : KernelObject(host)
    {
        [KernelName("tag")]
        public Atomic IsTaken;

        public Plain<Inode?> Inode;

        [KernelName("crypt_keyslot")]
        public Plain<CryptoProfile.Slot?> Slot;

        [KernelName("REQ_OP_READ")]
        public Plain<bool> IsRead;

        /// <summary>The bounce page: a copy, encrypted, that belongs to the I/O as long as it lasts.</summary>
        [KernelName("bounce page")]
        public Plain<int> Data;

        [field: Wiring]
        public ThreadBody Interrupt => field ??= new ThreadBody("irq", End) { IsLoop = true };

        public override string Name => $"rq:{tag}";

        private async KTask End()
        {
            var (inode, slot) = (Inode.Value!, Slot.Value);
            Inode.Value = null;                                    // it may be gone once the I/O has ended
            Slot.Value = null;
            if (IsRead.Value)
                await device.Read(inode, slot);
            else
                await device.Write(inode, Data.Value, slot);
            await IsTaken.AddReturn(-1);                           // blk_mq_put_tag
        }
    }
}
