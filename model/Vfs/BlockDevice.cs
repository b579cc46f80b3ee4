using Fscrypt.Sim.Model.Machine;

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

    internal BlockDevice(KernelHost host, SuperBlock superBlock)
        : base(host)
    {
        this.superBlock = superBlock;
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

    public override string Name => "disk";

    /// <summary>The file system whose files these are.</summary>
    [field: Wiring]
    internal IFileSystem FileSystem { get; set; } = null!;

    /// <summary>Hands over what is to be written of a file, and does not wait. The file's folio is locked, and under writeback.</summary>
    [KernelSource("block/blk-core.c", "submit_bio",
        Omits = "queues: each I/O is one of its own; where all tags are taken, or none may end later, it ends before this returns")]
    internal async KTask SubmitWrite(Inode inode, int data)
    {
        if (EndsLater && await FreeTag() is { } request)
        {
            request.Inode.Value = inode;
            request.IsRead.Value = false;
            request.Data.Value = data;
            await Host.Spawn(request.Interrupt);
            return;
        }

        await Write(inode, data);
    }

    /// <summary>Writes, and ends before it returns. In an interrupt nobody has a reference on the inode: that its page is under writeback keeps it.</summary>
    [KernelSource("block/bio.c", "bio_endio")]
    internal async KTask Write(Inode inode, int data)
    {
        var fails = await superBlock.WriteFault.Happens();
        inode.OnDisk.WriteFailed.Value = fails;
        if (!fails)
            await inode.OnDisk.Data.StoreRelease(data);
        await FileSystem.EndWrite(inode, fails ? Errno.EIO : Errno.OK);
    }

    /// <summary>Asks for a file's data, and does not wait. The file's folio is locked; if it is being read afterwards, I/O has taken it over.</summary>
    [KernelSource("block/blk-core.c", "submit_bio")]
    internal async KTask SubmitRead(Inode inode)
    {
        if (!EndsLater || await FreeTag() is not { } request)
        {
            await inode.Folio.Set(new Folio(FolioFlags.Uptodate, await FileSystem.ReadFolio(inode)));
            return;
        }

        await inode.Folio.Set(new Folio(FolioFlags.Reading, 0));
        request.Inode.Value = inode;
        request.IsRead.Value = true;
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
            var inode = Inode.Value!;
            Inode.Value = null;                                    // the inode may be gone once the I/O has ended
            if (IsRead.Value)
                await PageCache.EndRead(inode, await device.FileSystem.ReadFolio(inode));      // decrypted in a work, which is this thread too
            else
                await device.Write(inode, Data.Value);
            await IsTaken.AddReturn(-1);                           // blk_mq_put_tag
        }
    }
}
