using Fscrypt.Sim.Cost;
using Xunit;

namespace Fscrypt.Sim.Properties.Cost;

/// <summary>Times on Linux are those of the model's counts.</summary>
public sealed class CostModelTests
{
    private const double ErrorMax = 0.25;
    private const int FilesMax = 10_000;

    [Fact]
    public void Every_time_is_predicted_within_a_quarter()
    {
        Assert.True(Measurements.All.Length > 70);
        Assert.Empty(Measurements.All.Where(m => Math.Abs(CostModel.Linux.ErrorOf(m)) > ErrorMax)
            .Select(m => $"{m.Workload} {m.Column}: {m.Milliseconds} ms, predicted {CostModel.Linux.Predict(m.Counts):0.0}"));
    }

    [Fact]
    public void The_counts_that_come_with_the_program_are_those_of_the_model()
    {
        var counted = Measurements.All.Where(m => m.Workload.Unlocked + m.Workload.Bystanders <= FilesMax).ToLookup(m => m.Workload);
        Assert.Equal(4, counted.Count);
        foreach (var workload in counted)
        {
            var model = workload.Key.Count().ToDictionary();
            Assert.All(workload, m => Assert.Equal(model[m.Column].ToArray(), m.Counts.ToArray()));
        }
    }

    [Fact]
    public void No_work_takes_less_than_no_time() => Assert.All(CostModel.Linux.Microseconds, t => Assert.InRange(t, 0, 1e6));

    [Fact]
    public void Times_that_are_sums_of_work_are_fitted_exactly()
    {
        var work = Work.All.Length;
        var times = Enumerable.Range(1, work).Select(i => (double)i).ToArray();
        var measured = Enumerable.Range(0, 2 * work).Select(row =>
        {
            long[] counts = [.. Enumerable.Range(0, work).Select(i => i == row % work ? 1000L * (row + 1) : (row * i % 3 * 10L))];
            return new Measurement(new Workload(0, 0, false, 2), "x", counts.Zip(times, (c, t) => c * t / 1000).Sum(), [.. counts]);
        }).ToList();
        Assert.All(CostModel.Fit(measured).Microseconds.Zip(times), p => Assert.Equal(p.Second, p.First, 3));
    }
}
