using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>
/// The same search by one worker and by two, by time and by processor time of the whole process: on a machine that does other
/// work the second says what there is to share.
/// </summary>
internal static class Workers
{
    private const int Searches = 4;

    public static void Print(TextWriter output)
    {
        output.WriteLine("| search | workers | executions | least time | least processor time | processors used then |");
        output.WriteLine("|---|---:|---:|---:|---:|---:|");
        foreach (var (name, plan) in new[]
        {
            ("a program, three threads of 7, 7 and 4 steps", SearchBenchmarks.PlanOf(SearchBenchmarks.Divided, StrategyNames.DepthFirst)),
            ("remove-vs-unlock, at most 3 preemptions", new SearchPlan(ScenarioLibrary.Named("remove-vs-unlock")!, new KernelConfiguration()) { PreemptionsMax = 3 }),
        })
        {
            foreach (var workers in new[] { 1, 2 })
            {
                var (time, processor, executions) = (double.MaxValue, double.MaxValue, 0L);
                for (var i = 0; i < Searches; i++)
                {
                    var (began, used) = (Stopwatch.GetTimestamp(), Used);
                    executions = Explorer.Run(plan with { Workers = workers }, new SearchProgress(null)).Tally.Executions;
                    time = Math.Min(time, Stopwatch.GetElapsedTime(began).TotalSeconds);
                    processor = Math.Min(processor, (Used - used).TotalSeconds);
                }

                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"| {name} | {workers} | {executions:N0} | {time:F2} s | {processor:F2} s | {processor / time:F2} |"));
            }
        }
    }

    private static TimeSpan Used
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.TotalProcessorTime;
        }
    }
}
