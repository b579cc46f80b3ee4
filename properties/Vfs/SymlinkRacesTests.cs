using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>Symlinks and working directories that change while somebody walks through them: all states, and what can come of it.</summary>
public static class SymlinkRacesTests
{
    private const string FollowVsUnlink = """
        scenario follow-vs-unlink
        setup
          root create f x
          root symlink f s
        thread reader
          root cat s -> data
        thread unlinker
          root unlink s -> gone
        always gone == "OK"
        always data == "x" || data == "ENOENT"
        sometimes data == "x"
        sometimes data == "ENOENT"
        """;

    private const string FollowVsExchange = """
        scenario follow-vs-exchange
        setup
          root create f x
          root create g y
          root symlink f s
          root symlink g t
        thread reader
          root cat s -> data
        thread mover
          root rename s t flags=exchange -> moved
        always moved == "OK"
        always data == "x" || data == "y"
        sometimes data == "x"
        sometimes data == "y"
        """;

    private const string WalkVsChdir = """
        scenario walk-vs-chdir
        setup
          root mkdir d
          root create d/f x
          root create f y
          root chdir d
        thread walker
          root cat cwd:f -> data
        thread mover
          root chdir / -> left
          root unlink d/f -> gone
          root rmdir d -> removed
        always left == "OK" && gone == "OK" && removed == "OK"
        always data == "x" || data == "y" || data == "ENOENT"
        sometimes data == "x"
        sometimes data == "y"
        sometimes data == "ENOENT"
        """;

    [Theory]
    [InlineData(FollowVsUnlink, "v6.18", 1_997)]
    [InlineData(FollowVsExchange, "v6.18", 2_920)]
    [InlineData(WalkVsChdir, "v6.18", 17_420)]
    [InlineData(FollowVsUnlink, "v5.10", 1_843)]
    public static void All_states_are_as_expected(string text, string release, long states)
    {
        var result = NameRacesTests.Run(text, release, plan => plan with { Strategy = StrategyNames.States, PreemptionsMax = null });
        Assert.Empty(result.Tally.Violations);
        Assert.True(result.Covered.Exhaustive);
        Assert.Equal(states, result.Tally.States!.States);
    }

    [Theory]
    [InlineData(FollowVsUnlink)]
    [InlineData(WalkVsChdir)]
    public static void All_schedules_of_two_preemptions_are_as_expected(string text)
        => Assert.Equal(Verdict.Holds, NameRacesTests.Run(text, "v6.18", plan => plan with { PreemptionsMax = 2 }).Verdict);
}
