using System.Collections.Immutable;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Cost;

/// <summary>What something cost in the executions that were looked at.</summary>
/// <param name="Name">What was counted.</param>
/// <param name="Best">The least of one execution.</param>
/// <param name="Worst">The most of one.</param>
/// <param name="Mean">Over all of them.</param>
public sealed record CostRow(string Name, long Best, double Mean, long Worst);

/// <summary>What a design costs in a scenario: the threads of each schedule, without the set-up and the last part.</summary>
/// <param name="Rows">Work, then what a <see cref="CostWatch"/> sees, then locks by class; what never came up is left out.</param>
/// <param name="Executions">Executions that came to their end and were counted.</param>
/// <param name="Broken">Executions that ended with a finding, or were cut: they are not counted.</param>
/// <param name="Finished">Whether these are all schedules within the bound.</param>
/// <param name="BoundWasFelt">Whether the bound left schedules out.</param>
public sealed record ScheduleCosts(ImmutableArray<CostRow> Rows, long Executions, long Broken, bool Finished, bool BoundWasFelt)
{
    /// <summary>Runs one schedule after another, depth-first.</summary>
    /// <param name="scenario">Of which scenario.</param>
    /// <param name="configuration">On which kernel.</param>
    /// <param name="preemptionsMax">Preemptions that a schedule may have.</param>
    /// <param name="executionsMax">Executions after which it ends.</param>
    public static ScheduleCosts Of(Scenario scenario, KernelConfiguration configuration, int preemptionsMax, long executionsMax)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(preemptionsMax)) { StepsMax = SearchPlan.StepsMaxDefault };
        var simulation = new Simulation(scenario, configuration, host);
        var watch = new CostWatch(host);
        host.Cost = watch;
        var columns = Columns(host, watch);
        var values = new long[columns.Length];
        var (least, most, sums) = (new long[columns.Length], new long[columns.Length], new long[columns.Length]);
        Array.Fill(least, long.MaxValue);
        simulation.WhenThreadsEnd = () =>
        {
            watch.End();
            for (var i = 0; i < values.Length; i++)
                values[i] = columns[i].Value();
        };

        var (counted, broken, more) = (0L, 0L, true);
        while (more && counted + broken < executionsMax)
        {
            host.Counters.Reset();
            var end = simulation.Execute();
            more = host.Strategy.Next();
            if (end != ExecutionEnd.Complete)
            {
                broken++;
                continue;
            }

            counted++;
            for (var i = 0; i < values.Length; i++)
            {
                least[i] = Math.Min(least[i], values[i]);
                most[i] = Math.Max(most[i], values[i]);
                sums[i] += values[i];
            }
        }

        var rows = columns.Select((c, i) => new CostRow(c.Name(), least[i], Math.Round((double)sums[i] / Math.Max(1, counted), 3), most[i]));
        return new ScheduleCosts([.. rows.Where(r => r.Worst > 0)], counted, broken, !more, host.Strategy.BoundWasFelt);
    }

    // Names are asked for at the end: a class of locks has one when a lock of it was made.
    private static (Func<string> Name, Func<long> Value)[] Columns(KernelHost host, CostWatch watch) =>
    [
        (() => "steps", () => host.Steps),
        (() => "locks taken", () => host.Counters.LockAcquisitions),
        (() => "longest hold, steps", () => watch.LongestHold),
        .. Work.All.Select(w => ((Func<string>)(() => $"{w}"), (Func<long>)(() => w.Of(host.Counters)))),
        (() => "bystander evicted", () => watch.BystandersEvicted),
        (() => "refault", () => watch.Refaults),
        (() => "secret, copies x steps", () => watch.Exposure),
        .. Enumerable.Range(0, LockClass.Limit).SelectMany(c => ((Func<string>, Func<long>)[])
        [
            (() => $"{host.LockClassName(c)} taken", () => watch.OfClass(c).Taken),
            (() => $"{host.LockClassName(c)} held", () => watch.OfClass(c).LongestHold),
        ]),
    ];
}
