using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Reclaim: what goes, what stays, and that nobody is hurt by it whenever it comes.</summary>
public static class ReclaimTests
{
    [Theory]
    [InlineData("v5.10", "1", true)]                     // clean pages go; the dentry stays, and pins the inode
    [InlineData("v6.18", "1", true)]
    [InlineData("v5.10", "3", false)]
    [InlineData("v6.18", "3", false)]
    public static void Drop_caches_leaves_what_a_name_pins_and_takes_it_with_the_name(string release, string what, bool cached)
        => KernelTexts.States(
            $"{KernelTexts.Tree}  root cat d/f\n  root drop_caches {what}\n  root drop_caches {what}\n  root drop_caches {what}\nthread t\n  root drop_caches {what}\n"
            + $"always {(cached ? "" : "!")}cached(d/f)", release);

    [Fact]
    public static void An_inode_with_pages_is_reclaimed_by_old_kernels_only()
    {
        const string Two = "  root drop_caches 2\n  root drop_caches 2\n  root drop_caches 2\nthread t\n  root drop_caches 2\n";
        KernelTexts.States(KernelTexts.Tree + Two + "always !cached(d/f)", "v5.10");
        KernelTexts.States(KernelTexts.Tree + Two + "always cached(d/f)", "v6.18");
    }

    [Theory]
    [InlineData("v5.10")]
    [InlineData("v6.18")]
    public static void What_is_dirty_or_open_stays(string release)
        => KernelTexts.States(
            KernelTexts.Tree + """
              root create d/g world
              root open F d/f r
            thread t
              root drop_caches 3
              root drop_caches 3
              root drop_caches 3
            finally
              root read F -> open
              root cat d/g -> dirty
              root close F
            always cached(d/f) && cached(d/g)
            always open == "hello" && dirty == "world"
            """, release);

    [Fact]
    public static void Only_root_may_ask_for_it()
        => KernelTexts.States(KernelTexts.Tree + "thread t\n  alice drop_caches 3 -> answer\nalways answer == \"EACCES\"", "v6.18");

    [Theory]
    [InlineData("v6.18", 19_335)]
    public static void Caches_are_dropped_while_a_file_is_opened(string release, int count)
    {
        const string Text = KernelTexts.Tree + """
            thread opener
              root cat d/f -> data
            thread dropper
              root drop_caches 3
            always    data == "hello"
            sometimes kept: cached(d/f)
            sometimes gone: !cached(d/f)
            """;
        Assert.Equal(count, KernelTexts.Executions(Text, release));
    }

    [Theory]
    [InlineData("v5.10", 44_101)]
    [InlineData("v6.18", 9_818)]
    public static void Caches_are_dropped_while_a_key_is_removed(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            KernelTexts.Tree + """
            thread remover
              root rm_key K1 -> removal
            thread dropper
              root drop_caches 2
            sometimes removal == "OK"
            sometimes removal == "OK[FILES_BUSY]"
            always status(K1) == "ABSENT" || removal == "OK[FILES_BUSY]"
            """, release));

    [Theory]
    [InlineData("v5.10", 5_626)]
    [InlineData("v6.18", 4_889)]
    public static void The_shrinker_comes_at_any_moment_or_never(string release, int count)
        => Assert.Equal(count, KernelTexts.Executions(
            "background shrinker at most 1\n" + KernelTexts.Tree + """
            thread writer
              root append d/f !
            finally
              root cat d/f -> data
            always data == "hello!"
            sometimes cached(d/f)
            """, release));

    [Theory]
    [InlineData("v5.10", 137)]
    [InlineData("v6.18", 138)]
    public static void Allocations_reclaim_in_the_midst_of_a_look_up_and_of_an_added_key(string release, int count)
        => Assert.Equal(count, KernelTexts.States(
            "background reclaim at most 2\n" + KernelTexts.Tree + """
              root create d/g
            thread opener
              root cat d/f -> data
              alice add_key K3
            always data == "hello"
            sometimes cached(d/g)
            sometimes !cached(d/g)
            """, release));

    // A look-up leaves no dentry behind, and a creation no entry.
    [Theory]
    [InlineData("v5.10", 223)]
    [InlineData("v6.18", 229)]
    public static void Who_finds_no_memory_for_an_inode_says_so_and_leaves_nothing(string release, int count)
        => Assert.Equal(count, KernelTexts.States(
            """
            fault enomem in alloc_inode at most 1
            setup
              root create f hello
              root remount
            thread t
              root cat f -> data
              root create g world -> made
            finally
              root cat g -> again
            always    data == "hello" || data == "ENOMEM"
            always    (made == "OK") == (again == "world") || again == "ENOMEM"
            sometimes data == "ENOMEM"
            sometimes made == "ENOMEM" && again == "ENOENT"
            """, release));

    [Theory]
    [InlineData("v5.10", 29_845)]
    [InlineData("v6.18", 30_540)]
    public static void Who_finds_no_memory_for_a_name_says_so_and_leaves_nothing(string release, long count)
        => Assert.Equal(count, KernelTexts.StatesButRaces(
            """
            fault enomem in d_alloc at most 1
            setup
              root mkdir d
              root create d/f hello
              root drop_caches 3
            thread a
              root cat d/f -> data
            thread b
              root unlink d/f -> gone
            always    data == "hello" || data == "ENOMEM" || data == "ENOENT"
            always    gone == "OK" || gone == "ENOMEM"
            sometimes data == "ENOMEM"
            sometimes gone == "ENOMEM"
            """, release));

    [Theory]
    [InlineData("v5.4", 242)]
    [InlineData("v6.18", 228)]
    public static void Who_finds_no_memory_for_a_key_says_so_and_leaves_nothing(string release, long count)
        => Assert.Equal(count, KernelTexts.StatesButRaces(
            """
            fault enomem in add_key at most 1
            setup
              root sync
            thread a
              root add_key K1 -> first
              root add_key K1 -> second
            thread b
              alice add_key K1 -> other
            finally
              root status K1 -> after
            always    first == "OK" || first == "ENOMEM"
            always    second == "OK" || other == "OK"
            always    (first == "OK" || second == "OK") == (after == "PRESENT[users=2,self]" || after == "PRESENT[users=1,self]")
            sometimes first == "ENOMEM"
            sometimes other == "ENOMEM"
            """, release));

    [Theory]
    [InlineData("v6.18", 27_062)]
    public static void Who_finds_no_memory_for_the_key_of_a_file_says_so_and_leaves_nothing(string release, long count)
        => Assert.Equal(count, KernelTexts.StatesButRaces(
            "fault enomem in crypt_info at most 1\n" + KernelTexts.Tree + """
              root drop_caches 3
            thread reader
              root cat d/f -> data
            thread lister
              root ls d -> names
            always    data == "hello" || data == "ENOMEM"
            always    names == "f" || names == "ENOMEM"
            sometimes data == "ENOMEM"
            sometimes names == "ENOMEM"
            """, release));

    [Theory]
    [InlineData("prune_dcache_sb")]
    [InlineData("shrink_dcache_sb")]
    [InlineData("prune_icache_sb")]
    [InlineData("drop_caches")]
    [InlineData("allocation")]
    public static void Reclaim_sleeps(string function)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration());
        Assert.True(host.RunAlone(new ThreadBody("setup", kernel.Mount)));
        host.RunAlone(new ThreadBody("test", async () =>
        {
            await kernel.SuperBlock.InodeListLock.Acquire();
            switch (function)
            {
                case "prune_dcache_sb":
                    await kernel.Dentries.PruneLru(1);
                    break;
                case "shrink_dcache_sb":
                    await kernel.Dentries.ShrinkAll();
                    break;
                case "prune_icache_sb":
                    await kernel.Inodes.PruneLru(kernel.SuperBlock, 1);
                    break;
                case "drop_caches":
                    await kernel.Reclaim.DropCaches(2);
                    break;
                default:
                    await kernel.Reclaim.Allocate();
                    break;
            }
        }));
        Assert.Contains(function, host.Finding!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v5.10")]
    [InlineData("v6.18")]
    public static void A_second_chance_is_used_up_by_a_look_and_shrink_dcache_sb_gives_none(string release)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var kernel = new Kernel(host, new KernelConfiguration { Release = KernelRelease.Named(release)! });
        foreach (var name in new[] { "a", "b" })
            kernel.Disk.AddFile(Disk.RootNumber, name, "x");
        int[] Path(string name) => [kernel.Disk.FileName(name)];
        async KTask Open(string name)
        {
            var (_, file) = await kernel.Calls.Open(Path(name));
            await kernel.Calls.Close(file!);
        }

        int[] freed = [];
        Assert.True(host.RunAlone(new ThreadBody("test", async () =>
        {
            await kernel.Mount();
            await Open("a");
            await Open("a");                                       // used twice: referenced
            await Open("b");
            var one = await kernel.Dentries.PruneLru(2);           // a goes round, b goes
            var two = await kernel.Dentries.PruneLru(1);           // a goes
            await Open("a");
            await Open("a");
            await kernel.Dentries.ShrinkAll();
            freed = [one, two, kernel.SuperBlock.DentryLru.PeekCount, await kernel.Dentries.PruneLru(5)];
        })), host.Finding?.ToString());
        Assert.Equal([1, 1, 0, 0], freed);
    }
}
