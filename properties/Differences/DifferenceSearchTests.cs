using Fscrypt.Sim.Differences;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Differences;

/// <summary>
/// Where walking and invalidating and ->drop_inode part. The questions that take longest are asked by the comparison of the
/// README, whose text is compared as a whole.
/// </summary>
public sealed class DifferenceSearchTests
{
    private static readonly KernelConfiguration Walk = new() { Design = Design.Walk };
    private static readonly KernelConfiguration DropInode = new() { Design = Design.DropInode };

    [Fact]
    public void The_name_of_a_file_that_was_busy_keeps_its_key_with_the_walk_only()
    {
        var found = Ask("reclaimed-name", Walk, DropInode);
        Assert.Equal("key", found.Observation);
        Assert.Equal(["removal=OK[FILES_BUSY] after1=OK after2=OK key=INCOMPLETELY_REMOVED"], Only(found.Left!, found.Right!));
        Assert.Equal(["removal=OK[FILES_BUSY] after1=OK after2=OK key=ABSENT"], Only(found.Right!, found.Left!));
        Assert.Equal(
            ["before the removal: root open F d/f r", "after it: root close F -> after1; root drop_caches 2 -> after2"],
            found.Question.StoryOf(found.Scenario!));
    }

    [Fact]
    public void Who_adds_a_key_again_meanwhile_is_spared_by_drop_inode_only()
    {
        var found = Ask("added-again", Walk, DropInode);
        Assert.Equal("removal", found.Observation);
        Assert.Empty(found.Left!.OnlyHere(found.Right!, "removal"));
        Assert.Equal([("beside1=OK removal=OK[FILES_BUSY]", true)], found.Right!.OnlyHere(found.Left!, "removal"));
    }

    [Fact]
    public void Of_inodes_that_nobody_uses_both_say_the_same()
    {
        var found = Ask("unused-inode", Walk, DropInode);
        Assert.Null(found.Scenario);
        Assert.Equal((25, 0), (found.Searched, found.Undecided));
    }

    [Fact]
    public void A_design_does_not_part_from_itself()
        => Assert.All(["reclaimed-name", "added-again"], slug => Assert.Null(Ask(slug, Walk, Walk).Scenario));

    [Fact]
    public void A_probe_tells_what_no_call_does()
    {
        // An open file without a name stays with both; what revoke-only keeps shows at once, and the probe says it too.
        var question = new Question("kept", "inodes that stay", [], 0) { Closing = [], Probes = ["cached(d/f)"], SetUp = [.. Question.Tree, "root open F d/f r", "root unlink d/f"] };
        Assert.Null(DifferenceSearch.Run(question, Walk, DropInode, null, new SearchProgress(null)).Scenario);
        var found = DifferenceSearch.Run(question with { SetUp = Question.Tree }, Walk, new() { Design = Design.Named("revoke-only")! }, null, new SearchProgress(null));
        Assert.Equal("removal", found.Observation);
        Assert.Equal("never, always", $"{found.Left!.Probes.Single()}, {found.Right!.Probes.Single()}");
    }

    [Fact]
    public void Scenarios_come_by_length_and_those_that_race_last()
    {
        Assert.All(Questions.All, question =>
        {
            var scenarios = question.Scenarios().ToList();
            var lengths = scenarios.ConvertAll(s => s.Text!.Split("\n  root").Length);
            Assert.Equal(lengths.Order(), lengths);
            Assert.DoesNotContain("thread other", scenarios[0].Text, StringComparison.Ordinal);
        });
        Assert.Equal([25, 19, 19, 19, 19, 19], Questions.All.Select(q => q.Scenarios().Count()));
    }

    [Fact]
    public void One_removal_shows_what_no_call_does()
    {
        var (walk, drop) = (InsideRemoval.Of(Walk), InsideRemoval.Of(DropInode));
        Assert.Equal("evict_decrypted_inodes", string.Join(' ', walk.Freers));
        Assert.Equal("iput_final", string.Join(' ', drop.Freers));
        Assert.Equal("i_lock s_inode_lru.lock", string.Join(' ', walk.Nested));
        Assert.Equal("i_lock", string.Join(' ', drop.Nested));
        Assert.Equal("dispose_list inode_lru_list_del iput", string.Join(' ', walk.Called));
        Assert.Equal("iput", string.Join(' ', drop.Called));
        // d goes with the name of f, before the walk comes to it: with the walk of 2019 its inode stays, and is seen twice like that of f.
        Assert.Equal((4, 1), (walk.Visited, drop.Visited));
    }

    private static Divergence Ask(string slug, KernelConfiguration left, KernelConfiguration right)
        => DifferenceSearch.Run(Questions.All.Single(q => q.Slug == slug), left, right, null, new SearchProgress(null));

    private static IEnumerable<string> Only(Answers here, Answers there)
        => here.OnlyHere(there, "key").Select(o => o.IsAllowed ? o.Text : o.Text + " not allowed");
}
