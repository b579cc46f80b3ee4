using System.Collections.Immutable;
using System.Text.Json;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Cost;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Properties.Documents;
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
        Assert.Equal(Row(costs, "locks taken").Mean, costs.Rows.Where(r => r.Name.EndsWith(" taken", StringComparison.Ordinal) && r.Name != "lock taken").Sum(r => r.Mean), 1);
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
    public void The_picture_is_that_of_the_counts()
    {
        var results = Path.Combine(KernelMapTests.Root(), "benchmarks", "results");
        var runs = JsonSerializer.Deserialize<SequentialCost[]>(File.ReadAllText(Path.Combine(results, "counted.json")), ReportJson.Options)!;
        Assert.Equal(Design.All.Length * 12, runs.Length);
        Assert.Equal(File.ReadAllText(Path.Combine(results, "counted.svg")), CostPicture.Draw(runs));
    }

    [Fact]
    public void The_smallest_runs_that_are_written_down_are_those_of_the_model()
    {
        var results = Path.Combine(KernelMapTests.Root(), "benchmarks", "results", "counted.json");
        var written = File.ReadLines(results).Where(l => l.Contains("\"unlocked\":1000,\"bystanders\":0,", StringComparison.Ordinal)).Select(l => l.TrimEnd(',')).ToImmutableArray();
        Assert.Equal(Design.All.Length * 2, written.Length);
        Assert.All(Design.All.SelectMany(d => new[] { (d, 0), (d, 10) }).Zip(written), pair => Assert.Equal(
            pair.Second,
            JsonSerializer.Serialize(SequentialCost.Of(new KernelConfiguration { Design = pair.First.d }, 1000, 0, pair.First.Item2), ReportJson.Options)));
    }

    private static ScheduleCosts Costs(string design)
        => ScheduleCosts.Of(ScenarioLibrary.Named("remove-vs-open")!, new KernelConfiguration { Design = Design.Named(design)! }, preemptionsMax: 1, 10_000);

    private static CostRow Row(ScheduleCosts costs, string name) => costs.Rows.Single(r => r.Name == name);
}
