using System.Diagnostics;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>Textbook programs with very many traces, each looked at once: the best of several searches by processor time.</summary>
internal static class Reductions
{
    private const int Searches = 5;

    private static readonly (string Name, string Text)[] Programs =
    [
        ("readers(17)", "shared x\nthread writer\n  x = 1\nthread reader * 17\n  r = x\n"),
        ("n_writers(9)", "shared x\nthread t * 9\n  x = id + 1\n"),
        ("ainc(9)", "shared x\nthread t * 9\n  r = fetch_add(x, 1)\n"),
        ("philosophers(14), the last reversed", """
            lock fork[14]
            thread philosopher * 13
              acquire fork[id]
              acquire fork[id + 1]
              release fork[id]
              release fork[id + 1]
            thread last
              acquire fork[0]
              acquire fork[13]
              release fork[13]
              release fork[0]
            """),
    ];

    /// <summary>One of the programs.</summary>
    public static Scenario Named(string name) => Read(Programs.Single(p => p.Name == name).Text);

    /// <summary>A program by its text.</summary>
    public static Scenario Read(string text)
        => ScenarioFile.Load(new Scenarios.Language.Diagnostics("program.scenario", "scenario program\n" + text)).Scenario!;

    public static void Print(TextWriter output)
    {
        output.WriteLine("| program | strategy | complete | blocked | processor seconds | traces/s |");
        output.WriteLine("|---|---|---:|---:|---:|---:|");
        foreach (var (name, text) in Programs)
        {
            foreach (var strategy in StrategyNames.Reducing.Reverse())
            {
                if (strategy == StrategyNames.SleepSets && name.StartsWith('p'))
                    continue;                            // millions of executions in vain
                var (tally, seconds) = Measure(text, strategy);
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {strategy} | {tally.Complete:N0} | {tally.Blocked:N0} | {seconds:0.00} | {tally.Complete / seconds:N0} |"));
            }
        }
    }

    private static (Tally Tally, double Seconds) Measure(string text, string strategy)
    {
        var plan = new SearchPlan(Read(text), new KernelConfiguration()) { Strategy = strategy, PreemptionsMax = null };
        var (tally, least) = (default(Tally), double.MaxValue);
        for (var i = 0; i < Searches; i++)
        {
            using var process = Process.GetCurrentProcess();
            var before = process.TotalProcessorTime;
            tally = Explorer.Run(plan, new SearchProgress(null)).Tally;
            process.Refresh();
            least = Math.Min(least, (process.TotalProcessorTime - before).TotalSeconds);
        }

        return (tally!, least);
    }
}
