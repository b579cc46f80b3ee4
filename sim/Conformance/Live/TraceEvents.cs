using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>
/// The trace events of ext4 that tell which inodes are asked about, evicted and freed: of one file system, in an instance of the
/// tracer of its own, which nobody else's tracing has to do with. An instance has a name that everybody sees, and outlives who made it:
/// a shell waits for the end of this process, however it ends, and removes it. Should that one be killed too, whoever comes next does.
/// </summary>
internal sealed class TraceEvents : IDisposable
{
    // Below it are inodes of ext4's own: the journal, and the pages of the allocator. The root is one of everybody.
    private const int InodeLeast = 11;
    private const int Root = 2;
    private const string Prefix = "fscrypt-sim-";
    private const int NonBlocking = 0x800;
    private const int BufferMax = 65_536;
    private const string Events = "ext4_drop_inode ext4_evict_inode ext4_free_inode";

    private readonly LiveFileSystem files;
    private readonly string instance;
    private readonly int pipe;
    private readonly Process keeper;
    private readonly byte[] buffer = GC.AllocateArray<byte>(BufferMax, pinned: true);

    /// <summary>Makes the instance.</summary>
    /// <param name="files">The file system; mounted, because the events are told by its device.</param>
    /// <exception cref="LiveException">It cannot be made.</exception>
    public TraceEvents(LiveFileSystem files)
    {
        this.files = files;
        var instances = files.MountTracing() + "/instances";
        instance = $"{instances}/{NameFor(Environment.ProcessId)}";
        files.InOwnNamespace(() => Sweep(instances));

        // First who removes it, and then it: this process may be killed in between.
        keeper = Keep(files, instance);
        try
        {
            Checked(() => SystemCall.At(258, SystemCall.AtCurrentDirectory, instance, 0x1c0), "an instance of the tracer");
            var device = files.Device;
            foreach (var name in Events.Split(' '))
            {
                Write($"events/ext4/{name}/filter", string.Create(CultureInfo.InvariantCulture, $"dev == {device}"));
                Write($"events/ext4/{name}/enable", "1");
            }

            pipe = (int)Checked(() => SystemCall.Open(SystemCall.AtCurrentDirectory, $"{instance}/trace_pipe", NonBlocking), "trace_pipe");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What an instance of a process is called.</summary>
    public static string NameFor(int process) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{process}");

    /// <summary>What happened since it was asked last: <c>drop(f,1)</c>, <c>EVICT(f)</c>, <c>FREE(f)</c>.</summary>
    /// <param name="nameOf">What the file with an inode number is called.</param>
    public IReadOnlyList<string> Take(Func<long, string> nameOf)
    {
        var text = new StringBuilder();
        files.InOwnNamespace(() =>
        {
            for (int length; (length = Read()) > 0;)
                text.Append(Encoding.ASCII.GetString(buffer, 0, length));
            return 0;
        });
        return [.. text.ToString().Split('\n').Select(l => Told(l, nameOf)).OfType<string>()];
    }

    public void Dispose()
    {
        // Who reads it holds it.
        if (pipe > 0)
            SystemCall.Close(pipe);
        keeper.StandardInput.Close();
        keeper.WaitForExit();
        keeper.Dispose();
    }

    // Its input ends when this process does. What a terminal sends to both of them is not meant for it.
    private static Process Keep(LiveFileSystem files, string instance)
    {
        const string Script = """
            trap '' INT TERM HUP; cat > /dev/null; i=0
            until [ ! -d "$1" ] || rmdir "$1" || [ $((i += 1)) -gt 1500 ]; do sleep 0.02; done
            """;
        Process? started = null;
        var start = new ProcessStartInfo("sh") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-c", Script, "sh", instance })
            start.ArgumentList.Add(argument);
        files.InOwnNamespace(() =>
        {
            started = Process.Start(start);                     // by the thread whose namespace it needs
            return 0;
        });
        return started!;
    }

    private static string? Told(string line, Func<long, string> nameOf)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.FindIndex(words, w => w.StartsWith("ext4_", StringComparison.Ordinal) && w.EndsWith("_inode:", StringComparison.Ordinal));
        if (at < 0)
            return null;
        string After(string word) => words[Array.IndexOf(words, word, at) + 1];
        var inode = long.Parse(After("ino"), CultureInfo.InvariantCulture);
        if (inode is < InodeLeast and not (0 or Root))
            return null;
        var name = inode == 0 ? "-" : nameOf(inode);
        return words[at] switch
        {
            "ext4_drop_inode:" => $"drop({name},{After("drop")})",
            "ext4_evict_inode:" => $"EVICT({name})",
            _ => $"FREE({name})",
        };
    }

    private unsafe int Read()
    {
        fixed (byte* b = buffer)
            return (int)SystemCall.Any(0, pipe, (long)b, buffer.Length);
    }

    private void Write(string file, string text) => Checked(() => WriteTo($"{instance}/{file}", text), file);

    private static long WriteTo(string path, string text)
    {
        var file = SystemCall.Open(SystemCall.AtCurrentDirectory, path, SystemCall.WriteOnly | SystemCall.Truncate);
        if (file < 0)
            return file;
        long result = SystemCall.Write(file, Encoding.ASCII.GetBytes(text));
        SystemCall.Close(file);
        return result;
    }

    private long Checked(Func<long> call, string what) => LiveException.Checked(files.InOwnNamespace(call), what);

    private static long Remove(string instance)
    {
        WriteTo($"{instance}/events/enable", "0");
        return SystemCall.At(263, SystemCall.AtCurrentDirectory, instance, SystemCall.AtRemoveDirectory);
    }

    private static long Sweep(string instances)
    {
        foreach (var left in Directory.GetDirectories(instances, Prefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(left)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                && (process == Environment.ProcessId || !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}"))))
            {
                Remove(left);
            }
        }

        return 0;
    }
}
