using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Search;

/// <summary>What the final states of a program come to: very many executions end in one, which is looked at once.</summary>
internal sealed class ProgramEnds
{
    // Of a program with more final states those are forgotten that came so far, to be looked at again.
    private const int EndsMax = 1 << 16;

    private readonly Register[] registers;
    private readonly Expectation[] expectations;
    private readonly List<ProgramEnd> ends = [];
    private RowTable rows = new();

    /// <summary>No final state yet.</summary>
    public ProgramEnds(ProgramScenario scenario)
    {
        registers = [.. ProgramInstance.NamesOf(scenario.Code).Select(n => new Register(n))];
        expectations = scenario.ExpectationsOf(registers, () => false);
        HasInvariants = expectations.Any(e => e.Frequency == Frequency.Invariant);
    }

    /// <summary>Whether anything is expected of every state.</summary>
    public bool HasInvariants { get; }

    /// <summary>Whether anything that is expected of every state is not so in the one of a machine.</summary>
    public bool BreaksInvariant(ProgramMachine machine)
    {
        ProgramInstance.Collect(machine, registers);
        foreach (var expectation in expectations)
        {
            if (expectation.Frequency == Frequency.Invariant && !expectation.Holds())
                return true;
        }

        return false;
    }

    /// <summary>What the state of a machine comes to, on which all threads have ended.</summary>
    public ProgramEnd Of(ProgramMachine machine)
    {
        if (rows.Count == EndsMax)
        {
            rows = new RowTable();
            ends.Clear();
        }

        var number = rows.NumberOf(machine.State);
        if (number == ends.Count)
            ends.Add(Look(machine));
        return ends[number];
    }

    private ProgramEnd Look(ProgramMachine machine)
    {
        ProgramInstance.Collect(machine, registers);
        var held = new bool[expectations.Length];
        var breaks = false;
        for (var i = 0; i < held.Length; i++)
        {
            held[i] = expectations[i].Holds();
            breaks |= expectations[i].IsBrokenBy(held[i]);
        }

        return new ProgramEnd(Register.HashOf(registers), Outcome.TextOf(registers), held, breaks);
    }
}

/// <summary>What a final state of a program comes to.</summary>
/// <param name="Hash">The outcome as one number.</param>
/// <param name="Registers">The outcome.</param>
/// <param name="Held">Of each expectation whether its condition is so.</param>
/// <param name="Breaks">Whether one is broken.</param>
internal sealed record ProgramEnd(ulong Hash, IReadOnlyList<KeyValuePair<string, string>> Registers, bool[] Held, bool Breaks);
