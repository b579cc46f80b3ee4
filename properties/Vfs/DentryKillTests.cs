using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Killing dentries, in both shapes: which parents stay, what is held, and the races with those who use them.</summary>
public static class DentryKillTests
{
    private const string CloseVsRemoval = """
        scenario close-vs-removal
        setup
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root sync
          root open F d/f r
        thread a
          root close F
        thread b
          root rm_key K1 -> removal
        sometimes removal == "OK"
        sometimes removal == "OK[FILES_BUSY]"
        """;

    private const string RmdirVsOpens = """
        scenario rmdir-vs-opens
        setup
          root mkdir d
          root create d/f x
          root unlink d/f
          root sync
        thread a
          root rmdir d -> gone
        thread b
          root cat d/f -> first
        thread c
          root cat d -> second
        always gone == "OK" && first == "ENOENT"
        sometimes second == "ENOENT"
        sometimes second == "EISDIR"
        """;

    [Theory]
    [InlineData(CloseVsRemoval, "v6.18", 1_922)]
    [InlineData(CloseVsRemoval, "v5.10", 1157)]
    [InlineData(RmdirVsOpens, "v6.18", 142_200)]
    public static void All_states_are_as_expected(string text, string release, long states)
    {
        NameRacesTests.All_states_are_as_expected(text, release, states);
        Assert.Equal(Verdict.Holds, NameRacesTests.Run(text, release, plan => plan with { PreemptionsMax = 2 }).Verdict);
    }

    [Theory]
    [InlineData("v6.18", "")]
    [InlineData("v6.12", "")]
    [InlineData("v6.7", "d")]
    [InlineData("v5.4", "d")]
    public static void Pruning_the_last_child_kills_its_parent_or_puts_it(string release, string cached)
    {
        // d is not used otherwise. Since 6.8 it goes with its last child; before, it was put, and stayed on the LRU.
        var (kernel, host) = Boot(release);
        Assert.True(host.RunAlone(new ThreadBody("pruner", async () =>
        {
            await Touch(kernel, "d", "f");
            var inode = kernel.Inodes.All.ToArray().Single(i => i is { IsAlive: true, Number.Peek: > Disk.RootNumber, Type.Peek: FileType.File });
            await inode.Count.Increment();
            await kernel.Dentries.PruneAliases(inode);
            Assert.Null(inode.Aliases.PeekFirst);
            await kernel.Inodes.Iput(inode);
        })), host.Finding?.ToString());
        Assert.Equal(cached, Cached(kernel));
    }

    [Theory]
    [InlineData("v6.18")]
    [InlineData("v5.10")]
    public static void Shrinking_a_directory_kills_what_is_below_and_not_itself(string release)
    {
        var (kernel, host) = Boot(release);
        Assert.True(host.RunAlone(new ThreadBody("shrinker", async () =>
        {
            await Touch(kernel, "d", "f");
            await Touch(kernel, "d", "no");
            await kernel.Dentries.ShrinkParent(kernel.SuperBlock.Root.Value!);
        })), host.Finding?.ToString());
        Assert.Equal("", Cached(kernel));
        Assert.Equal(1, kernel.SuperBlock.Root.Peek!.Ref.Peek);
        Assert.Equal(0, kernel.SuperBlock.DentryLru.PeekCount);
    }

    [Theory]
    [InlineData("v6.18")]
    [InlineData("v5.10")]
    public static void What_is_in_use_is_neither_pruned_nor_shrunk_and_an_unhashed_dentry_goes_with_its_last_put(string release)
    {
        var (kernel, host) = Boot(release);
        Assert.True(host.RunAlone(new ThreadBody("user", async () =>
        {
            var (_, file) = await kernel.Calls.Open([kernel.Disk.FileName("d"), kernel.Disk.FileName("f")], user: 0);
            var dentry = file!.Dentry.Value!;
            await kernel.Dentries.PruneAliases(dentry.Inode.Value!);
            await kernel.Dentries.ShrinkParent(kernel.SuperBlock.Root.Value!);
            Assert.Equal(1, dentry.Ref.Peek);
            await kernel.Dentries.Delete(dentry);                  // the only user: negative, hashed
            Assert.True(dentry.HashLink.Peek);
            Assert.Null(dentry.Inode.Peek);
            await DentryCache.Dget(dentry);
            await kernel.Dentries.Invalidate(dentry);
            await kernel.Dentries.Dput(dentry);
            await kernel.Dentries.Dput(dentry);
            Assert.False(dentry.IsAlive);
        })), host.Finding?.ToString());
        Assert.Equal("d", Cached(kernel));
    }

    private static (Kernel Kernel, NativeHost<DepthFirst> Host) Boot(string release)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration { Release = KernelRelease.Named(release)! });
        kernel.Disk.AddFile(kernel.Disk.AddDirectory(Disk.RootNumber, "d", -1), "f", "x");
        Assert.True(host.RunAlone(new ThreadBody("setup", kernel.Mount)));
        return (kernel, host);
    }

    private static async KTask Touch(Kernel kernel, params string[] path)
    {
        var (_, file) = await kernel.Calls.Open([.. path.Select(kernel.Disk.FileName)]);
        if (file != null)
            await kernel.Calls.Close(file);
    }

    private static string Cached(Kernel kernel) => string.Join(' ', kernel.Dentries.All.ToArray()
        .Where(d => d.IsAlive && d.Ref.Peek >= 0 && d.Parent.Peek != null).Select(d => kernel.Disk.FileNameOf(d.FileName.Peek)).Order());
}
