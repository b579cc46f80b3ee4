using System.Globalization;
using System.Runtime.CompilerServices;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Necessity;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Necessity;

/// <summary>
/// Each site that the five removal scenarios reach is needed, idle or explained. What is needed is in Needed.txt, from a run of
/// <c>why</c>: a scenario, the rule that breaks, the fewest preemptions, the site.
/// </summary>
public static class NecessityTests
{
    private static readonly string[] Five = ["remove-vs-open", "remove-vs-unlock", "remove-vs-write", "races/remove-vs-create", "races/remove-vs-list"];

    private static readonly KernelConfiguration Linux = new();

    private static readonly Dictionary<string, (string Scenario, string Rule, int Preemptions)> Needed = Read();

    [Fact]
    public static void Each_site_that_is_reached_is_needed_idle_or_explained()
    {
        var (reached, used) = (new HashSet<SiteKey>(), new HashSet<SiteKey>());
        foreach (var scenario in Five)
        {
            var whole = NecessityTable.SearchWhole(ScenarioOf(scenario), Linux, 1, long.MaxValue).Sites;
            reached.UnionWith(whole.Reached);
            used.UnionWith(whole.Used);
        }

        var open = Site.All.Where(s => reached.Contains(s.Key) && used.Contains(s.Key) && !Needed.ContainsKey(s.Name) && !Survivors.Reasons.ContainsKey(s.Name));
        Assert.Empty(open.Select(s => s.Name));
        Assert.Empty(Needed.Keys.Except(Site.All.Select(s => s.Name)));
        Assert.Empty(Needed.Keys.Intersect(Survivors.Reasons.Keys));
    }

    /// <summary>What breaks at once, which is quick to search, does so still.</summary>
    [Fact]
    public static void What_is_needed_without_a_preemption_is_found()
    {
        foreach (var (site, (scenario, rule, _)) in Needed.Where(n => n.Value.Preemptions == 0))
            Assert.Equal((site, rule), (site, Search(scenario, 0, site).Rule));
    }

    public static TheoryData<string> Redundant => [.. Survivors.Reasons.Where(r => r.Value.Other != null).Select(r => r.Key)];

    [Theory]
    [MemberData(nameof(Redundant))]
    public static void Without_what_does_the_same_something_breaks(string site)
    {
        var other = Survivors.Reasons[site].Other!;
        Assert.NotNull(Search("remove-vs-open", 0, site, other).Rule ?? Search("races/remove-vs-create", 1, site, other).Rule);
    }

    [Theory]
    [InlineData("remove-vs-unlock", "do_add_master_key: fscrypt_add_key_mutex #1", false)]
    [InlineData("remove-vs-unlock", "do_remove_key: mk_sem #1", true)]
    [InlineData("remove-vs-write", "do_remove_key: mk_present", false)]
    [InlineData("remove-vs-write", "fscrypt_drop_inode: dirty", true)]
    public static void What_nobody_else_takes_and_what_comes_out_the_same_is_idle(string scenario, string site, bool isUsed)
    {
        var whole = NecessityTable.SearchWhole(ScenarioOf(scenario), Linux, 1, long.MaxValue).Sites;
        var key = Site.All.Single(s => s.Name == site).Key;
        Assert.True(whole.Reached.Contains(key));
        Assert.Equal(isUsed, whole.Used.Contains(key));
    }

    [Fact]
    public static void The_whole_kernel_breaks_no_sentence()
        => Assert.Empty(NecessityTable.SearchWhole(ScenarioOf("remove-vs-write"), Linux, 1, long.MaxValue).Exceptions);

    private static MutantResult Search(string scenario, int preemptions, params string[] sites)
        => Mutant.Search(
            ScenarioOf(scenario), Linux, new SiteWatch([.. sites.Select(n => Site.All.Single(s => s.Name == n).Key)]), preemptions, long.MaxValue, [],
            new HashSet<string>());

    private static KernelScenario ScenarioOf(string name) => (KernelScenario)ScenarioCatalog.Library.Find(name);

    private static Dictionary<string, (string Scenario, string Rule, int Preemptions)> Read([CallerFilePath] string test = "")
        => File.ReadLines(Path.Combine(Path.GetDirectoryName(test)!, "Needed.txt")).Select(l => l.Split('\t')).ToDictionary(
            f => f[3], f => (f[0], f[1], int.Parse(f[2], CultureInfo.InvariantCulture)), StringComparer.Ordinal);
}
