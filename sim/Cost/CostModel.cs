using System.Collections.Immutable;

namespace Fscrypt.Sim.Cost;

/// <summary>What each kind of work takes on Linux: the time of a run is the sum over what the model counted in it.</summary>
/// <param name="Microseconds">Of each of <see cref="Work.All"/> once, 0 or more.</param>
public sealed record CostModel(ImmutableArray<double> Microseconds)
{
    private const int SquareRounds = 20_000;
    private const int FourthRounds = 3_000;
    private const double Settled = 1e-10;

    /// <summary>The model fitted to all that was measured.</summary>
    public static CostModel Linux { get; } = Fit(Measurements.All);

    /// <summary>
    /// The times, none of them below 0, that make the sum of the fourth powers of the relative errors the least: more than squares, it
    /// keeps the largest error small. The way to them begins where the sum of the squares is the least.
    /// </summary>
    /// <param name="measurements">What was measured, and counted.</param>
    public static CostModel Fit(IReadOnlyCollection<Measurement> measurements)
    {
        // Row by row: counts by measured time, which times the times of each should come to 1.
        var rows = measurements.Select(m => m.Counts.Select(c => c / 1000.0 / m.Milliseconds).ToArray()).ToArray();
        var times = new double[Work.All.Length];
        Descend(rows, times, SquareRounds, power: 2);
        Descend(rows, times, FourthRounds, power: 4);
        return new CostModel([.. times]);
    }

    /// <summary>How long a run takes, in milliseconds.</summary>
    /// <param name="counts">How often each of <see cref="Work.All"/> was done.</param>
    public double Predict(ImmutableArray<long> counts) => counts.Zip(Microseconds, (count, time) => count * time / 1000).Sum();

    /// <summary>The error of the prediction of a measurement: 0.25 is a quarter too much.</summary>
    public double ErrorOf(Measurement measurement) => (Predict(measurement.Counts) / measurement.Milliseconds) - 1;

    // Newton's steps along one time after another. The sum is convex, so that this ends at its least value.
    private static void Descend(double[][] rows, double[] times, int roundsMax, int power)
    {
        var errors = rows.Select(r => r.Zip(times, (count, time) => count * time).Sum() - 1).ToArray();
        for (var round = 0; round < roundsMax; round++)
        {
            var moved = 0.0;
            for (var i = 0; i < times.Length; i++)
            {
                var (slope, bend) = (0.0, 0.0);
                for (var row = 0; row < rows.Length; row++)
                {
                    var weight = rows[row][i] * (power == 2 ? 1 : errors[row] * errors[row]);
                    slope += weight * errors[row];
                    bend += weight * rows[row][i] * (power - 1);
                }

                if (bend <= 0)
                    continue;
                var change = Math.Max(0, times[i] - (slope / bend)) - times[i];
                times[i] += change;
                for (var row = 0; row < rows.Length; row++)
                    errors[row] += change * rows[row][i];
                moved = Math.Max(moved, Math.Abs(change) * rows.Max(r => r[i]));
            }

            if (moved < Settled)
                return;
        }
    }
}
