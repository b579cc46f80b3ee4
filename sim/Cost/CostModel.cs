using System.Collections.Immutable;

namespace Fscrypt.Sim.Cost;

/// <summary>What each kind of work takes on Linux: the time of a run is the sum over what the model counted in it.</summary>
/// <param name="Microseconds">Of each of <see cref="Work.All"/> once, 0 or more.</param>
public sealed record CostModel(ImmutableArray<double> Microseconds)
{
    // The sums are convex in the times, so that going down along one time after another ends in the one lowest place.
    private const int RoundsMax = 20_000;
    private const double Settled = 1e-12;

    /// <summary>The times that make the sum of the squares of the relative errors the least, none of them below 0.</summary>
    /// <param name="measurements">What was measured, and counted.</param>
    public static CostModel Fit(IReadOnlyCollection<Measurement> measurements)
    {
        // Row by row: counts / measured time, which should come to 1.
        var size = Work.All.Length;
        var squares = new double[size, size];
        var sums = new double[size];
        foreach (var measurement in measurements)
        {
            for (var i = 0; i < size; i++)
            {
                var share = Share(measurement, i);
                sums[i] += share;
                for (var j = 0; j < size; j++)
                    squares[i, j] += share * Share(measurement, j);
            }
        }

        var times = new double[size];
        for (var round = 0; round < RoundsMax; round++)
        {
            var moved = 0.0;
            for (var i = 0; i < size; i++)
            {
                if (squares[i, i] == 0)
                    continue;
                var rest = sums[i];
                for (var j = 0; j < size; j++)
                    rest -= squares[i, j] * times[j];
                var next = Math.Max(0, times[i] + (rest / squares[i, i]));
                moved = Math.Max(moved, Math.Abs(next - times[i]) * Math.Sqrt(squares[i, i]));
                times[i] = next;
            }

            if (moved < Settled)
                break;
        }

        return new CostModel([.. times]);
    }

    /// <summary>How long a run takes, in milliseconds.</summary>
    /// <param name="counts">How often each of <see cref="Work.All"/> was done.</param>
    public double Predict(ImmutableArray<long> counts) => counts.Zip(Microseconds, (count, time) => count * time / 1000).Sum();

    /// <summary>The error of the prediction of a measurement: 0.25 is a quarter too much.</summary>
    public double ErrorOf(Measurement measurement) => (Predict(measurement.Counts) / measurement.Milliseconds) - 1;

    private static double Share(Measurement measurement, int work) => measurement.Counts[work] / 1000.0 / measurement.Milliseconds;
}
