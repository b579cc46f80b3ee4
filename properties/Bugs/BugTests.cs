using Fscrypt.Sim.Bugs;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Bugs;

/// <summary>Each historic bug is found in the kernel that has it, with so many preemptions and no fewer, and nothing in the one that has it not.</summary>
public static class BugTests
{
    [Theory]
    [InlineData("A1", 1)]
    [InlineData("A2", 0)]
    [InlineData("A3", 1)]
    [InlineData("A4", 1)]
    [InlineData("A5", 1)]
    [InlineData("A7", 0)]
    [InlineData("A8", 0)]
    [InlineData("A9", 0)]
    [InlineData("A16", 0)]
    [InlineData("A17", 1)]
    [InlineData("A19", 0)]
    [InlineData("A20", 0)]
    [InlineData("A24", 0)]
    [InlineData("A25", 0)]
    [InlineData("A26", 0)]
    [InlineData("A27", 0)]
    [InlineData("B1", 2)]
    [InlineData("B2", 1)]
    [InlineData("B5", 0)]
    [InlineData("B9", 0)]
    [InlineData("B10", 1)]
    [InlineData("B11", 1)]
    [InlineData("B13", 1)]
    [InlineData("B15", 2)]
    [InlineData("D1", 1)]
    [InlineData("D3", 1)]
    public static void A_bug_is_found_where_it_is_and_nowhere_else(string id, int preemptions)
    {
        var bug = BugBook.Named(id)!;
        var result = BugHunt.Run(bug, bug.Own ?? ScenarioLibrary.Named(bug.ScenarioName)!, Math.Max(1, preemptions), [], new SearchProgress(null));
        Assert.Equal(preemptions, result.Preemptions);
        Assert.True(result.IsClean || result.Repaired.Reason!.StartsWith("never reached", StringComparison.Ordinal), result.Repaired.Reason);
        Assert.Empty(result.Repaired.Tally.Violations);
    }

    [Fact]
    public static void Every_bug_has_its_fix_or_its_shape_and_a_scenario()
    {
        Assert.Equal(BugBook.All.Length, BugBook.All.Select(b => b.Id).Distinct().Count());
        foreach (var bug in BugBook.All)
        {
            Assert.NotNull(bug.Own ?? ScenarioLibrary.Named(bug.ScenarioName));
            Assert.Null(bug.Broken.Refusal());
            Assert.Null(bug.Repaired.Refusal());
            Assert.NotEqual(bug.Broken, bug.Repaired);
        }

        Assert.Equal(Fixes.All.Select(f => f.Slug), Fixes.All.Select(f => f.Slug).Distinct());
    }

    [Fact]
    public static void A_fix_is_named_by_its_commit_and_by_its_slug()
    {
        Assert.Same(Fixes.KeepDirtyInodes, Fix.Named("2b4eae95c736"));
        Assert.Same(Fixes.KeepDirtyInodes, Fix.Named("rm-dirty-evict"));
    }

    [Fact]
    public static void What_a_release_has_not_got_is_not_taken_out_of_it()
    {
        foreach (var fix in Fixes.All)
        {
            foreach (var release in KernelRelease.All)
            {
                var refusal = new KernelConfiguration { Release = release, Without = [fix] }.Refusal();
                Assert.Equal(fix.IsRemovableFrom(release), refusal == null);
                if (refusal != null)
                    Assert.Contains((release.IsAtLeast(fix.RemovableFrom) ? fix.RemovableTo : fix.RemovableFrom).Name, refusal, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public static void Two_fixes_are_taken_out_as_well_as_one()
    {
        var write = ScenarioLibrary.Named("remove-vs-write")!;
        for (var i = 0; i < Fixes.All.Length; i++)
        {
            var (fix, next) = (Fixes.All[i], Fixes.All[(i + 1) % Fixes.All.Length]);
            var kernel = new KernelConfiguration { Without = [fix, next] };
            Assert.Null(kernel.Refusal());
            var result = Explorer.Run(new SearchPlan(write, kernel) { PreemptionsMax = 0 }, new SearchProgress(null));
            Assert.DoesNotContain(result.Tally.Violations, v => v.Rule == "exception");
        }
    }
}
