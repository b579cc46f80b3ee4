using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// Names that are made, taken away and moved while somebody else uses them: all states there are, with their number, and all
/// schedules with at most two preemptions, which decide races. Every outcome that can be expected comes up.
/// </summary>
public static class NameRacesTests
{
    private const string UnlinkVsOpen = """
        scenario unlink-vs-open
        setup
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root sync
        thread unlinker
          root unlink d/f -> gone
        thread opener
          root cat d/f -> data
        always gone == "OK"
        sometimes data == "hello"
        sometimes data == "ENOENT"
        """;

    private const string CreateVsCreate = """
        scenario create-vs-create
        setup
          root mkdir d
        thread a
          root create d/f a -> first
        thread b
          root create d/f b -> second
        always (first == "OK") != (second == "OK")
        sometimes first == "EEXIST"
        sometimes second == "EEXIST"
        """;

    private const string RmdirVsCreate = """
        scenario rmdir-vs-create
        setup
          root mkdir d
          root sync
        thread a
          root rmdir d -> removed
        thread b
          root create d/f b -> made
        always (removed == "OK") != (made == "OK")
        sometimes removed == "ENOTEMPTY"
        sometimes made == "ENOENT"
        """;

    private const string RenameVsOpen = """
        scenario rename-vs-open
        setup
          root create f x
          root create g y
          root sync
        thread a
          root rename f g -> moved
        thread b
          root cat g -> data
        always moved == "OK"
        always data == "x" || data == "y"
        sometimes data == "x"
        sometimes data == "y"
        """;

    private const string RenamesCrosswise = """
        scenario renames-crosswise
        setup
          root mkdir a
          root mkdir b
          root create a/f x
          root create b/g y
          root sync
        thread one
          root rename a/f b/f -> first
        thread two
          root rename b/g a/g -> second
        always first == "OK" && second == "OK"
        """;

    private const string LinkVsUnlink = """
        scenario link-vs-unlink
        setup
          root create f x
          root sync
        thread a
          root unlink f -> gone
        thread b
          root link f g -> linked
        finally
          root cat g -> data
        always gone == "OK"
        always data == "x" || linked == "ENOENT"
        sometimes linked == "ENOENT"
        sometimes linked == "OK"
        """;

    private const string UnlinkVsRemoval = """
        scenario unlink-vs-removal
        setup
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root sync
        thread a
          root unlink d/f -> gone
        thread b
          root rm_key K1 -> removal
        always gone == "OK" || gone == "ENOENT"
        sometimes gone == "ENOENT"
        sometimes removal == "OK"
        sometimes removal == "OK[FILES_BUSY]"
        """;

    [Theory]
    [InlineData(UnlinkVsOpen, "v6.18", 4_339)]
    [InlineData(CreateVsCreate, "v6.18", 2_639)]
    [InlineData(RmdirVsCreate, "v6.18", 2_665)]
    [InlineData(RenameVsOpen, "v6.18", 5_734)]
    [InlineData(RenamesCrosswise, "v6.18", 3_042)]
    [InlineData(LinkVsUnlink, "v6.18", 3_282)]
    [InlineData(UnlinkVsRemoval, "v6.18", 39_824)]
    [InlineData(UnlinkVsOpen, "v5.10", 4_103)]
    [InlineData(CreateVsCreate, "v5.10", 3_053)]
    [InlineData(RmdirVsCreate, "v5.10", 2_596)]
    [InlineData(RenameVsOpen, "v5.10", 5_408)]
    [InlineData(RenamesCrosswise, "v5.10", 2_942)]
    [InlineData(LinkVsUnlink, "v5.10", 3_079)]
    [InlineData(UnlinkVsRemoval, "v5.10", 29_300)]
    public static void All_states_are_as_expected(string text, string release, long states)
    {
        var result = Run(text, release, plan => plan with { Strategy = StrategyNames.States, PreemptionsMax = null });
        Assert.Empty(result.Tally.Violations);
        Assert.True(result.Covered.Exhaustive);
        Assert.Equal(states, result.Tally.States!.States);
    }

    [Theory]
    [InlineData(UnlinkVsOpen)]
    [InlineData(CreateVsCreate)]
    [InlineData(RmdirVsCreate)]
    [InlineData(RenameVsOpen)]
    [InlineData(RenamesCrosswise)]
    [InlineData(LinkVsUnlink)]
    [InlineData(UnlinkVsRemoval)]
    public static void All_schedules_of_two_preemptions_are_as_expected(string text)
    {
        foreach (var release in new[] { "v6.18", "v5.10" })
            Assert.Equal(Verdict.Holds, Run(text, release, plan => plan with { PreemptionsMax = 2 }).Verdict);
    }

    internal static SearchResult Run(string text, string release, Func<SearchPlan, SearchPlan> how)
    {
        var file = ScenarioFile.Load(new Diagnostics("race", text.ReplaceLineEndings("\n")));
        Assert.False(file.Diagnostics.Any, file.Diagnostics.Format());
        var configuration = new KernelConfiguration { Release = KernelRelease.Named(release)! };
        return Explorer.Run(how(new SearchPlan(KernelTexts.Watched((KernelScenario)file.Scenario!), configuration)), new SearchProgress(null));
    }
}
