using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>A work that holds an inode, and that nobody knows of but umount.</summary>
public static class WritebackSwitchTests
{
    private static readonly KernelRelease After = new("v7.2", 7, 2);

    private const string Umount = """
        background wb_switch at most 1
        setup
          root create f hello
          root sync
        thread t
          root umount -> gone
        always gone == "OK"
        """;

    private const string Removal = "background wb_switch at most 1\n" + KernelTexts.Tree + """
        thread t
          root rm_key K1 -> removal
        finally
          root cat d/f -> data
        """;

    [Fact]
    public static void Umount_that_waits_for_all_of_them_leaves_nothing_in_use()
    {
        var result = KernelTexts.Run(KernelTexts.Of(Umount), After, StrategyNames.DepthFirst, 1, clocks: false);
        Assert.Equal(Verdict.Holds, result.Verdict);
        Assert.True(result.Tally.Executions > 1_000);
    }

    // Found by this search, on v6.18, when the switches were new here: one preemption, between the grab and the queue. It is real: on
    // linux-fsdevel since May 2026 as "race between cgroup_writeback_umount() and inode_switch_wbs()", mended for v7.2.
    [Theory]
    [InlineData("v5.4")]
    [InlineData("v5.10")]
    [InlineData("v6.18")]
    [InlineData("v6.19")]
    public static void Umount_misses_one_that_has_its_inode_and_nothing_queued(string release)
    {
        var result = KernelTexts.Run(KernelTexts.Of(Umount), KernelRelease.Named(release)!, StrategyNames.DepthFirst, 1, clocks: false);
        Assert.Contains(result.Tally.Violations, v => v.Rule == "busy-at-umount");
    }

    [Fact]
    public static void Umount_that_waits_for_works_only_misses_one_without_any_preemption()
        => Assert.Equal((1, 0), (Fewest(), Fewest(Fixes.UmountWaitsForCallbacks)));

    [Theory]
    [InlineData("v5.10", 31_851)]
    [InlineData("v6.18", 21_117)]
    public static void A_removal_that_it_beats_is_not_complete_and_says_so(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            Removal + """

            always    (removal == "OK" && data == "ENOENT") || removal == "OK[FILES_BUSY]"
            sometimes removal == "OK[FILES_BUSY]"
            sometimes removal == "OK"
            """, release));

    private static int Fewest(params Fix[] without)
        => KernelTexts.Run(KernelTexts.Of(Umount), KernelRelease.Default, StrategyNames.DepthFirst, 1, clocks: false, without: without)
            .Tally.Violations.Where(v => v.Rule == "busy-at-umount").Min(v => v.PreemptionsFewest);
}
