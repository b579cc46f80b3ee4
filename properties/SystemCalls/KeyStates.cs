namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>
/// What users are told about keys, written down without a kernel: presence, claims, and which files stay unlocked because
/// somebody has them open. One operation after another. Knows nothing of inodes, dentries or locks.
/// </summary>
internal sealed class KeyStates
{
    private readonly Key[] keys = [new(), new()];
    private readonly Dictionary<int, int> openFiles = [];          // handle -> file
    private readonly string[] texts = ["t0", "t1", "t2"];

    /// <summary>Files 0 and 1 are in the directory of key 0, file 2 in that of key 1.</summary>
    public static int KeyOf(int file) => file < 2 ? 0 : 1;

    /// <summary>The answer to a command; the state moves on.</summary>
    public string Answer(Command command) => command.Kind switch
    {
        CommandKind.AddKey => Add(keys[command.Key], command.User),
        CommandKind.RemoveKey => Remove(command.Key, command.User),
        CommandKind.Status => Status(keys[command.Key], command.User),
        CommandKind.Open => Open(command.Handle, command.File),
        CommandKind.Close => openFiles.Remove(command.Handle) ? "OK" : "not open",
        CommandKind.Write => Write(command.Handle, command.Text),
        _ => Unlock(command.File) is var error && error == "OK" ? texts[command.File] : error,
    };

    private static string Add(Key key, int user)
    {
        key.Claims.Add(user);
        key.Present = true;
        return "OK";
    }

    private string Remove(int number, int user)
    {
        var key = keys[number];
        if (!key.Present && key.Unlocked.Count == 0 && !key.DirectoryUnlocked)
            return "ENOKEY";
        if (key.Claims.Count > 0)
        {
            if (!key.Claims.Remove(user))
                return "ENOKEY";
            if (key.Claims.Count > 0)
                return "OK[OTHER_USERS]";
        }

        // What is open stays unlocked, and so does the directory above it; all else is locked.
        key.Present = false;
        key.Unlocked.IntersectWith(openFiles.Values);
        key.DirectoryUnlocked = key.Unlocked.Count > 0;
        return key.DirectoryUnlocked ? "OK[FILES_BUSY]" : "OK";
    }

    private static string Status(Key key, int user)
    {
        if (key.Present)
            return $"PRESENT {key.Claims.Count} {key.Claims.Contains(user)}";
        return key.DirectoryUnlocked ? "INCOMPLETELY_REMOVED 0 False" : "ABSENT 0 False";
    }

    private string Open(int handle, int file)
    {
        if (openFiles.ContainsKey(handle))
            return "in use";
        var error = Unlock(file);
        if (error == "OK")
            openFiles.Add(handle, file);
        return error;
    }

    private string Write(int handle, string text)
    {
        if (!openFiles.TryGetValue(handle, out var file))
            return "not open";
        texts[file] = text + (texts[file].Length > text.Length ? texts[file][text.Length..] : "");
        return "OK";
    }

    // Opening a file needs its key, now or kept from before; its name needs that of the directory.
    private string Unlock(int file)
    {
        var key = keys[KeyOf(file)];
        if (key.Present)
        {
            key.DirectoryUnlocked = true;
            key.Unlocked.Add(file);
            return "OK";
        }

        if (!key.DirectoryUnlocked)
            return "ENOENT";
        return key.Unlocked.Contains(file) ? "OK" : "ENOKEY";
    }

    private sealed class Key
    {
        public bool Present { get; set; }

        public bool DirectoryUnlocked { get; set; }

        public HashSet<int> Claims { get; } = [];

        public HashSet<int> Unlocked { get; } = [];
    }
}

/// <summary>What a user can do.</summary>
public enum CommandKind
{
    AddKey,
    RemoveKey,
    Status,
    Open,
    Close,
    Write,
    Cat,
}

/// <summary>One system call of a sequence.</summary>
public sealed record Command(CommandKind Kind, int User, int Key, int File, int Handle, string Text)
{
    public override string ToString() => Kind switch
    {
        CommandKind.AddKey => $"user{User} add_key K{Key + 1}",
        CommandKind.RemoveKey => $"user{User} rm_key K{Key + 1}",
        CommandKind.Status => $"user{User} status K{Key + 1}",
        CommandKind.Open => $"open F{Handle} file{File}",
        CommandKind.Close => $"close F{Handle}",
        CommandKind.Write => $"write F{Handle} {Text}",
        _ => $"cat file{File}",
    };
}
