using System.Globalization;
using System.Text;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Properties.Scenarios.Programs;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Reduction;
using Path = Fscrypt.Sim.Search.Reduction.Path;

namespace Fscrypt.Sim.Properties.Search.Reduction;

/// <summary>
/// Mazurkiewicz traces of programs, found without a reduction: of every interleaving a text that equivalent ones share.
/// As in a search with reduction, a fault stops its thread only.
/// </summary>
internal sealed class Traces
{
    private readonly ProgramMachine machine;
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly List<short> schedule = [];
    private int left;

    private Traces(ProgramCode code, int interleavingsMax)
    {
        machine = new ProgramMachine(code);
        left = interleavingsMax;
    }

    /// <summary>All traces, or null if there are too many interleavings.</summary>
    public static HashSet<string>? AllOf(string text, int interleavingsMax = int.MaxValue)
    {
        var traces = new Traces(ProgramText.Compile(text), interleavingsMax);
        var stopped = 0UL;
        for (var thread = 0; thread < traces.machine.Code.Threads.Length; thread++)
            stopped |= traces.Advance(thread);
        traces.GoOn(stopped);
        return traces.left > 0 ? traces.known : null;
    }

    /// <summary>The trace of every execution that a reduction looks at to its end, in its order, and how many were blocked.</summary>
    public static (List<string> Traces, int Blocked) LookedAt(string text, string strategy, int stepsMax = 10_000)
    {
        var code = ProgramText.Compile(text);
        var path = new Path(code);
        Reducer reducer = strategy == StrategyNames.Dpor ? new OptimalReduction(path, stepsMax) : new SleepSets(path, stepsMax);
        var (found, blocked) = (new List<string>(), 0);
        while (reducer.Next() is not PathEnd.Exhausted and var end)
        {
            if (end == PathEnd.Blocked)
                blocked++;
            else
                found.Add(TextOf(code, Enumerable.Range(0, path.Length).Select(i => (short)path[i].Thread)));
        }

        return (found, blocked);
    }

    /// <summary>A search through the front door.</summary>
    public static SearchResult Explore(string text, string strategy, bool deadlockIsNone = true, params ExpectationSyntax[] expected)
    {
        var scenario = new ProgramScenario("test", "", ProgramText.Compile(text), [.. expected]) { WithoutRules = deadlockIsNone ? ["deadlock"] : [] };
        var plan = new SearchPlan(scenario, new KernelConfiguration()) { Strategy = strategy, PreemptionsMax = null, TracesOutcomes = true };
        return Explorer.Run(plan, new SearchProgress(null));
    }

    private void GoOn(ulong stopped)
    {
        if (left <= 0)
            return;
        var before = machine.State.ToArray();
        var any = false;
        for (var thread = 0; thread < machine.Code.Threads.Length; thread++)
        {
            machine.Load(before);
            if ((stopped >> thread & 1) != 0 || !machine.IsEnabled(thread))
                continue;
            any = true;
            schedule.Add((short)thread);
            machine.Step(thread);
            GoOn(stopped | Advance(thread));
            schedule.RemoveAt(schedule.Count - 1);
        }

        if (any)
            return;
        left--;
        known.Add(TextOf(machine.Code, schedule));
    }

    // The thread's bit if it had a fault.
    private ulong Advance(int thread)
    {
        var fault = machine.Fault != null || (!machine.Advance(thread) && machine.Fault != null);
        machine.Load(machine.State);
        return fault ? 1UL << thread : 0;
    }

    /// <summary>
    /// Of each cell who touched it, step by step, where those that only read between two writes stand in the order of
    /// their threads; and of each thread how many steps it did. Who swaps or tries without success only reads.
    /// </summary>
    private static string TextOf(ProgramCode code, IEnumerable<short> schedule)
    {
        var machine = new ProgramMachine(code);
        for (var thread = 0; thread < code.Threads.Length; thread++)
        {
            machine.Advance(thread);
            machine.Load(machine.State);
        }

        var numbers = new int[code.Threads.Length];
        var cells = Enumerable.Range(0, code.Cells).Select(_ => (Text: new StringBuilder(), Readers: new SortedSet<string>(StringComparer.Ordinal))).ToArray();
        foreach (var thread in schedule)
        {
            var (kind, cell) = machine.Announced(thread);
            var queues = machine.MustQueue(thread);
            machine.Step(thread);
            var name = string.Create(CultureInfo.InvariantCulture, $"{thread}.{++numbers[thread]}");
            var misused = machine.Fault?.Kind == ProgramFaultKind.LockMisuse;
            var reads = kind is InstructionKind.Read or InstructionKind.Await
                || (kind is InstructionKind.CompareExchange or InstructionKind.TryAcquire && machine.Result == 0);
            if (reads)
            {
                cells[cell].Readers.Add(name);
            }
            else if (!misused)
            {
                cells[cell].Text.AppendJoin(',', cells[cell].Readers).Append(queues ? " q" : " w").Append(name).Append(' ');
                cells[cell].Readers.Clear();
            }

            if (machine.Fault == null)
                machine.Advance(thread);
            machine.Load(machine.State);
        }

        return string.Join("; ", cells.Select(c => c.Text.AppendJoin(',', c.Readers).ToString())) + " | " + string.Join(' ', numbers);
    }
}
