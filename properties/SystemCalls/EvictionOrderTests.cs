using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>In which order REMOVE evicts, as Linux 6.18 was seen to do it.</summary>
public static class EvictionOrderTests
{
    [Fact]
    public static void Files_go_newest_first_and_the_directory_when_its_last_dentry_is_killed()
    {
        // Each put is one step behind the walk; killing the last child's dentry kills the directory's too.
        Assert.Equal(["f5", "f4", "f3", "f2", "d", "f1", "f0"], EvictedBy(["d/f0", "d/f1", "d/f2", "d/f3", "d/f4", "d/f5"]));
    }

    [Fact]
    public static void One_file_goes_after_its_directory() => Assert.Equal(["d", "f"], EvictedBy(["d/f"]));

    [Fact]
    public static void An_open_file_keeps_itself_and_its_directory()
        => Assert.Equal(["f2", "f0"], EvictedBy(["d/f0", "d/f1", "d/f2"], open: "d/f1"));

    [Fact]
    public static void Nested_directories_go_deepest_first()
        => Assert.Equal(["b", "a", "d", "top", "f"], EvictedBy(["d/a/b/f", "d/top"]));

    // Makes the files, opens each in order, closes all but one, removes the key.
    private static List<string> EvictedBy(string[] files, string? open = null)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration());
        var names = new Dictionary<int, string>();
        foreach (var file in files)
            Make(kernel, file, names);
        Assert.True(host.RunAlone(new ThreadBody("user", async () =>
        {
            await kernel.Mount();
            await kernel.Calls.AddKey(0, 0);
            foreach (var path in files)
            {
                var (_, file) = await kernel.Calls.Open([.. path.Split('/').Select(kernel.Disk.FileName)]);
                if (path != open)
                    await kernel.Calls.Close(file!);
            }

            await kernel.Calls.RemoveKey(0, 0);
        })));
        var evicted = new SortedList<long, string>();
        foreach (var inode in kernel.Inodes.All)
        {
            if (inode.Evicted.Value.Order > 0)
                evicted.Add(inode.Evicted.Value.Order, names[inode.Number.Peek]);
        }

        return [.. evicted.Values];
    }

    private static void Make(Kernel kernel, string path, Dictionary<int, string> names)
    {
        var parts = path.Split('/');
        var parent = Model.Vfs.Disk.RootNumber;
        foreach (var directory in parts[..^1])
        {
            var number = kernel.Disk.Inodes[parent]!.EntryOf(kernel.Disk.FileName(directory));
            if (number == 0)
                number = kernel.Disk.AddDirectory(parent, directory, 0);
            names[number] = directory;
            parent = number;
        }

        names[kernel.Disk.AddFile(parent, parts[^1], "x")] = parts[^1];
    }
}
