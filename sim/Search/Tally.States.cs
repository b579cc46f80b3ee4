using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Search;

// A search that keeps states has no executions: it counts final states, and how often each was expected so.
public sealed partial class Tally
{
    /// <summary>What a search that keeps states saw of them; null for others.</summary>
    public StateCounts? States { get; internal set; }

    /// <summary>Counts a final state in which all threads have ended.</summary>
    /// <param name="registers">Its outcome.</param>
    /// <param name="scheduleOf">A schedule that leads there; asked for where it is to be kept, once an outcome.</param>
    internal Outcome CountFinal(Register[] registers, Func<short[]> scheduleOf)
    {
        var outcome = OutcomeOf(registers);
        if (keepsSchedules && outcome.Schedule == null)
            outcome.Keep(scheduleOf());
        return outcome;
    }

    /// <summary>Counts a run that ended in a final state that is new, in a step with a finding, or where it was cut.</summary>
    internal void CountEnd(Simulation simulation, ExecutionEnd end, ReadOnlySpan<short> schedule, int preemptions, int steps)
    {
        if (end == ExecutionEnd.Cut)
            CountCut(simulation.GivenUp);
        CountFound(simulation, schedule, preemptions, steps);
    }

    /// <summary>Counts what was asked at a final state.</summary>
    internal void CountAsked(int expectation, bool was)
    {
        asked[expectation]++;
        held[expectation] += was ? 1 : 0;
    }

    /// <summary>A schedule that leads round in a circle.</summary>
    /// <param name="plan">What it is a schedule of.</param>
    /// <param name="schedule">The way there, once round, and <see cref="Livelock.Stop"/>.</param>
    internal void AddLivelock(SearchPlan plan, short[] schedule)
    {
        using var recording = new Recording(plan, schedule);
        var finding = recording.Finding ?? throw new InternalErrorException(
            $"the schedule {string.Join(',', schedule)} is said to end in a circle, and does not. {recording.Divergence}");
        Violating++;
        Found(finding, schedule, Recording.PreemptionsOf(plan, schedule), schedule.Length - 1);
    }

    /// <summary>Counts a state, or a step, with a finding.</summary>
    internal void CountViolating() => Violating++;

    /// <summary>Counts a step that was not gone on from.</summary>
    internal void CountGivenUp(string why) => givenUp[why] = givenUp.GetValueOrDefault(why) + 1;

    /// <summary>Counts a finding that was seen before.</summary>
    /// <returns>Whether it was; if not it is to be told by <see cref="AddFirst"/>.</returns>
    internal bool CountKnown(string rule, string message)
    {
        if (!violations.TryGetValue((rule, message), out var violation))
            return false;
        violation.AddOne();
        return true;
    }

    /// <summary>A finding that was not seen before.</summary>
    internal void AddFirst(Finding finding, short[] schedule, int preemptions) => Found(finding, schedule, preemptions, schedule.Length);
}

/// <summary>What a search that keeps states saw of them.</summary>
/// <param name="States">Different states of what is shared and of all threads, whichever thread ran last.</param>
/// <param name="Transitions">Different pairs of such a state and a thread that goes on from there.</param>
/// <param name="Deadlocks">Different states in which threads are left that can never go on.</param>
/// <param name="Bytes">What keeping them took, at the end.</param>
/// <param name="AreFingerprints">Whether a state is known by 128 bits only.</param>
public sealed record StateCounts(long States, long Transitions, long Deadlocks, long Bytes, bool AreFingerprints = false)
{
    /// <summary>How many states are to be expected that were taken for another one.</summary>
    public double Collisions => AreFingerprints ? Math.ScaleB((double)States * States, -129) : 0;
}
