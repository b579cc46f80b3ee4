using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>
/// Runs sequences of system calls, written as in scenarios, each with the answer that Linux 6.18 was seen to give:
/// <c>root mkdir d = OK</c>. The file system is empty at first. Afterwards everything is closed, and all rules are asked.
/// </summary>
internal sealed class RecordedCalls
{
    private static readonly string[] Users = ["root", "alice", "bob"];
    private readonly NativeHost<DepthFirst> host = new(new DepthFirst(0));
    private readonly Dictionary<string, OpenFile> files = new(StringComparer.Ordinal);
    private readonly List<string> wrong = [];

    public RecordedCalls(params string[] steps)
    {
        Kernel = new Kernel(host, new KernelConfiguration());
        Assert.True(host.RunAlone(new ThreadBody("setup", () => Run(steps, mount: true))), host.Finding?.ToString());
        Assert.Empty(wrong);
    }

    public Kernel Kernel { get; }

    /// <summary>More calls on the same kernel.</summary>
    public RecordedCalls Then(params string[] steps)
    {
        Assert.True(host.RunAlone(new ThreadBody("then", () => Run(steps, mount: false))), host.Finding?.ToString());
        Assert.Empty(wrong);
        return this;
    }

    /// <summary>Closes what is open and asks all rules.</summary>
    public RecordedCalls Ends()
    {
        Then([.. files.Keys.Select(f => $"root close {f} = OK")]);
        Kernel.CheckAtEnd();
        Assert.Null(host.Finding);
        return this;
    }

    /// <summary>The cached inode of a path, or null.</summary>
    public Inode? Inode(string path)
    {
        var number = Disk.RootNumber;
        foreach (var name in Path(path))
            number = Kernel.Disk.Inodes[number]!.EntryOf(name);
        return Kernel.Inodes.Hash.Peek((ulong)number);
    }

    /// <summary>Names of the inodes that were evicted, the first one first; those that never got a name are "-".</summary>
    public string Evicted()
    {
        var names = new Dictionary<int, string>();
        foreach (var directory in Kernel.Disk.Inodes)
        {
            foreach (var (name, number) in directory?.PeekEntries ?? [])
                names[number] = Kernel.Disk.FileNameOf(name);
        }

        var evicted = new SortedList<int, string>();
        foreach (var inode in Kernel.Inodes.All)
        {
            if (inode.Evicted.Value.Order > 0)
                evicted.Add(inode.Evicted.Value.Order, names.GetValueOrDefault(inode.Number.Peek, "-"));
        }

        return string.Join(' ', evicted.Values);
    }

    private int[] Path(string path) => path == "." ? [] : [.. path.Split('/').Select(Kernel.Disk.FileName)];

    private async KTask Run(string[] steps, bool mount)
    {
        if (mount)
            await Kernel.Mount();
        foreach (var step in steps)
        {
            var parts = step.Split(" = ");
            var words = parts[0].Split(' ');
            var answer = await Do(Array.IndexOf(Users, words[0]), words[1], words[2..]);
            if (answer != parts[1])
                wrong.Add($"{step}; the model: {answer}");
        }
    }

    private async KTask<string> Do(int user, string operation, string[] words)
    {
        var calls = Kernel.Calls;
        switch (operation)
        {
            case "add_key":
                return (await calls.AddKey(Key(words[0]), user)).ToString();
            case "rm_key":
                var (error, flags) = await calls.RemoveKey(Key(words[0]), user);
                return error != Errno.OK || flags == RemovalFlags.None ? error.ToString() : flags.ToString();
            case "status":
                return (await calls.KeyStatus(Key(words[0]), user)).Status.ToString();
            case "mkdir":
                return (await calls.Mkdir(Path(words[0]), user)).ToString();
            case "unlink":
                return (await calls.Unlink(Path(words[0]), user)).ToString();
            case "rmdir":
                return (await calls.Rmdir(Path(words[0]), user)).ToString();
            case "link":
                return (await calls.Link(Path(words[0]), Path(words[1]), user)).ToString();
            case "rename":
                return (await calls.Rename(Path(words[0]), Path(words[1]), KindOf(words), user)).ToString();
            case "set_policy":
                return (await calls.SetPolicy(Path(words[0]), Key(words[1]), user)).ToString();
            case "sync":
                await calls.Sync();
                return "OK";
            default:
                return await DoFile(user, operation, words);
        }
    }

    private static RenameKind KindOf(string[] words) => words switch
    {
        [_, _] => RenameKind.Replace,
        [.., "flags=noreplace"] => RenameKind.NoReplace,
        _ => RenameKind.Exchange,
    };

    private async KTask<string> DoFile(int user, string operation, string[] words)
    {
        var calls = Kernel.Calls;
        switch (operation)
        {
            case "open":
                return (await Open(words[0], words[1], Flags(words[2]), user)).ToString();
            case "close":
                files.Remove(words[0], out var file);
                return (await calls.Close(file!)).ToString();
            case "write":
                return (await calls.Write(files[words[0]], Kernel.Disk.Text(words[1]), words.Length > 2 ? Number(words[2]) : 0)).ToString();
            case "read":
                var (error, text) = await calls.Read(files[words[0]], Number(words[1]), Number(words[2]));
                return error == Errno.OK ? Kernel.Disk.TextOf(text) : error.ToString();
            case "create":
                return await Once(words[0], OpenFlags.Write | OpenFlags.Create | OpenFlags.Exclusive, words.Length > 1 ? words[1] : "", user);
            case "append":
                return await Once(words[0], OpenFlags.Write | OpenFlags.Append, words[1], user);
            default:
                return await Once(words[0], OpenFlags.Read, null, user);
        }
    }

    // Opens, writes the text, or reads if there is none, and closes.
    private async KTask<string> Once(string path, OpenFlags flags, string? text, int user)
    {
        var error = await Open("once", path, flags, user);
        if (error != Errno.OK)
            return error.ToString();
        files.Remove("once", out var file);
        if (text != null)
            error = await Kernel.Calls.Write(file!, Kernel.Disk.Text(text));
        var (_, read) = text == null ? await Kernel.Calls.Read(file!) : default;
        await Kernel.Calls.Close(file!);
        return text == null ? Kernel.Disk.TextOf(read) : error.ToString();
    }

    private async KTask<Errno> Open(string name, string path, OpenFlags flags, int user)
    {
        var (error, file) = await Kernel.Calls.Open(Path(path), flags, user);
        if (file != null)
            files.Add(name, file);
        return error;
    }

    private static OpenFlags Flags(string words) => words.Split(',').Aggregate((OpenFlags)0, (flags, word) => flags | word switch
    {
        "r" => OpenFlags.Read,
        "w" => OpenFlags.Write,
        "rw" => OpenFlags.ReadWrite,
        "append" => OpenFlags.Append,
        "creat" => OpenFlags.Create,
        "excl" => OpenFlags.Exclusive,
        _ => throw new ArgumentException(word),
    });

    private static int Key(string word) => Number(word[1..]) - 1;

    private static int Number(string word) => int.Parse(word, System.Globalization.CultureInfo.InvariantCulture);
}
