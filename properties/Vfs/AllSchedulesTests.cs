using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Two threads of everything that this folder is about, in all schedules there are: no bound on preemptions.</summary>
public static class AllSchedulesTests
{
    [Theory]
    [InlineData("v5.10", 6_561)]
    [InlineData("v6.12", 7_027)]
    [InlineData("v6.18", 7_027)]
    public static void Sync_beside_a_write_and_its_close(string release, int states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            KernelTexts.Tree + """
              root open F d/f rw
            thread syncer
              root sync
            thread writer
              root write F world
              root close F
            finally
              root cat d/f -> data
            always data == "world"
            """, release));

    [Theory]
    [InlineData("v5.10", 2090)]
    [InlineData("v6.12", 2_033)]
    [InlineData("v6.18", 1915)]
    public static void Umount_beside_the_shrinker(string release, int states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            "background shrinker at most 1\n" + KernelTexts.Tree + """
            thread unmounter
              root umount -> gone
            always gone == "OK"
            always !key_in_memory(K1)
            """, release));

    [Theory]
    [InlineData("v5.10", 10_249)]
    [InlineData("v6.18", 6_807)]
    public static void A_removal_beside_the_flusher(string release, int states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            "background flusher at most 1\n" + KernelTexts.Tree + """
              root append d/f !
            thread remover
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/f -> data
            always    data == "hello!"
            sometimes removal == "OK"
            """, release));

    [Theory]
    [InlineData("v5.10", 49_989)]
    [InlineData("v6.18", 50_790)]
    public static void Dropped_caches_beside_a_look_up(string release, int states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            KernelTexts.Tree + """
            thread opener
              root cat d/f -> data
            thread dropper
              root drop_caches 3
            always    data == "hello"
            sometimes cached(d/f)
            sometimes !cached(d/f)
            """, release));
}
