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
        Assert.Equal(["f5", "f4", "f3", "f2", "d", "f1", "f0"], EvictedBy(files: 6, open: -1));
    }

    [Fact]
    public static void One_file_goes_after_its_directory()
        => Assert.Equal(["d", "f0"], EvictedBy(files: 1, open: -1));

    [Fact]
    public static void An_open_file_keeps_itself_and_its_directory()
        => Assert.Equal(["f2", "f0"], EvictedBy(files: 3, open: 1));

    private static List<string> EvictedBy(int files, int open)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration());
        var directory = kernel.Disk.AddDirectory(Model.Vfs.Disk.RootNumber, "d", 0);
        var names = new Dictionary<int, string> { [directory] = "d" };
        for (var i = 0; i < files; i++)
            names.Add(kernel.Disk.AddFile(directory, $"f{i}", "x"), $"f{i}");
        Assert.True(host.RunAlone(new ThreadBody("user", async () =>
        {
            await kernel.Mount();
            await kernel.Calls.AddKey(0, 0);
            for (var i = 0; i < files; i++)
            {
                var (_, file) = await kernel.Calls.Open([kernel.Disk.FileName("d"), kernel.Disk.FileName($"f{i}")]);
                if (i != open)
                    await kernel.Calls.Close(file!);
            }

            await kernel.Calls.RemoveKey(0, 0);
        })));
        var evicted = new SortedList<long, string>();
        foreach (var inode in kernel.Inodes.All)
        {
            if (inode.Evicted.Value > 0)
                evicted.Add(inode.Evicted.Value, names[inode.Number.Peek]);
        }

        return [.. evicted.Values];
    }
}
