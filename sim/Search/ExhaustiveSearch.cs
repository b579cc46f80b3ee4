using System.Globalization;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>
/// All schedules without any preemption, then all with at most one, and so on: what is found has the fewest preemptions
/// there are, and all schedules of that bound are looked at, so that the smallest of them is reported.
/// </summary>
internal sealed class ExhaustiveSearch : IDisposable
{
    private readonly SearchPlan plan;
    private readonly IReadOnlyList<Expectation> expectations;
    private readonly SearchProgress progress;
    private readonly Interruption interruption;
    private readonly Division division;
    private readonly long deadline;
    private readonly bool divides;
    private int bound;                                   // -1 for none
    private long left;                                   // executions
    private Tally? complete;                             // of the largest bound that was searched to its end
    private Coverage covered;
    private Tally counted;                               // of this bound, so far
    private List<DepthFirst.Part> parts;
    private bool isWhole;                                // whether it is one part
    private bool isPrefix = true;                        // whether a search of so many executions would come to the same

    public ExhaustiveSearch(
        SearchPlan plan, IReadOnlyList<Expectation> expectations, SearchProgress progress, Interruption interruption, long deadline)
    {
        this.plan = plan;
        this.expectations = expectations;
        this.progress = progress;
        this.interruption = interruption;
        this.deadline = deadline;
        // A budget ends a search after the first so many executions: those of one worker.
        var workers = plan is { ExecutionsMax: null, TimeMax: null, PointsAll: false } ? plan.Workers : 1;
        divides = workers > 1 || plan.Shard != null;
        division = new Division(plan, workers, progress, interruption);
        left = plan.ExecutionsMax ?? long.MaxValue;
        counted = division.NewTally();
        parts = [];
    }

    public void Dispose() => division.Dispose();

    /// <summary>Carries out the plan, or what an earlier search has left of it.</summary>
    public SearchResult Run()
    {
        if (interruption.From is { } from)
            Read(from);
        else
            // All shards look at the same schedules, whatever any of them finds: at those of the largest bound.
            Begin(plan.PreemptionsMax is not { } most ? -1 : plan.Shard == null ? 0 : most);
        for (; ; Begin(bound + 1))
        {
            division.Prepare(parts);
            progress.Begin(() => division.Fraction);
            while (!Search())
            {
                interruption.Save(Write);
                if (interruption.IsStopped || !division.Paused)
                    return Partial();
            }

            left -= counted.Executions;
            (complete, covered) = (counted, new Coverage(true, division.BoundWasFelt ? bound : null));
            var isLast = !division.BoundWasFelt || bound == plan.PreemptionsMax || (counted.Violating > 0 && !plan.RunOn);
            if (isLast || left <= 0)
                return new SearchResult(plan, counted, covered, budgetSpent: !isLast, expectations) { IsPrefix = isPrefix };
        }
    }

    private void Begin(int preemptionsMax)
    {
        bound = preemptionsMax;
        counted = division.NewTally();
        division.BoundWasFelt = false;
        parts = [DepthFirst.Part.Whole];
        isWhole = true;
        if (!divides)
            return;
        if (division.Beginnings(bound) is { } beginnings)
            (parts, isWhole, isPrefix) = (beginnings, false, false);
        else
            RefuseShard();
    }

    // Whether all of the bound was searched.
    private bool Search()
    {
        progress.Stage = bound < 0 ? "" : $"at most {bound} preemptions";
        parts = division.Run(bound, parts, counted, left == long.MaxValue ? left : left - counted.Executions, deadline);
        if (parts.Count == 0)
            return true;
        if (!division.IsEndless || isWhole)
            return false;
        // How far the parts came depends on their number: it ends where it does without any.
        RefuseShard();
        counted = division.NewTally();
        division.BoundWasFelt = false;
        (parts, isWhole) = ([DepthFirst.Part.Whole], true);
        return Search();
    }

    private void RefuseShard()
    {
        if (plan.Shard != null)
        {
            throw new ScenarioException(string.Create(
                CultureInfo.InvariantCulture,
                $"--shard: executions of {plan.Scenario.Name} go on for {plan.StepsMax:N0} steps: they are not divided"));
        }
    }

    private SearchResult Partial()
    {
        complete?.AddUnseen(counted);
        return new SearchResult(plan, complete ?? counted, covered, budgetSpent: true, expectations)
        {
            Interrupted = interruption.IsStopped, IsPrefix = isPrefix,
        };
    }

    private void Write(BinaryWriter to)
    {
        to.Write(bound);
        to.Write(left);
        to.Write(covered.PreemptionsMax ?? -1);
        to.Write(complete != null);
        complete?.Write(to);
        counted.Write(to);
        to.Write(division.BoundWasFelt);
        to.Write(isWhole);
        to.Write(isPrefix);
        to.Write(division.Weight);
        to.Write(parts.Count);
        foreach (var part in parts)
        {
            to.Write(part.Fixed);
            to.WriteRow<DepthFirst.Decision>(part.Given);
        }
    }

    private void Read(BinaryReader from)
    {
        bound = from.ReadInt32();
        left = from.ReadInt64();
        var least = from.ReadInt32();
        if (from.ReadBoolean())
        {
            complete = division.NewTally();
            complete.Read(from);
            covered = new Coverage(true, least < 0 ? null : least);
        }

        counted.Read(from);
        division.BoundWasFelt = from.ReadBoolean();
        isWhole = from.ReadBoolean();
        isPrefix = from.ReadBoolean();
        division.Weight = from.ReadDouble();
        for (var count = from.ReadInt32(); count > 0; count--)
        {
            var given = from.ReadInt32();
            parts.Add(new DepthFirst.Part(from.ReadRow<DepthFirst.Decision>(), given));
        }
    }
}
