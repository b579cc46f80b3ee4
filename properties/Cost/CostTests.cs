using System.Xml.Linq;
using Fscrypt.Sim.Cost;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Cost;

/// <summary>What is counted of each design.</summary>
public sealed class CostTests
{
    private const int Files = 20;

    [Theory]
    [InlineData("drop-inode", Files + 1, 0)]
    [InlineData("walk-and-invalidate", Files + 1, 0)]
    [InlineData("drop-caches", Files + 1, Files)]
    [InlineData("drop-cache-ioctl", Files + 1, Files)]
    [InlineData("revoke-only", 0, 0)]
    public void Bystanders_that_are_evicted_are_read_again(string design, int unlocked, int bystanders)
    {
        var run = SequentialCost.Of(new KernelConfiguration { Design = Design.Named(design)! }, Files, Files, dirty: 0);
        Assert.Equal(bystanders, run.BystandersEvicted);
        Assert.Equal(bystanders == 0 ? 0 : bystanders + 1, run.Refaults);          // and their directory
        Assert.Equal(unlocked + run.Refaults, run.Counts["inode evicted"]);
        Assert.Equal(unlocked, run.Counts["key put"]);
    }

    [Fact]
    public void Who_syncs_first_writes_what_is_dirty()
    {
        Assert.Equal(4, Written("drop-inode"));
        Assert.Equal(0, Written("drop-caches-no-sync"));

        static long Written(string design)
            => SequentialCost.Of(new KernelConfiguration { Design = Design.Named(design)! }, Files, Files, dirty: 10).Counts["folio written"];
    }

    [Fact]
    public void The_least_is_no_more_than_the_mean_and_the_mean_no_more_than_the_most()
    {
        var costs = Costs("drop-caches-3");
        Assert.True(costs is { Finished: true, Broken: 0, Executions: > 100 });
        Assert.All(costs.Rows, r => Assert.True(r.Best <= r.Mean && r.Mean <= r.Worst && r.Worst > 0, r.Name));
        Assert.Equal(Row(costs, "locks taken").Mean, costs.Rows.Where(r => r.Name.EndsWith(" taken", StringComparison.Ordinal) && r.Name != "locks taken").Sum(r => r.Mean), 1);
    }

    [Fact]
    public void Schedules_differ_in_bystanders_refaults_and_exposure()
    {
        Assert.DoesNotContain(Costs("drop-inode").Rows, r => r.Name == "bystander evicted");
        var dropped = Costs("drop-caches-3");
        Assert.Equal((0, 1), (Row(dropped, "refault").Best, Row(dropped, "refault").Worst));
        Assert.True(Row(dropped, "secret, copies x steps").Worst > Row(dropped, "secret, copies x steps").Best);
        Assert.True(Row(dropped, "longest hold, steps").Worst > Row(Costs("drop-inode"), "longest hold, steps").Worst);
    }

    [Fact]
    public void The_picture_has_a_line_for_each_design_in_each_panel()
    {
        var runs = (from design in Design.All from unlocked in new[] { 5, 10 } from bystanders in new[] { 0, 5 }
            select SequentialCost.Of(new KernelConfiguration { Design = design }, unlocked, bystanders, dirty: 0)).ToArray();
        var picture = XDocument.Parse(CostPicture.Draw(runs));
        Assert.Equal(2 * Design.All.Length, picture.Descendants().Count(e => e.Name.LocalName == "polyline"));
        Assert.Equal(CostPicture.Draw(runs), CostPicture.Draw(runs));
    }

    private static ScheduleCosts Costs(string design)
        => ScheduleCosts.Of(ScenarioLibrary.Named("remove-vs-open")!, new KernelConfiguration { Design = Design.Named(design)! }, preemptionsMax: 1, 10_000);

    private static CostRow Row(ScheduleCosts costs, string name) => costs.Rows.Single(r => r.Name == name);
}
