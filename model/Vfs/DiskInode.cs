using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>An inode on the disk; of a directory its entries too.</summary>
public sealed class DiskInode : KernelObject, IHasErrors
{
    [NotState("written entry by entry")] private readonly List<(int Name, int Number)> entries = [];
    [NotState("the state of the checkpoint")] private readonly List<(int Name, int Number)> atCheckpoint = [];
    [Epoch] private uint write;
    [Epoch] private uint read;

    internal DiskInode(KernelHost host)
        : base(host)
    {
    }

    /// <summary>Its data, a number of <see cref="Disk.TextOf"/>; of a symlink its target.</summary>
    public Shared<int> Data;

    /// <summary>The data of the last write that was acknowledged: what a reader must find. A watcher's note.</summary>
    public Note<int> Acknowledged;

    /// <summary>Whether the last I/O that wrote it failed: then what was acknowledged may be lost. A watcher's note.</summary>
    public Note<bool> WriteFailed;

    /// <summary>i_mapping->wb_err: whether writing its pages failed, as long as the inode is cached. Kept here to keep inodes small.</summary>
    [KernelName("wb_err")]
    public Atomic WriteErrors;

    ref Atomic IHasErrors.Errors => ref WriteErrors;

    /// <summary>flc_flock: the open file whose lock of the whole file it is; null if nobody's. Under flc_lock, and here for the same reason.</summary>
    [KernelName("flc_flock")]
    public Plain<KernelObject?> FileLock;

    /// <summary>
    /// The encryption context: the number of its policy, or -1. Set once, under i_rwsem or before anybody can find the
    /// inode; whoever reads it does so at a step that reads the disk.
    /// </summary>
    public Note<int> Context;

    /// <summary>The list of those without a name that were still in use: ext4's NEXT_ORPHAN.</summary>
    [KernelName("i_orphan")]
    public ListLink OrphanLink;

    /// <summary>i_links_count: names it has. Of a directory 1.</summary>
    internal Note<int> Links;

    private Note<int> number;
    private Note<FileType> type;
    private Note<int> owner;
    private Note<int> mode;
    private Note<int> label;

    /// <summary>Its number.</summary>
    public int Number => number.Value;

    /// <summary>What it is.</summary>
    public FileType Type => type.Value;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => type.Value == FileType.Directory;

    /// <summary>i_uid: the user whose it is.</summary>
    public int Owner => owner.Value;

    /// <summary>i_mode without the type: nine bits of permission.</summary>
    public int Mode => mode.Value;

    /// <summary>What reports call it: the name that it was given last, a number of <see cref="Disk.FileNameOf"/>; 0 if none.</summary>
    public int Label => label.Value;

    /// <summary>The extended attribute of its users: 0 if it has none, the number of the inode that has the value if it does not fit into this one.</summary>
    internal Note<int> Attribute;

    /// <summary>An <see cref="Attribute"/> that fits into its inode.</summary>
    internal const int SmallAttribute = 1;

    /// <summary>Its policy, as a number; -1 if it is not encrypted.</summary>
    public int Policy => Context.Value;

    /// <summary>IS_ENCRYPTED.</summary>
    public bool IsEncrypted => Context.Value >= 0;

    /// <summary>A directory's entries, sorted by name: name and inode number. For rules and reports.</summary>
    public IReadOnlyList<(int Name, int Number)> PeekEntries => entries;

    public override string Name => $"disk:{Number}";

    /// <summary>The inode number of a name; 0 if there is none. For rules and reports.</summary>
    public int EntryOf(int name) => Place(name) is >= 0 and var place ? entries[place].Number : 0;

    /// <summary>The inode number of a name, read under the directory's i_rwsem; 0 if there is none.</summary>
    internal int Find(int name)
    {
        Access(isWrite: false);
        return EntryOf(name);
    }

    /// <summary>Whether the directory has no entry, read under its i_rwsem.</summary>
    internal bool IsEmpty()
    {
        Access(isWrite: false);
        return entries.Count == 0;
    }

    /// <summary>The entries, read under the directory's i_rwsem.</summary>
    internal List<(int Name, int Number)> List()
    {
        Access(isWrite: false);
        return entries;
    }

    /// <summary>The entries, read by who counts them without a lock, as i_nlink is read.</summary>
    internal List<(int Name, int Number)> ListRacy()
    {
        var thread = Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(this, 0, write: false);
        return entries;
    }

    /// <summary>Enters a name that is not there, under the directory's i_rwsem.</summary>
    internal void Enter(int name, int number)
    {
        Access(isWrite: true);
        var place = Place(name);
        if (place >= 0)
        {
            Host.Report(new Finding("duplicate-name", $"{Host.Current.Name} enters a name in {Name} that is there") { Object = this });
            return;
        }

        entries.Insert(~place, (name, number));
    }

    /// <summary>Strikes a name out, under the directory's i_rwsem.</summary>
    internal void Remove(int name)
    {
        Access(isWrite: true);
        var place = Place(name);
        Invariant.Holds(place >= 0, "who strikes a name out has found it");
        entries.RemoveAt(place);
    }

    internal void Begin(int number, FileType type, int owner, int mode)
    {
        this.number.Value = number;
        this.type.Value = type;
        this.owner.Value = owner;
        this.mode.Value = mode;
        Context.Value = -1;
        Links.Value = 1;
        label.Value = 0;
        Attribute.Value = 0;
    }

    /// <summary>Gives it another mode, under its i_rwsem.</summary>
    internal void SetMode(int value) => mode.Value = value;

    /// <summary>Gives it to another user, under its i_rwsem.</summary>
    internal void SetOwner(int value) => owner.Value = value;

    /// <summary>Notes the name that it is given.</summary>
    internal void SetLabel(int name) => label.Value = name;

    internal override void SaveExtra() => Copy(entries, atCheckpoint);

    internal override void RestoreExtra() => Copy(atCheckpoint, entries);

    internal override void ForgetExtraClocks() => write = read = 0;

    internal override void WriteExtra(StateEncoder encoder)
    {
        encoder.AddEpoch(write);
        encoder.AddEpoch(read);
        foreach (var (name, inode) in entries)
            encoder.Add((ulong)(uint)name << 32 | (uint)inode);
    }

    private static void Copy(List<(int Name, int Number)> from, List<(int Name, int Number)> to)
    {
        if (from.Count == 0 && to.Count == 0)
            return;
        to.Clear();
        to.AddRange(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(from));
    }

    private void Access(bool isWrite)
    {
        var thread = Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(this, 0, isWrite);
        if (isWrite)
            RaceDetector.Write(this, 0, thread, ref write, ref read);
        else
            RaceDetector.Read(this, 0, thread, write, ref read);
    }

    // Where a name is, or the complement of where it would be.
    private int Place(int name)
    {
        var (low, high) = (0, entries.Count - 1);
        if (high >= 0 && entries[high].Name < name)
            return ~entries.Count;                       // names are numbered as they come up: often it is a new one
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (entries[middle].Name == name)
                return middle;
            if (entries[middle].Name < name)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}

/// <summary>The inodes of the disk by number. Taking a number and giving it back is atomic: a bit of the inode bitmap.</summary>
internal sealed class InodeTable(KernelHost host) : KernelObject(host)
{
    // ext4 keeps the numbers below for itself.
    private const int FirstNumber = 11;

    [Wiring, NotState("written inode by inode")] private DiskInode?[] inodes = new DiskInode?[16];
    [Wiring, NotState("the state of the checkpoint")] private DiskInode?[] atCheckpoint = [];
    [Wiring, NotState("a hint: no number below it is free")] private int hint = FirstNumber;
    [Wiring, NotState("one more than the largest number in use, or more")] private int used;

    /// <summary>Lower numbers are not given out, though they may be free; 0 if all are.</summary>
    [KernelName("next_ino")]
    public Note<int> Lowest;

    public override string Name => "disk";

    /// <summary>All of them; null for numbers that are not in use.</summary>
    public ReadOnlySpan<DiskInode?> All => inodes.AsSpan(0, used);

    /// <summary>The lowest number that is free and may be given out.</summary>
    public int FirstFree
    {
        get
        {
            Access(isWrite: false);
            while (hint < used && inodes[hint] != null)
                hint++;
            var number = Math.Max(hint, Lowest.Value);
            while (number < used && inodes[number] != null)
                number++;
            return number;
        }
    }

    public DiskInode? this[int number]
    {
        get => number < used ? inodes[number] : null;
        set
        {
            Access(isWrite: true);
            if (number >= inodes.Length)
                Array.Resize(ref inodes, 2 * number);
            inodes[number] = value;
            used = Math.Max(used, number + 1);
            hint = value == null && number >= FirstNumber ? Math.Min(hint, number) : hint;
        }
    }

    internal override void SaveExtra() => atCheckpoint = inodes[..used];

    internal override void RestoreExtra()
    {
        atCheckpoint.CopyTo(inodes, 0);
        inodes.AsSpan(atCheckpoint.Length).Clear();
        used = atCheckpoint.Length;
        hint = FirstNumber;
    }

    internal override void WriteExtra(StateEncoder encoder)
    {
        for (var number = 0; number < used; number++)
        {
            if (inodes[number] is not { } inode)
                continue;
            encoder.Add((ulong)number);
            encoder.AddReference(inode);
        }
    }

    private void Access(bool isWrite)
    {
        var thread = Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(this, 0, isWrite);
    }
}
