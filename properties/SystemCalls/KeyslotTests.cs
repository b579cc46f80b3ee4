using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Keys that the block layer has: they are in its slots while I/O uses them, and leave those before they are freed.</summary>
public static class KeyslotTests
{
    private const string Tree = """
        background disk at most 1
        background reset at most 1
        setup
          root remount inlinecrypt
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root sync

        """;

    private const string Written = Tree + """
          root append d/f world
        thread remover
          root rm_key K1 -> removal
        finally
          root add_key K1
          root cat d/f -> data
        always removal == "OK" && data == "helloworld"
        """;

    private const string Read = Tree + """
          root drop_caches 1
          root open F d/f
        thread remover
          root readahead F
          root close F
          root rm_key K1 -> removal
        finally
          root add_key K1
          root cat d/f -> data
        always removal == "OK" && data == "hello"
        """;

    [Fact]
    public static void Files_are_read_and_written_as_without_it()
        => Answers.Are(
            "root remount inlinecrypt => OK", "root add_key K1 => OK", "root mkdir d => OK", "root set_policy d K1 => OK",
            "root create d/f hello => OK", "root symlink f d/l => OK", "root append d/f world => OK", "root sync => OK", "root drop_caches 3 => OK",
            "root cat d/l => helloworld", "root rm_key K1 => OK", "root cat d/f => ENOENT", "root add_key K1 => OK", "root cat d/f => helloworld");

    [Theory]
    [InlineData("v5.6", "EINVAL")]
    [InlineData("v5.10", "OK")]
    public static void The_option_came_later(string release, string answer)
        => Answers.AreIn(release, "root umount => OK", $"root mount inlinecrypt => {answer}", "root mount => " + (answer == "OK" ? "EBUSY" : "OK"));

    [Theory]
    [InlineData(Written, 9_049)]
    [InlineData(Read, 2_979)]
    public static void Keys_leave_their_slots_before_they_are_freed(string text, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(text, "v6.18"));

    [Theory]
    [InlineData(Written)]
    [InlineData(Read)]
    public static void Slots_that_are_put_after_the_io_is_complete_keep_them(string text)
    {
        Assert.Contains(KernelTexts.Findings(KernelTexts.Of(text), "v6.1"), f => f.StartsWith("use-after-free", StringComparison.Ordinal));
        var findings = KernelTexts.Findings(KernelTexts.Of(text), "v6.18", Fixes.KeyslotsPutFirst);
        Assert.Contains(findings, f => f.StartsWith("key-material", StringComparison.Ordinal));
        Assert.DoesNotContain(findings, f => f.StartsWith("use-after-free", StringComparison.Ordinal));
        Assert.Empty(KernelTexts.Findings(KernelTexts.Of(text), "v6.18", Fixes.EvictedKeysLeaveSlots));
    }
}
