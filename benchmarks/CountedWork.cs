using System.Globalization;
using System.Text.Json;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Cost;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>What one REMOVE does, counted instead of timed: the same on every computer.</summary>
internal static class CountedWork
{
    /// <summary>Every design, 1,000 to 100,000 files unlocked among none or 100,000 others, clean or a tenth of them dirty.</summary>
    /// <param name="output">Where the table goes.</param>
    /// <param name="path">Where all of it goes as JSON, a run in a line; null for nowhere.</param>
    public static void Print(TextWriter output, string? path)
    {
        var lines = new List<string>();
        output.WriteLine("| design | unlocked | others | dirty | locks taken | inodes visited | evicted | others evicted | refaults | Linux, ms | after it, ms |");
        output.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var design in Design.All)
        {
            var sizes = from unlocked in new[] { 1_000, 10_000, 100_000 } from bystanders in new[] { 0, 100_000 } from dirty in new[] { 0, 10 }
                select (unlocked, bystanders, dirty);
            foreach (var (unlocked, bystanders, dirty) in sizes)
            {
                var run = SequentialCost.Of(new KernelConfiguration { Design = design }, unlocked, bystanders, dirty);
                lines.Add(JsonSerializer.Serialize(run, ReportJson.Options));
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {run.Design} | {unlocked:N0} | {bystanders:N0} | {dirty} % | {run.Counts["lock taken"]:N0} | {run.Counts["inode visited"]:N0} | {run.Counts["inode evicted"]:N0} | {run.BystandersEvicted:N0} | {run.Refaults:N0} | {run.Milliseconds:N1} | {run.MillisecondsAfter:N1} |"));
            }
        }

        if (path != null)
            File.WriteAllText(path, "[\n" + string.Join(",\n", lines) + "\n]\n");
    }
}
