using System.Buffers;
using System.Text;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// What survives: inodes, directory entries, data. Names and texts are kept as numbers, so that nothing is made while a
/// scenario runs. An I/O is one step; its completion orders what came before it.
/// </summary>
public sealed class Disk
{
    private const string Remembered = "a number stands for the same whenever it is given";

    [NotState(Remembered)] private readonly NumberedTexts texts = new();
    [NotState(Remembered)] private readonly NumberedTexts names = new();
    [NotState(Remembered)] private readonly Dictionary<(int Text, int Offset, int Over), int> overlays = [];
    [NotState(Remembered)] private readonly Dictionary<(int Text, int Offset, int Length), int> slices = [];
    [NotState(Remembered)] private readonly Dictionary<int, string> noKeyNames = [];
    [NotState(Remembered)] private readonly Dictionary<int, int> decoded = [];
    [NotState(Remembered)] private readonly Dictionary<int, LinkPath> links = [];
    [NotState(Remembered)] private readonly Dictionary<int, int> encodedLinks = [];
    [NotState(Remembered)] private readonly HashSet<int> encodedTexts = [];
    [NotState(Remembered)] private readonly Dictionary<int, int> temporaryNames = [];
    [NotState("empty between steps")] private readonly List<string> listed = [];
    [NotState("empty between steps")] private readonly StringBuilder listing = new();
    private readonly Slab<DiskInode> slab;
    private readonly InodeTable table;

    /// <summary>An empty file system: inode 2 is its root directory.</summary>
    public Disk(KernelHost host)
    {
        slab = new Slab<DiskInode>(host, h => new DiskInode(h));
        table = new InodeTable(host);
        Make(RootNumber, FileType.Directory, owner: 0, mode: OpenToAll);
    }

    /// <summary>Inode number of the root directory.</summary>
    public const int RootNumber = 2;

    // Its own two, and that of lost+found, which is not shown.
    private const int LinksOfEmptyRoot = 3;

    // S_IRWXUGO, and what a umask of 022 leaves of it for a directory and for a file.
    private const int OpenToAll = 0x1FF;
    private const int DirectoryMode = 0x1ED;
    private const int FileMode = 0x1A4;

    /// <summary>The inodes by number; null for numbers that are not in use.</summary>
    public ReadOnlySpan<DiskInode?> Inodes => table.All;

    /// <summary>The inode number of a path from the root, for rules and expectations; 0 if there is no such file.</summary>
    public int NumberOf(int[] path)
    {
        var number = RootNumber;
        foreach (var name in path)
        {
            number = table[number]!.EntryOf(name);
            if (number == 0)
                return 0;
        }

        return number;
    }

    /// <summary>The number that stands for a text.</summary>
    public int Text(string text) => texts.NumberOf(text);

    /// <summary>The text that a number stands for.</summary>
    public string TextOf(int number) => texts[number];

    /// <summary>The number that stands for a name. "@f" is the no-key name of what is called f: its ciphertext, encoded.</summary>
    public int FileName(string name)
    {
        var number = names.NumberOf(name);
        if (name.StartsWith('@'))
            decoded[number] = names.NumberOf(name[1..]);
        return number;
    }

    /// <summary>fscrypt_fname_disk_to_usr the other way round: the name that a no-key name stands for; 0 if it is none.</summary>
    internal int Decode(int name) => decoded.GetValueOrDefault(name);

    /// <summary>The name that a number stands for.</summary>
    public string FileNameOf(int number) => names[number];

    /// <summary>The path that a symlink's target is. Remembered: only the first time something is made.</summary>
    internal LinkPath LinkPathOf(int text)
    {
        if (!links.TryGetValue(text, out var path))
            links.Add(text, path = new LinkPath(texts[text], FileName));
        return path;
    }

    /// <summary>
    /// fscrypt_fname_disk_to_usr of a symlink's target without its key: the ciphertext, encoded, as a text. What it is cannot be told
    /// beforehand, only that it is nothing else's name.
    /// </summary>
    internal int EncodedLink(int inode)
    {
        if (!encodedLinks.TryGetValue(inode, out var text))
            {
            encodedLinks.Add(inode, text = Text($"{Ciphertext}({inode})"));
            encodedTexts.Add(text);
        }

        return text;
    }

    /// <summary>Whether a text is a symlink's ciphertext.</summary>
    public bool IsEncodedLink(int text) => encodedTexts.Contains(text);

    /// <summary>What a text that nobody can read is shown as.</summary>
    public const string Ciphertext = "ciphertext";

    /// <summary>The name of a dentry of O_TMPFILE: #, and the number of the inode.</summary>
    internal int TemporaryName(int inode)
    {
        if (!temporaryNames.TryGetValue(inode, out var name))
            temporaryNames.Add(inode, name = FileName($"#{inode}"));
        return name;
    }

    /// <summary>What a text is after another was written into it at an offset. A hole reads as zeros. Remembered: only the
    /// first time something is made.</summary>
    public int Overlay(int text, int offset, int over)
    {
        if (offset == 0 && texts[over].Length >= texts[text].Length)
            return over;
        if (!overlays.TryGetValue((text, offset, over), out var number))
        {
            var old = texts[text].PadRight(offset, '\0');
            var end = offset + texts[over].Length;
            number = Text(string.Concat(old.AsSpan(0, offset), texts[over], end < old.Length ? old.AsSpan(end) : default));
            overlays.Add((text, offset, over), number);
        }

        return number;
    }

    /// <summary>A part of a text, as far as it goes. Remembered: only the first time something is made.</summary>
    public int Slice(int text, int offset, int length)
    {
        var whole = texts[text];
        if (offset == 0 && length >= whole.Length)
            return text;
        if (offset >= whole.Length)
            return 0;
        if (!slices.TryGetValue((text, offset, length), out var number))
        {
            number = Text(whole.Substring(offset, Math.Min(length, whole.Length - offset)));
            slices.Add((text, offset, length), number);
        }

        return number;
    }

    /// <summary>A text of so many characters: cut off, or filled up with zeros. Remembered: only the first time something is made.</summary>
    public int Resize(int text, int size)
    {
        var whole = texts[text];
        if (size <= whole.Length)
            return Slice(text, 0, size);
        if (!slices.TryGetValue((text, 0, size), out var number))
        {
            number = Text(whole.PadRight(size, '\0'));
            slices.Add((text, 0, size), number);
        }

        return number;
    }

    /// <summary>st_nlink of an inode, read without a lock. A directory's links are those of its name, of itself, and of what is in it.</summary>
    public int LinksOf(DiskInode inode)
    {
        if (!inode.IsDirectory || inode.Links.Value == 0)
            return inode.Links.Value;
        var links = inode.Number == RootNumber ? LinksOfEmptyRoot : 2;
        foreach (var (_, number) in inode.ListRacy())
            links += table[number]!.IsDirectory ? 1 : 0;
        return links;
    }

    /// <summary>The names in a directory, sorted, with spaces between them, as one text.</summary>
    /// <param name="directory">The directory, whose i_rwsem is held.</param>
    /// <param name="hasKey">Whether its names can be read; otherwise they are those that files are known by, in the form nokey(f).</param>
    internal int Listing(DiskInode directory, bool hasKey)
    {
        listed.Clear();
        foreach (var (name, number) in directory.List())
            listed.Add(hasKey ? FileNameOf(name) : NoKeyNameOf(table[number]!));
        listed.Sort(StringComparer.Ordinal);
        listing.Clear();
        foreach (var name in listed)
            (listing.Length == 0 ? listing : listing.Append(' ')).Append(name);
        return texts.NumberOf(listing);
    }

    /// <summary>A path with one more name before it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="noKey">Whose no-key name it is; null if it is a plaintext name.</param>
    /// <param name="path">What comes after it.</param>
    internal int Below(int name, DiskInode? noKey, int path)
    {
        listing.Clear().Append('/').Append(noKey == null ? FileNameOf(name) : NoKeyNameOf(noKey)).Append(texts[path]);
        return texts.NumberOf(listing);
    }

    private string NoKeyNameOf(DiskInode inode)
    {
        if (!noKeyNames.TryGetValue(inode.Label, out var name))
            noKeyNames.Add(inode.Label, name = $"nokey({FileNameOf(inode.Label)})");
        return name;
    }

    /// <summary>Puts a directory on the disk, as an earlier mount would have left it.</summary>
    /// <param name="parent">Number of its parent's inode.</param>
    /// <param name="name">Its name.</param>
    /// <param name="policy">Its policy, or -1 if it is not encrypted: n - 1 is that of version 2 of Kn.</param>
    /// <returns>Its inode number.</returns>
    public int AddDirectory(int parent, string name, int policy) => Add(parent, name, FileType.Directory, policy, 0);

    /// <summary>Puts a file on the disk, with its directory's policy.</summary>
    /// <returns>Its inode number.</returns>
    public int AddFile(int parent, string name, string text)
        => Add(parent, name, FileType.File, Inodes[parent]!.Policy, Text(text));

    /// <summary>Takes the lowest free number, which may have been that of a deleted file, and makes an empty, unencrypted inode of it.</summary>
    internal DiskInode AllocateInode(FileType type, int owner) => Make(table.FirstFree, type, owner, type switch
    {
        FileType.Directory => DirectoryMode,
        FileType.Symlink => OpenToAll,
        _ => FileMode,
    });

    /// <summary>Numbers up to this one are not given out again, even if they are given up.</summary>
    internal void Retire(int number) => table.Lowest.Value = Math.Max(table.Lowest.Value, number + 1);

    /// <summary>Every number that is free may be given out.</summary>
    internal void Recycle() => table.Lowest.Value = 0;

    /// <summary>Gives up an inode that has no name. Its number is free from now on.</summary>
    internal void FreeInode(int number)
    {
        var inode = table[number]!;
        table[number] = null;
        slab.Free(inode);
    }

    private int Add(int parent, string name, FileType type, int policy, int data)
    {
        var inode = AllocateInode(type, owner: 0);
        inode.Context.Value = policy;
        inode.Data.Initialize(data);
        inode.Acknowledged.Value = data;
        table[parent]!.Enter(FileName(name), inode.Number);
        inode.SetLabel(FileName(name));
        return inode.Number;
    }

    private DiskInode Make(int number, FileType type, int owner, int mode)
    {
        var inode = slab.Allocate();
        inode.Begin(number, type, owner, mode);
        table[number] = inode;
        return inode;
    }

    private sealed class NumberedTexts
    {
        private readonly List<string> texts = [""];
        private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal) { [""] = 0 };

        public string this[int number] => texts[number];

        public int NumberOf(string text)
        {
            if (numbers.TryGetValue(text, out var number))
                return number;
            numbers.Add(text, texts.Count);
            texts.Add(text);
            return texts.Count - 1;
        }

        public int NumberOf(StringBuilder text)
        {
            var buffer = ArrayPool<char>.Shared.Rent(text.Length);
            text.CopyTo(0, buffer, text.Length);
            var known = numbers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(buffer.AsSpan(0, text.Length), out var number);
            ArrayPool<char>.Shared.Return(buffer);
            return known ? number : NumberOf(text.ToString());
        }
    }
}
