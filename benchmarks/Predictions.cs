using System.Globalization;
using Fscrypt.Sim.Cost;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>What Linux took, and what the counts of the model say it takes.</summary>
internal static class Predictions
{
    public static void Print(TextWriter output)
    {
        var (measured, model) = (Measurements.All, CostModel.Linux);
        output.WriteLine("| work | us each |");
        output.WriteLine("|---|---:|");
        foreach (var (work, time) in Work.All.Zip(model.Microseconds))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {work} | {time:N2} |"));
        output.WriteLine();
        output.WriteLine("| unlocked + bystanders | column | measured, ms | predicted, ms | error | left out |");
        output.WriteLine("|---|---|---:|---:|---:|---:|");
        foreach (var one in measured)
        {
            var others = CostModel.Fit([.. measured.Where(m => m != one)]);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {one.Workload} | {one.Column} | {one.Milliseconds:N1} | {model.Predict(one.Counts):N1} | {Percent(model.ErrorOf(one))} | {Percent(others.ErrorOf(one))} |"));
        }

        var errors = measured.Select(m => Math.Abs(model.ErrorOf(m))).ToArray();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{errors.Count(e => e <= 0.25)} of {errors.Length} times are predicted within 25 %; the mean error is {100 * errors.Average():N1} %, the largest {100 * errors.Max():N1} %"));
    }

    /// <summary>Counts anew, for a model that has changed.</summary>
    public static void Count(string path)
    {
        using (var file = File.Create(path + ".part"))
            Measurements.Write(file);
        File.Move(path + ".part", path, overwrite: true);
    }

    private static string Percent(double error) => string.Create(CultureInfo.InvariantCulture, $"{100 * error:+0.0;-0.0;0.0} %");
}
