using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// Where a preemption may come for a rule to be broken: it is moved along its thread, step by step, with everything else
/// left as it is, and each schedule is run.
/// </summary>
/// <param name="Turn">Which turn of the trace ends with the preemption.</param>
/// <param name="Thread">The thread that is preempted.</param>
/// <param name="First">Fewest steps of the turn with which the rule is broken.</param>
/// <param name="Last">Most steps of the turn, without a gap, with which it is broken.</param>
/// <param name="Opens">The step after which the window is open; null if it is open from the turn's beginning.</param>
/// <param name="Closes">The step that closes it; null if it stays open as long as the thread runs.</param>
public sealed record Window(int Turn, int Thread, int First, int Last, TraceStep? Opens, TraceStep? Closes)
{
    /// <summary>The windows of a trace's preemptions, in their order.</summary>
    /// <param name="plan">What the trace was found with.</param>
    /// <param name="trace">The trace.</param>
    public static IReadOnlyList<Window> Of(SearchPlan plan, Trace trace)
    {
        var turns = TurnsOf(trace, out var lengths);
        var windows = new List<Window>();
        for (var i = 0; i < turns.Length; i++)
        {
            if (turns[i].Steps != Search.Turn.AsLongAsItCan)
                windows.Add(new Mover(plan, trace, turns, lengths, i).Move());
        }

        return windows;
    }

    // One that ends with a preemption has its number of steps; the lengths are those of all.
    private static Turn[] TurnsOf(Trace trace, out int[] lengths)
    {
        var turns = new List<Turn>();
        foreach (var thread in trace.Schedule)
        {
            if (turns.Count > 0 && turns[^1].Thread == thread)
                turns[^1] = turns[^1] with { Steps = turns[^1].Steps + 1 };
            else
                turns.Add(new Turn(thread, 1));
        }

        lengths = [.. turns.Select(t => t.Steps)];
        var switches = trace.Steps.Take(trace.Schedule.Count).Where(s => s.Switch != null).Select(s => s.Switch).ToList();
        for (var i = 0; i < turns.Count; i++)
        {
            if (i >= switches.Count || switches[i] != "preempted")
                turns[i] = turns[i] with { Steps = Search.Turn.AsLongAsItCan };
        }

        return [.. turns];
    }

    /// <summary>Moves the preemption that ends one turn.</summary>
    private sealed class Mover(SearchPlan plan, Trace trace, Turn[] turns, int[] lengths, int turn)
    {
        private readonly int thread = turns[turn].Thread;

        // Steps of the thread in its earlier turns, which stay what they are.
        private readonly int before = Enumerable.Range(0, turn).Where(i => turns[i].Thread == turns[turn].Thread).Sum(i => lengths[i]);

        private short[] schedule = [];

        public Window Move()
        {
            var first = lengths[turn];
            while (first > 0 && IsBrokenAfter(first - 1))
                first--;
            var opens = first == 0 ? null : trace.Steps.Where(s => s.Task == thread).ElementAt(before + first - 1);
            var last = lengths[turn];
            while (IsBrokenAfter(last + 1))
            {
                if (Taken() <= last)
                    return new Window(turn, thread, first, last, opens, null);
                last++;
            }

            return new Window(turn, thread, first, last, opens, Taken() <= last ? null : Step(before + last));
        }

        private bool IsBrokenAfter(int steps)
        {
            Turn[] moved = [.. turns];
            moved[turn] = moved[turn] with { Steps = steps };
            var host = new NativeHost<Turns>(new Turns(moved)) { StepsMax = Math.Min(plan.StepsMax, SearchPlan.StepsMaxDefault) };
            var simulation = new Simulation(plan.Scenario, plan.Configuration, host);
            simulation.Execute();
            schedule = host.Schedule.ToArray();
            return simulation.ViolationOf(trace.Rule) != null;
        }

        // Steps that the thread took at a stretch in the turn, in the schedule that was run last.
        private int Taken()
        {
            var start = lengths.Take(turn).Sum();
            var end = start;
            while (end < schedule.Length && schedule[end] == thread)
                end++;
            return end - start;
        }

        private TraceStep? Step(int number)
        {
            using var recording = new Recording(plan, schedule);
            return recording.Steps.Where(s => s.Task == thread).ElementAtOrDefault(number);
        }
    }
}
