using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>One sequence on a fresh file system of the running kernel: what is open and mapped, and what files are called.</summary>
/// <param name="files">The file system, mounted.</param>
/// <param name="actors">Its users.</param>
/// <param name="isSystemWide">Whether it may drop the caches of the whole machine.</param>
/// <param name="place">The directory that its paths begin at, as seen from the file system's root: empty, or <c>/r1</c>.</param>
internal sealed partial class LiveSequence(
    LiveFileSystem files, IReadOnlyDictionary<string, LiveActor> actors, bool isSystemWide, string place = "") : IDisposable
{
    private const int Missing = -1;
    private const int DataMax = 8192;
    private const int ShownMax = 64;
    private const int MappedMax = 16;
    private const int PageSize = 4096;
    private const int DescriptorLeast = 600; // of those that threads share: more than are open otherwise

    private readonly Lock gate = new();
    private readonly string root = LiveFileSystem.Point + place;
    private readonly LiveNames names = new();
    private readonly Dictionary<string, int> descriptors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> mappings = new(StringComparer.Ordinal);
    private readonly List<int> replaced = [];
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);
    private readonly HashSet<string> moved = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether steps are done by threads that race: then nothing is done beside them, not even to ask what a new file is called.
    /// </summary>
    public bool IsRacing { get; set; }

    /// <summary>Whether <c>sync</c> syncs this file system only: all there are would be too many, again and again.</summary>
    public bool SparesOthers { get; init; }

    /// <summary>
    /// Descriptors that several threads use. Their numbers are none that the kernel gives away again: who comes too late finds
    /// nothing, and not another file.
    /// </summary>
    public IReadOnlySet<string> Shared
    {
        get;
        init
        {
            field = value;
            asked.UnionWith(value);
        }
    } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>What the file with an inode number is called; <c>?</c> if nobody gave it a name.</summary>
    public string LabelOf(long inode) => names.LabelOf(inode);

    /// <summary>Does a step on the thread that calls, which is its actor already.</summary>
    /// <exception cref="NotExpressibleException">It cannot be done, or must not.</exception>
    public JsonObject DoHere(RecordedStep step)
    {
        var arguments = new StepArguments(step);
        var answer = step.Op == "fdpath" ? PathOf(arguments) : DoAsActor(step, arguments);
        Ask(step, arguments);
        return answer;
    }

    /// <summary>Does a step as its actor.</summary>
    /// <exception cref="NotExpressibleException">It cannot be done, or must not.</exception>
    public JsonObject Do(RecordedStep step)
    {
        if (!actors.TryGetValue(step.Actor, out var actor))
            throw new NotExpressibleException($"there is no user {step.Actor}");
        var arguments = new StepArguments(step);
        var answer = Do(step, actor, arguments);
        Ask(step, arguments);
        return answer;
    }

    private void Ask(RecordedStep step, StepArguments arguments)
    {
        lock (gate)
        {
            if (step.Op is "open" or "tmpfile" or "mmap")
                asked.Add(arguments[0]);
        }
    }

    private JsonObject Do(RecordedStep step, LiveActor actor, StepArguments arguments)
    {
        return step.Op switch
        {
            // These are root's, and are done by the thread that made the mount.
            "mount" => OfRoot(step, () => files.Mount(arguments.Count > 0 ? arguments[0] : null)),
            "umount" => OfRoot(step, () => files.Unmount(isSure: false)),
            "remount" => OfRoot(step, () => files.Unmount(isSure: false) is < 0 and var error ? error : files.Mount(arguments.Count > 0 ? arguments[0] : null)),
            "drop_caches" => isSystemWide ? OfRoot(step, () => files.DropCaches(arguments[0]))
                : throw new NotExpressibleException("drop_caches costs everybody on this machine: --system-wide allows it"),
            "fdpath" => PathOf(arguments),
            _ => actor.Do(() => DoAsActor(step, arguments)),
        };
    }

    public void Dispose()
    {
        foreach (var mapping in mappings.Values)
            SystemCall.Any(11, mapping, PageSize);
        foreach (var descriptor in descriptors.Values.Concat(replaced))
            SystemCall.Close(descriptor);
        foreach (var name in moved)
            actors[name].Do(() => SystemCall.WithText(80, "/"));
    }

    private static JsonObject OfRoot(RecordedStep step, Func<long> call)
        => step.Actor == "root" ? Answer.Of(call()) : throw new NotExpressibleException($"only root can do '{step.Op}' here");

    private JsonObject DoAsActor(RecordedStep step, StepArguments a) => step.Op switch
    {
        "add_key" => On(step, a.Option("on") ?? ".", f => KeyIoctls.Add(f, a)),
        "rm_key" => On(step, a.Option("on") ?? ".", f => KeyIoctls.Remove(f, a, allUsers: false)),
        "rm_key_all" => On(step, a.Option("on") ?? ".", f => KeyIoctls.Remove(f, a, allUsers: true)),
        "status" => On(step, a.Option("on") ?? ".", f => KeyIoctls.Status(f, a)),
        "set_policy" => On(step, a[0], f => KeyIoctls.SetPolicy(f, a)),
        "get_policy" => On(step, a[0], f => KeyIoctls.GetPolicy(f, a)),
        "get_policy_old" => On(step, a[0], KeyIoctls.GetPolicyOld),
        "get_nonce" => On(step, a[0], KeyIoctls.GetNonce),
        "close" => Close(a[0]),
        "read" => Read(Descriptor(a[0]), (int)a.Number("n", ShownMax), a.Number("off", 0)),
        "write" => Answer.Of(SystemCall.Write(Descriptor(a[0]), Encoding.ASCII.GetBytes(a[1]), a.Number("off", 0))),
        "fsync" => Answer.Of(SystemCall.Any(74, Descriptor(a[0]))),
        "syncfs" => Answer.Of(SystemCall.Any(306, Descriptor(a[0]))),
        "sync" => Answer.Of(SparesOthers ? LiveFileSystem.SyncRoot() : SystemCall.Any(162)),
        "ftruncate" => Answer.Of(SystemCall.Any(77, Descriptor(a[0]), Amount(a[1]))),
        "fadvise" => Answer.Of(SystemCall.Any(221, Descriptor(a[0]), 0, 0, 4)),
        "flock" => Answer.Of(SystemCall.Any(73, Descriptor(a[0]), 2 | 4)),
        "fstat" => Stat(Descriptor(a[0]), "", SystemCall.AtEmptyPath),
        "lsfd" => List(Descriptor(a[0])),
        "mmap" => Map(a),
        "mread" => Load(Mapping(a[0])),
        "mwrite" => Store(Mapping(a[0]), a[1]),
        "munmap" => Unmap(a[0]),
        _ => DoToPath(step, a),
    };

    // Opens a file for an ioctl as a caller would; only that can fail before it.
    private JsonObject On(RecordedStep step, string path, Func<int, JsonObject> ioctl)
    {
        var (directory, name) = Place(step, path);
        var file = SystemCall.Open(directory, name, SystemCall.ReadOnly);
        if (file < 0)
            return Answer.Failed(file, "open");
        try
        {
            return ioctl(file);
        }
        finally
        {
            SystemCall.Close(file);
        }
    }

    // Where a path begins, and what it is from there.
    private (int Directory, string Path) Place(RecordedStep step, string path)
    {
        if (path.StartsWith("fd:", StringComparison.Ordinal))
        {
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            return (Descriptor(path[3..slash]), Beneath(path[(slash + 1)..]));
        }

        if (!path.StartsWith("cwd:", StringComparison.Ordinal))
            return (SystemCall.AtCurrentDirectory, path is "." or "/" ? root : $"{root}/{Beneath(path)}");
        var below = Beneath(path[4..]);
        return (SystemCall.AtCurrentDirectory, moved.Contains(step.Actor) ? below : $"{root}/{below}");
    }

    // Neither a path nor a symlink may lead up: all that they can name is below the mount point.
    private string Beneath(string path) => path.StartsWith('/') || path.Split('/').Contains("..")
        ? throw new NotExpressibleException($"'{path}' may lead out of the file system that was made for it")
        : names.Resolved(path);

    private int Descriptor(string name)
    {
        lock (gate)
            return descriptors.GetValueOrDefault(Asked(name), Missing);
    }

    private long Mapping(string name)
    {
        lock (gate)
            return mappings.GetValueOrDefault(Asked(name));
    }

    // One that was asked for and not got is no descriptor; one that nobody asked for is no name.
    private string Asked(string name)
        => asked.Contains(name) ? name : throw new NotExpressibleException($"no step before opens {name}");

    private JsonObject Opened(string name, int descriptor)
    {
        if (descriptor >= 0 && Shared.Contains(name))
            descriptor = Raised(descriptor, DescriptorLeast + Shared.Order(StringComparer.Ordinal).ToList().IndexOf(name));
        lock (gate)
        {
            if (descriptor >= 0)
            {
                if (descriptors.TryGetValue(name, out var other))
                    replaced.Add(other);
                descriptors[name] = descriptor;
            }
        }

        return Answer.Of(descriptor);
    }

    // F_DUPFD_CLOEXEC.
    private static int Raised(int descriptor, int least)
    {
        var raised = (int)LiveException.Checked(SystemCall.Any(72, descriptor, 1030, least), "fcntl");
        SystemCall.Close(descriptor);
        return raised;
    }

    private JsonObject Close(string name)
    {
        int descriptor;
        lock (gate)
        {
            descriptor = Descriptor(name);
            descriptors.Remove(name);
        }

        return Answer.Of(SystemCall.Close(descriptor));
    }

    private JsonObject Stat(int directory, string path, int flags)
    {
        var result = SystemCall.Stat(directory, path, flags, out var state);
        var answer = Answer.Of(result);
        if (result < 0)
            return answer;
        answer["type"] = (state.Mode & 0xf000) switch { 0x8000 => "file", 0x4000 => "dir", 0xa000 => "symlink", 0x2000 => "device", _ => "other" };
        answer["inode"] = names.LabelOf(state.Inode);
        answer["nlink"] = state.Links;
        if ((state.Mode & 0xf000) != 0x4000)
            answer["size"] = state.Size;
        answer["encrypted"] = state.IsEncrypted;
        return answer;
    }

    private JsonObject List(int directory)
    {
        SystemCall.Any(8, directory);
        var entries = new List<(long Inode, string Name)>();
        var result = SystemCall.ReadDirectory(directory, entries);
        var shown = entries.Where(e => e.Name is not ("." or ".." or "lost+found")).Select(e => names.Shown(e.Inode, e.Name)).Order(StringComparer.Ordinal);
        return Answer.With(result, "names", new JsonArray([.. shown.Select(n => (JsonNode)n)]));
    }

    private static JsonObject Read(int descriptor, int length, long offset)
    {
        var data = new byte[Math.Max(length, 1)];
        var result = SystemCall.Read(descriptor, data.AsSpan(0, length), offset);
        return Answer.With(result, "data", result < 0 ? null : Text(data.AsSpan(0, Math.Min(result, length))));
    }

    private JsonObject PathOf(StepArguments a)
    {
        var (result, path) = files.PathOf(Descriptor(a[0]));
        var answer = Answer.Of(result);
        if (result < 0)
            return answer;
        if (place.Length > 0 && path.StartsWith(place, StringComparison.Ordinal))
            path = path[place.Length..];
        const string Mark = " (deleted)";
        if (path.EndsWith(Mark, StringComparison.Ordinal))
        {
            path = path[..^Mark.Length];
            answer["deleted"] = true;
        }

        answer["path"] = names.ShownPath(path.Length == 0 ? "/" : path);
        return answer;
    }

    private JsonObject Map(StepArguments a)
    {
        var result = SystemCall.Any(9, 0, PageSize, a.Option("rw") != null ? 3 : 1, a.Option("private") != null ? 2 : 1, Descriptor(a[1]));
        if (result is < 0 and > -PageSize)
            return Answer.Of(result);
        lock (gate)
        {
            if (mappings.Remove(a[0], out var other))
                SystemCall.Any(11, other, PageSize);
            mappings[a[0]] = result;
        }

        return Answer.Of(0);
    }

    private JsonObject Unmap(string name)
    {
        long mapping;
        lock (gate)
            mapping = mappings.Remove(Asked(name), out var mapped) ? mapped : -1;
        return Answer.Of(SystemCall.Any(11, mapping, PageSize));
    }

    // A fault in write(2) is EFAULT; one of ours would be SIGBUS.
    private static JsonObject Load(long mapping) => ThroughPipe((reading, writing) =>
    {
        var result = (int)SystemCall.Any(1, writing, mapping, MappedMax);
        var data = GC.AllocateArray<byte>(MappedMax, pinned: true);
        if (result > 0)
            SystemCall.Any(0, reading, Address(data), result);
        return Answer.With(result, "data", result < 0 ? null : Text(data.AsSpan(0, result)));
    });

    private static JsonObject Store(long mapping, string text) => ThroughPipe((reading, writing) =>
    {
        SystemCall.Write(writing, Encoding.ASCII.GetBytes(text));
        return Answer.Of(SystemCall.Any(0, reading, mapping, text.Length));
    });

    private static JsonObject ThroughPipe(Func<int, int, JsonObject> use)
    {
        var ends = GC.AllocateArray<int>(2, pinned: true);
        LiveException.Checked(SystemCall.Any(22, Address(ends)), "pipe");
        var answer = use(ends[0], ends[1]);
        SystemCall.Close(ends[0]);
        SystemCall.Close(ends[1]);
        return answer;
    }

    private static string Text(ReadOnlySpan<byte> data)
    {
        var shown = data[..Math.Min(data.Length, ShownMax)];
        foreach (var value in shown)
        {
            if (value != 0 && value is < 32 or > 126)
                return "hex:" + Convert.ToHexString(shown[..Math.Min(shown.Length, MappedMax)]);
        }

        return Encoding.ASCII.GetString(shown).Replace("\0", "\\0", StringComparison.Ordinal);
    }

    private static long Amount(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
