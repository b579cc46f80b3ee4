using System.Globalization;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>
/// A fresh ext4, mounted where only these threads see it: in a mount namespace of their own, private, on a tmpfs of its own. The
/// mounts die with the namespace, that is with the process, however it ends. The threads keep the machine's root, because the
/// runtime loads its libraries in whichever thread needs them first; that no path leads there is seen to before it is used.
/// </summary>
internal sealed class LiveFileSystem : IDisposable
{
    /// <summary>Where the file system is mounted.</summary>
    public static string Point { get; } = $"{Stage}/fs";

    private const long Recursive = 0x4000;
    private const long Private = 1 << 18;
    private const int Umask = 0x12; // 022, as the model has it
    private const int UnmountTries = 50;
    private const int TriesApart = 2; // milliseconds

    // Directories that are there and where no program lives. Nobody else sees what is mounted on one.
    private static string Stage
        => Array.Find(["/mnt", "/media", "/srv"], d => Directory.Exists(d) && !AppContext.BaseDirectory.StartsWith(d + "/", StringComparison.Ordinal)) ?? "/mnt";

    // Beside the file system, on the tmpfs.
    private static string Tracing => $"{Stage}/tracing";

    private readonly LoopImage image = new();
    private readonly LiveActor keeper;
    private readonly int entries;

    /// <summary>Makes the file system; it is not mounted yet.</summary>
    /// <exception cref="LiveException">It cannot be made.</exception>
    public LiveFileSystem()
    {
        try
        {
            entries = (int)LiveException.Checked(
                SystemCall.Open(SystemCall.AtCurrentDirectory, "/proc/self/fd", SystemCall.Directory), "/proc/self/fd");
            keeper = new LiveActor(EnterOwnNamespace, 0);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Whether it is mounted.</summary>
    public bool IsMounted { get; private set; }

    /// <summary>The kernel's number of the device that it is on; it is mounted.</summary>
    public long Device => keeper.Do(() =>
    {
        LiveException.Checked(SystemCall.Stat(SystemCall.AtCurrentDirectory, Point, 0, out var state), "stat of the root");
        return ((state.Device >> 32) << 20) | (state.Device & 0xfffff);
    });

    /// <summary>Does something in the namespace of the mounts, as root.</summary>
    public long InOwnNamespace(Func<long> action) => keeper.Do(action);

    /// <summary>Mounts the tracer's file system in the same namespace, once.</summary>
    /// <returns>Where it is.</returns>
    /// <exception cref="LiveException">The kernel has none.</exception>
    public string MountTracing()
    {
        var made = keeper.Do(() => SystemCall.At(258, SystemCall.AtCurrentDirectory, Tracing, 0x1c0));
        if (made >= 0)
            LiveException.Checked(keeper.Do(() => SystemCall.Mount("none", Tracing, "tracefs", 0)), "mounting tracefs");
        return Tracing;
    }

    /// <summary>A thread of a user in there.</summary>
    public LiveActor Enter(long uid) => keeper.Do(() =>
    {
        var here = (int)LiveException.Checked(SystemCall.Open(SystemCall.AtCurrentDirectory, "/proc/thread-self/ns/mnt", 0), "the namespace");
        try
        {
            return new LiveActor(() => Join(here), uid);
        }
        finally
        {
            SystemCall.Close(here);
        }
    });

    /// <summary>Where a descriptor leads to, as seen from outside: <c>readlink</c> of its entry in /proc.</summary>
    public (int Result, string Path) PathOf(int descriptor) => keeper.Do(() =>
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{descriptor}");
        var result = SystemCall.ReadLink(SystemCall.AtCurrentDirectory, name, out var target);
        return (result, target.StartsWith(Point, StringComparison.Ordinal) ? target[Point.Length..] : target);
    });

    /// <summary>
    /// <c>linkat</c> from the entry of a descriptor in /proc, which any thread of the process may follow, whoever its user is.
    /// </summary>
    public long LinkDescriptor(int descriptor, int directory, string path) => SystemCall.AtBoth(
        265, (entries, descriptor.ToString(CultureInfo.InvariantCulture)), (directory, path), SystemCall.AtSymlinkFollow);

    /// <summary>Writes to /proc/sys/vm/drop_caches, which everybody on this machine feels.</summary>
    public long DropCaches(string what) => keeper.Do(() =>
    {
        var file = SystemCall.Open(SystemCall.AtCurrentDirectory, "/proc/sys/vm/drop_caches", SystemCall.WriteOnly);
        if (file < 0)
            return file;
        long result = SystemCall.Write(file, System.Text.Encoding.ASCII.GetBytes(what + "\n"));
        SystemCall.Close(file);
        return result;
    });

    /// <summary>Gives it the content of a new one, and mounts it.</summary>
    public void Renew()
    {
        image.Renew();
        LiveException.Checked(Mount(null), "mount");
        LiveException.Checked(keeper.Do(() => SystemCall.WithText(90, Point, 0x1ff)), "chmod of the root");
        // The change of mode is written before a sequence starts, so that its first sync has nothing of ours.
        LiveException.Checked(keeper.Do(SyncRoot), "syncfs");
    }

    /// <summary>Makes directories in it that are open to all, and writes them.</summary>
    public void MakeDirectories(IEnumerable<string> paths) => keeper.Do(() =>
    {
        foreach (var path in paths)
        {
            LiveException.Checked(SystemCall.At(258, SystemCall.AtCurrentDirectory, path, 0x1ff), "mkdir");
            LiveException.Checked(SystemCall.WithText(90, path, 0x1ff), "chmod");
        }

        return LiveException.Checked(SyncRoot(), "syncfs");
    });

    /// <summary><c>syncfs</c> of it.</summary>
    public static long SyncRoot()
    {
        var root = SystemCall.Open(SystemCall.AtCurrentDirectory, Point, SystemCall.Directory);
        if (root < 0)
            return root;
        var result = SystemCall.Any(306, root);
        SystemCall.Close(root);
        return result;
    }

    /// <summary>Mounts it.</summary>
    /// <param name="option">A mount option, or null.</param>
    public long Mount(string? option) => keeper.Do(() =>
    {
        var flags = option == "lazytime" ? 1L << 25 : 0;
        var result = SystemCall.Mount(image.Path, Point, "ext4", flags);
        IsMounted |= result >= 0;
        return result;
    });

    /// <summary>Takes it away, as often as it takes a moment until the last user is gone.</summary>
    /// <param name="isSure">Whether nobody uses it: then it has to go.</param>
    public long Unmount(bool isSure) => keeper.Do(() =>
    {
        var result = SystemCall.WithText(166, Point);
        for (var i = 0; result < 0 && isSure && i < UnmountTries; i++)
        {
            Thread.Sleep(TriesApart);
            result = SystemCall.WithText(166, Point);
        }

        IsMounted &= result < 0;
        return result;
    });

    public void Dispose()
    {
        if (IsMounted)
            Unmount(isSure: true);
        keeper.Dispose();
        SystemCall.Close(entries);
        image.Dispose();
    }

    private void EnterOwnNamespace()
    {
        LiveException.Checked(SystemCall.Any(272, SystemCall.CloneFs | SystemCall.CloneNewMounts), "unshare");
        LiveException.Checked(SystemCall.Mount("none", "/", "", Recursive | Private), "making mounts private");
        RefuseForeign();
        LiveException.Checked(SystemCall.Mount("none", Stage, "tmpfs", 0), "mounting a tmpfs");
        LiveException.Checked(SystemCall.At(258, SystemCall.AtCurrentDirectory, Point, 0x1ff), "making the mount point");
    }

    private static void Join(int mounts)
    {
        LiveException.Checked(SystemCall.Any(272, SystemCall.CloneFs), "unshare");
        LiveException.Checked(SystemCall.Any(308, mounts, SystemCall.CloneNewMounts), "setns");
        SystemCall.Any(95, Umask);
    }

    // Mounting before the namespace is another one would be seen by everybody.
    private static void RefuseForeign()
    {
        SystemCall.ReadLink(SystemCall.AtCurrentDirectory, "/proc/thread-self/ns/mnt", out var mine);
        var leader = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/ns/mnt");
        SystemCall.ReadLink(SystemCall.AtCurrentDirectory, leader, out var everybodys);
        if (mine.Length == 0 || mine == everybodys)
            throw new LiveException("the mount namespace is not its own: nothing is mounted in it");
    }
}
