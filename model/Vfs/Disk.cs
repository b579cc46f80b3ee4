using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>
/// What survives: inodes, directory entries, data. Names and texts are kept as numbers, so that nothing is made while a
/// scenario runs. An I/O is one step; its completion orders what came before it.
/// </summary>
public sealed class Disk
{
    private readonly KernelHost host;
    private readonly NumberedTexts texts = new();
    private readonly NumberedTexts names = new();
    private readonly List<DiskInode?> inodes = [];

    /// <summary>An empty file system: inode 2 is its root directory.</summary>
    public Disk(KernelHost host)
    {
        this.host = host;
        Put(new DiskInode(host, RootNumber, isDirectory: true, keyNumber: -1));
    }

    /// <summary>Inode number of the root directory.</summary>
    public const int RootNumber = 2;

    // ext4 keeps the numbers below for itself.
    private const int FirstNumber = 11;

    /// <summary>The inodes by number; null for numbers that are not in use.</summary>
    public IReadOnlyList<DiskInode?> Inodes => inodes;

    /// <summary>The number that stands for a text.</summary>
    public int Text(string text) => texts.NumberOf(text);

    /// <summary>The text that a number stands for.</summary>
    public string TextOf(int number) => texts[number];

    /// <summary>The number that stands for a name.</summary>
    public int FileName(string name) => names.NumberOf(name);

    /// <summary>The name that a number stands for.</summary>
    public string FileNameOf(int number) => names[number];

    /// <summary>Puts a directory on the disk, as an earlier mount would have left it.</summary>
    /// <param name="parent">Number of its parent's inode.</param>
    /// <param name="name">Its name.</param>
    /// <param name="keyNumber">The master key of its policy, or -1 if it is not encrypted.</param>
    /// <returns>Its inode number.</returns>
    public int AddDirectory(int parent, string name, int keyNumber) => Add(parent, name, isDirectory: true, keyNumber, 0);

    /// <summary>Puts a file on the disk, with its directory's policy.</summary>
    /// <returns>Its inode number.</returns>
    public int AddFile(int parent, string name, string text)
        => Add(parent, name, isDirectory: false, Inodes[parent]!.KeyNumber, Text(text));

    private int Add(int parent, string name, bool isDirectory, int keyNumber, int data)
    {
        var number = Math.Max(FirstNumber, inodes.Count);
        var inode = new DiskInode(host, number, isDirectory, keyNumber);
        inode.Data.Initialize(data);
        inode.Acknowledged.Value = data;
        Put(inode);
        inodes[parent]!.Entries.Add(FileName(name), number);
        return number;
    }

    private void Put(DiskInode inode)
    {
        while (inodes.Count <= inode.Number)
            inodes.Add(null);
        inodes[inode.Number] = inode;
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
    }
}

/// <summary>An inode on the disk.</summary>
public sealed class DiskInode(KernelHost host, int number, bool isDirectory, int keyNumber) : KernelObject(host)
{
    /// <summary>Its data, a number of <see cref="Disk.TextOf"/>.</summary>
    public Shared<int> Data;

    /// <summary>The data of the last write that was acknowledged: what a reader must find. A watcher's note.</summary>
    public Note<int> Acknowledged;

    /// <summary>Its number.</summary>
    public int Number { get; } = number;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory { get; } = isDirectory;

    /// <summary>The master key of its policy, or -1: its encryption context.</summary>
    public int KeyNumber { get; } = keyNumber;

    /// <summary>A directory's entries: name to inode number. The scenarios do not change them while threads run.</summary>
    public Dictionary<int, int> Entries { get; } = [];

    public override string Name => $"disk:{Number}";
}
