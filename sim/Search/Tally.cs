using System.Runtime.InteropServices;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

/// <summary>
/// What a number of executions came to. Counting allocates nothing for an execution like one before it. Two tallies add up
/// to the same sum in either order, so the result of a search does not depend on who did which part of it.
/// </summary>
public sealed partial class Tally
{
    private readonly Dictionary<ulong, Outcome> outcomes = [];
    private readonly Dictionary<(string Rule, string Message), Violation> violations = [];
    private readonly SortedDictionary<string, long> givenUp = new(StringComparer.Ordinal);
    private readonly long[] held;
    private readonly long[] asked;
    private readonly bool keepsSchedules;

    /// <summary>An empty tally.</summary>
    /// <param name="expectations">How many expectations the scenario has.</param>
    /// <param name="keepsSchedules">Whether to keep the smallest schedule of each outcome.</param>
    public Tally(int expectations, bool keepsSchedules = false)
    {
        held = new long[expectations];
        asked = new long[expectations];
        this.keepsSchedules = keepsSchedules;
    }

    /// <summary>Executions that came to their end, or ended with a finding that is no deadlock.</summary>
    public long Complete { get; private set; }

    /// <summary>Executions in which threads were left that could not go on.</summary>
    public long Deadlocked { get; private set; }

    /// <summary>Executions that were cut at the limit of steps, and those that were given up.</summary>
    public long Cut { get; private set; }

    /// <summary>Executions that were given up, by the reason.</summary>
    public IReadOnlyDictionary<string, long> GivenUp => givenUp;

    /// <summary>Executions that were given up because all that could run was looked at already.</summary>
    public long Blocked { get; private set; }

    /// <summary>The same where a program waits, for which no reduction promises to be optimal.</summary>
    public long AwaitBlocked { get; private set; }

    /// <summary>All executions.</summary>
    public long Executions => Complete + Deadlocked + Cut + Blocked + AwaitBlocked;

    /// <summary>Executions with a finding.</summary>
    public long Violating { get; private set; }

    /// <summary>Executions that came to their end: those that have an outcome.</summary>
    public long Ended { get; private set; }

    /// <summary>Steps of all executions.</summary>
    public long Steps { get; private set; }

    /// <summary>For each expectation the executions at whose end its condition was so.</summary>
    public ReadOnlySpan<long> Held => held;

    /// <summary>For each expectation the executions that it was asked of.</summary>
    public ReadOnlySpan<long> Asked => asked;

    /// <summary>The outcomes: the most frequent first, then by text.</summary>
    public IReadOnlyList<Outcome> Outcomes =>
        [.. outcomes.Values.OrderByDescending(o => o.Count).ThenBy(o => o.ToString(), StringComparer.Ordinal)];

    /// <summary>What was found: the fewest preemptions first, then the smallest schedule, then by name.</summary>
    public IReadOnlyList<Violation> Violations =>
    [
        .. violations.Values.OrderBy(v => v.PreemptionsFewest).ThenBy(v => v, Comparer<Violation>.Create(Violation.BySchedule))
            .ThenBy(v => v.Rule, StringComparer.Ordinal).ThenBy(v => v.Message, StringComparer.Ordinal),
    ];

    /// <summary>Counts an execution that has just ended.</summary>
    /// <param name="simulation">Where it ran.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="schedule">Who ran at each step.</param>
    /// <param name="preemptions">Preemptions in it.</param>
    /// <param name="steps">Steps of it.</param>
    public void Count(Simulation simulation, ExecutionEnd end, ReadOnlySpan<short> schedule, int preemptions, int steps)
    {
        Steps += steps;
        if (end == ExecutionEnd.Cut)
            CountCut(simulation.GivenUp);
        else if (simulation.WasDeadlock)
            Deadlocked++;
        else
            Complete++;
        CountFound(simulation, schedule, preemptions, steps);
    }

    /// <summary>Counts an execution of a program that came to its end, as others did before, and breaks nothing.</summary>
    /// <param name="end">Its end.</param>
    /// <param name="schedule">Who ran at each step.</param>
    internal void CountEnd(ProgramEnd end, ReadOnlySpan<short> schedule)
    {
        Steps += schedule.Length;
        Complete++;
        Ended++;
        ref var outcome = ref CollectionsMarshal.GetValueRefOrAddDefault(outcomes, end.Hash, out _);
        outcome ??= new Outcome(end.Registers);
        outcome.Count++;
        if (keepsSchedules)
            outcome.Keep(schedule);
        for (var i = 0; i < held.Length; i++)
        {
            asked[i]++;
            held[i] += end.Held[i] ? 1 : 0;
        }
    }

    private void CountFound(Simulation simulation, ReadOnlySpan<short> schedule, int preemptions, int steps)
    {
        var finding = simulation.Violation;
        if (finding != null)
        {
            Violating++;
            Found(finding, schedule, preemptions, steps);
        }

        if (simulation.Ended)
            CountOutcome(simulation.Instance.Registers, schedule).Broken += finding == null ? 0 : 1;
        for (var i = 0; i < held.Length; i++)
        {
            if (!simulation.Asks(i))
                continue;
            asked[i]++;
            held[i] += simulation.Held[i] ? 1 : 0;
            var expectation = simulation.Instance.Expectations[i];
            if (expectation.IsBrokenBy(simulation.Held[i]) && expectation.Name != finding?.Rule)
                Found(expectation.Finding(), schedule, preemptions, steps);
        }
    }

    /// <summary>Counts an execution that was given up because all that could run was looked at already.</summary>
    /// <param name="await">Whether the program waits, and the search has no others of this kind.</param>
    /// <param name="steps">Steps of it.</param>
    public void CountBlocked(bool await, int steps)
    {
        Blocked += await ? 0 : 1;
        AwaitBlocked += await ? 1 : 0;
        Steps += steps;
    }

    /// <summary>Adds what another tally counted.</summary>
    public void Add(Tally other)
    {
        Complete += other.Complete;
        Deadlocked += other.Deadlocked;
        Cut += other.Cut;
        Blocked += other.Blocked;
        AwaitBlocked += other.AwaitBlocked;
        Violating += other.Violating;
        Ended += other.Ended;
        Steps += other.Steps;
        for (var i = 0; i < held.Length; i++)
        {
            held[i] += other.held[i];
            asked[i] += other.asked[i];
        }

        foreach (var (why, count) in other.givenUp)
            givenUp[why] = givenUp.GetValueOrDefault(why) + count;
        foreach (var (hash, outcome) in other.outcomes)
        {
            if (!outcomes.TryAdd(hash, outcome))
                outcomes[hash].Add(outcome);
        }

        foreach (var (key, violation) in other.violations)
        {
            if (!violations.TryAdd(key, violation))
                violations[key].Add(violation);
        }
    }

    /// <summary>Adds what only another tally found, without counting its executions.</summary>
    public void AddUnseen(Tally other)
    {
        foreach (var (key, violation) in other.violations)
            violations.TryAdd(key, violation);
    }

    private void CountCut(string? why)
    {
        Cut++;
        if (why != null)
            givenUp[why] = givenUp.GetValueOrDefault(why) + 1;
    }

    private Outcome CountOutcome(Register[] registers, ReadOnlySpan<short> schedule)
    {
        var outcome = OutcomeOf(registers);
        if (keepsSchedules)
            outcome.Keep(schedule);
        return outcome;
    }

    private Outcome OutcomeOf(Register[] registers)
    {
        Ended++;
        ref var outcome = ref CollectionsMarshal.GetValueRefOrAddDefault(outcomes, Register.HashOf(registers), out _);
        outcome ??= new Outcome(Outcome.TextOf(registers));
        outcome.Count++;
        return outcome;
    }

    private void Found(Finding finding, ReadOnlySpan<short> schedule, int preemptions, int steps)
    {
        if (finding.Exception != null)
        {
            throw new InternalErrorException(
                $"the model threw, in the schedule {string.Join(',', schedule.ToArray())}: {finding.Message}", finding.Exception);
        }

        ref var violation = ref CollectionsMarshal.GetValueRefOrAddDefault(violations, (finding.Rule, finding.Message), out _);
        if (violation == null)
            violation = new Violation(finding, schedule, preemptions, steps);
        else
            violation.Add(schedule, preemptions, steps);
    }
}

/// <summary>Executions that ended with the same results.</summary>
/// <param name="registers">The results by name, in the scenario's order.</param>
public sealed class Outcome(IReadOnlyList<KeyValuePair<string, string>> registers)
{
    /// <summary>The results by name, in the scenario's order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Registers { get; } = registers;

    /// <summary>How many executions, or final states.</summary>
    public long Count { get; internal set; }

    /// <summary>How many of them break a rule, or an expectation.</summary>
    public long Broken { get; internal set; }

    /// <summary>The smallest schedule among them; null if it was not kept.</summary>
    public short[]? Schedule { get; private set; }

    /// <summary>The results as text.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> TextOf(Register[] registers)
        => [.. registers.Select(r => KeyValuePair.Create(r.Name, r.Text))];

    internal void Keep(ReadOnlySpan<short> schedule)
    {
        if (Schedule == null || Violation.Compare(schedule, Schedule) < 0)
            Schedule = schedule.ToArray();
    }

    internal void Write(BinaryWriter to)
    {
        to.Write(Registers.Count);
        foreach (var (name, value) in Registers)
        {
            to.Write(name);
            to.Write(value);
        }

        to.Write(Count);
        to.Write(Broken);
        to.Write(Schedule != null);
        if (Schedule != null)
            to.WriteRow<short>(Schedule);
    }

    internal static Outcome Read(BinaryReader from)
    {
        var registers = new KeyValuePair<string, string>[from.ReadInt32()];
        for (var i = 0; i < registers.Length; i++)
            registers[i] = new(from.ReadString(), from.ReadString());
        return new Outcome(registers) { Count = from.ReadInt64(), Broken = from.ReadInt64(), Schedule = from.ReadBoolean() ? from.ReadRow<short>() : null };
    }

    internal void Add(Outcome other)
    {
        Count += other.Count;
        Broken += other.Broken;
        if (other.Schedule != null)
            Keep(other.Schedule);
    }

    public override string ToString() => string.Join(' ', Registers.Select(r => $"{r.Key}={r.Value}"));
}
