using System.Globalization;
using Fscrypt.Sim.Model.Eviction;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>What one REMOVE does, counted instead of timed: the same on every computer.</summary>
internal static class CountedWork
{
    public static void Print(TextWriter output)
    {
        output.WriteLine("| design | unlocked | bystanders | locks taken | inodes visited | inodes evicted | bystanders evicted |");
        output.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach (var design in Design.All)
        {
            foreach (var unlocked in new[] { 1_000, 10_000, 100_000 })
            {
                foreach (var bystanders in new[] { 0, 100_000 })
                {
                    var world = new EvictionWorld(design, unlocked, bystanders);
                    var before = world.CachedBystanders;
                    world.Remove();
                    var work = world.Counters;
                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {design} | {unlocked:N0} | {bystanders:N0} | {work.LockAcquisitions:N0} | {work.InodesVisited:N0} | {work.InodesEvicted:N0} | {before - world.CachedBystanders:N0} |"));
                }
            }
        }
    }
}
