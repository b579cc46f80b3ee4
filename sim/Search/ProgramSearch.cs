using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Search;

/// <summary>
/// A depth-first search of a program of shared variables: what it is on any machine, but that executions are not run from
/// the start (<see cref="Backtracking"/>). Those in which something is found run on the machine of the model as well, and so
/// does one in a thousand: it would notice if the two were not of one mind.
/// </summary>
internal sealed class ProgramSearch : NativeSearch<DepthFirst>
{
    private readonly Backtracking path;
    private readonly ProgramEnds ends;

    /// <summary>A search of a program.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="scenario">The plan's scenario.</param>
    /// <param name="progress">To be told how far it is.</param>
    public ProgramSearch(SearchPlan plan, ProgramScenario scenario, SearchProgress progress)
        : base(plan, progress)
    {
        ends = new ProgramEnds(scenario);
        path = new Backtracking(
            scenario.Code, plan.StepsMax, !scenario.WithoutRules.Contains("deadlock"), ends.HasInvariants ? ends.BreaksInvariant : null);
    }

    protected override ExecutionEnd Execute(Tally tally, long number)
    {
        if (number == 0)
            path.Reset();
        var end = path.Run(ref Host.Strategy) ? ends.Of(path.Machine) : null;
        if (end is { Breaks: false } && number % StandingCheck.Interval != 0)
        {
            tally.CountEnd(end, path.Schedule);
            return ExecutionEnd.Complete;
        }

        var same = base.Execute(tally, number);
        if (end == null ? !Host.Schedule.StartsWith(path.Schedule)
            : !Simulation.Ended || Simulation.OutcomeHash() != end.Hash || Host.Preemptions != path.Preemptions
                || !Host.Schedule.SequenceEqual(path.Schedule) || end.Breaks != (same == ExecutionEnd.Violated))
        {
            throw new InternalErrorException(
                $"execution {number} of a program, run on a machine of the model, was another one: {string.Join(',', path.Schedule.ToArray())}, "
                + $"and there {string.Join(',', Host.Schedule.ToArray())}");
        }

        return same;
    }
}
