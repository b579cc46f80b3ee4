using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>
/// A million system calls of three users, chosen at random, in one sequential run with all watchers on: four encrypted directories and
/// four others, names that come and go, keys that are added and removed under them.
/// </summary>
internal sealed class ManyCalls
{
    private const int Calls = 1_000_000;
    private const int Seed = 1;
    private const int Directories = 8;
    private const int Keys = 4;
    private const int Names = 24;
    private const int FilesMax = 32;
    private const int Users = 3;
    private const int Everybody = 0x1FF;                   // rwxrwxrwx

    private readonly NativeHost<DepthFirst> host = new(new DepthFirst(0)) { StepsMax = int.MaxValue };
    private readonly Kernel kernel;
    private readonly Random random = new(Seed);
    private readonly List<OpenFile> files = [];
    private readonly int[][] paths;
    private readonly int[] texts;
    private readonly Dictionary<string, (long Calls, long Failed, long Ticks)> counts = [];

    private ManyCalls()
    {
        kernel = new Kernel(host, new KernelConfiguration(), hashBuckets: 1 << 12);
        var disk = kernel.Disk;
        for (var user = 1; user < Users; user++)
            kernel.Users.Add(Capabilities.None, (uint)(1000 + user));
        int[] directories = [.. Enumerable.Range(0, Directories).Select(d => disk.FileName(string.Create(CultureInfo.InvariantCulture, $"d{d}")))];
        int[] names = [.. Enumerable.Range(0, Names).Select(n => disk.FileName(string.Create(CultureInfo.InvariantCulture, $"f{n}")))];
        paths = [.. from directory in directories from name in names select (int[])[directory, name]];
        texts = [.. Enumerable.Range(0, 50).Select(t => disk.Text(string.Create(CultureInfo.InvariantCulture, $"text {t}")))];
        Run(async () =>
        {
            await kernel.Mount();
            for (var i = 0; i < Directories; i++)
            {
                await kernel.Calls.Mkdir([directories[i]], 0);
                await kernel.Calls.ChangeMode([directories[i]], Everybody, 0);
                if (i >= Keys)
                    continue;
                await kernel.Calls.AddKey(i, 0);
                await kernel.Calls.SetPolicy([directories[i]], i, 0);
            }
        });
    }

    public static void Print(TextWriter output)
    {
        var run = new ManyCalls();
        run.Run(() => run.Make(Calls / 20));               // the code is compiled, as after the first seconds of any run
        run.counts.Clear();
        var steps = (long)run.host.Steps;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (watch, used) = (Stopwatch.StartNew(), ProcessorTime);
        run.Run(() => run.Make(Calls));
        var (seconds, processor) = (watch.Elapsed.TotalSeconds, (ProcessorTime - used).TotalSeconds);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine("| call | calls | failed | us each |");
        output.WriteLine("|---|---:|---:|---:|");
        foreach (var (name, (calls, failed, ticks)) in run.counts.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            var each = Stopwatch.GetElapsedTime(0, ticks).TotalMicroseconds / calls;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {calls:N0} | {100.0 * failed / calls:N0} % | {each:N1} |"));
        }

        var failures = 100.0 * run.counts.Values.Sum(c => c.Failed) / Calls;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\n{Calls:N0} calls: {seconds:N2} s, {processor:N2} s of processor time, {run.host.Steps - steps:N0} steps; {failures:N0} % failed; "
            + $"{grown / (double)Calls:N0} bytes a call; seed {Seed}"));
        run.Run(run.CloseAll);
        run.kernel.CheckAtEnd();
        if (run.host.Finding is { } finding)
            throw new InvalidOperationException(finding.Message);
    }

    private static TimeSpan ProcessorTime
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.TotalProcessorTime;
        }
    }

    private async KTask Make(int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var (name, error) = await One();
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, name, out _);
            count = (count.Calls + 1, count.Failed + (error == Errno.OK ? 0 : 1), count.Ticks + Stopwatch.GetTimestamp() - began);
        }
    }

    private async KTask CloseAll()
    {
        foreach (var file in files)
            await kernel.Calls.Close(file);
    }

    private async KTask<(string Name, Errno Error)> One()
    {
        var calls = kernel.Calls;
        var user = random.Next(Users);
        var path = paths[random.Next(paths.Length)];
        switch (random.Next(1000))
        {
            case < 150 when files.Count < FilesMax:
                var (opened, file) = await calls.Open(path);
                if (file != null)
                    files.Add(file);
                return ("open", opened);
            case < 300 when files.Count > 0:
                return ("read", (await calls.Read(AnyFile())).Error);
            case < 400 when files.Count > 0:
                return ("write", await calls.Write(AnyFile(), texts[random.Next(texts.Length)]));
            case < 500:
                return ("stat", (await calls.Stat(path)).Error);
            case < 560:
                var (created, made) = await calls.Create(path, user);
                if (made != null)
                    await calls.Close(made);
                return ("create", created);
            case < 585:
                return ("unlink", await calls.Unlink(path, user));
            case < 610:
                return ("rename", await calls.Rename(path, paths[random.Next(paths.Length)], (RenameKind)random.Next(3), user));
            case < 620:
                return ("link", await calls.Link(path, paths[random.Next(paths.Length)], user));
            case < 625:
                return ("mkdir", await calls.Mkdir(path, user));
            case < 630:
                return ("rmdir", await calls.Rmdir(path, user));
            case < 640:
                return ("truncate", await calls.Truncate(path, random.Next(10), user: 0));
            case < 650:
                return ("chmod", await calls.ChangeMode(path, Everybody, user: 0));
            case < 670 when files.Count > 0:
                return ("fsync", await calls.Fsync(AnyFile()));
            case < 700:
                return ("readdir", await List([path[0]]));
            case < 750:
                return ("ADD_KEY", await calls.AddKey(random.Next(Keys), user));
            case < 770:
                return ("REMOVE_KEY", (await calls.RemoveKey(random.Next(Keys), user)).Error);
            case < 820:
                await calls.KeyStatus(random.Next(Keys), user);
                return ("KEY_STATUS", Errno.OK);
            case < 822:
                await calls.Sync();
                return ("sync", Errno.OK);
            case < 823:
                return ("drop_caches", await calls.DropCaches(1 + random.Next(3), 0));
            case < 950 when files.Count > 0:
                var which = random.Next(files.Count);
                var closed = files[which];
                files[which] = files[^1];
                files.RemoveAt(files.Count - 1);
                return ("close", await calls.Close(closed));
            default:
                return ("statfs", await calls.StatFs([path[0]]));
        }
    }

    private async KTask<Errno> List(int[] path)
    {
        var (error, directory) = await kernel.Calls.Open(path, OpenFlags.Read | OpenFlags.Directory);
        if (directory == null)
            return error;
        (error, _) = await kernel.Calls.ReadDirectory(directory);
        await kernel.Calls.Close(directory);
        return error;
    }

    private OpenFile AnyFile() => files[random.Next(files.Count)];

    private void Run(Func<KTask> body)
    {
        if (!host.RunAlone(new ThreadBody("user", body)))
            throw new InvalidOperationException(host.Finding?.Message ?? host.GivenUp ?? "no end was in sight");
    }
}
