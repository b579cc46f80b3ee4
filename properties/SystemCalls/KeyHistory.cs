using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>An operation of an execution, and the steps between which it ran.</summary>
/// <param name="Thread">Whose.</param>
/// <param name="Call">The operation, as a line of a scenario.</param>
/// <param name="Answer">What it answered.</param>
/// <param name="Invoked">Steps before it at the most.</param>
/// <param name="Answered">Steps up to its answer.</param>
internal sealed record TimedCall(int Thread, string Call, string Answer, int Invoked, int Answered)
{
    public string[] Words { get; } = Call.Split(' ');

    /// <summary>Whether it ended before another one began.</summary>
    public bool Precedes(TimedCall other) => Answered < other.Invoked;

    public bool Overlaps(TimedCall other) => !Precedes(other) && !other.Precedes(this);

    public override string ToString() => $"[{Invoked},{Answered}] t{Thread}: {Call} = {Answer}";
}

/// <summary>Threads of operations that race, after a set-up.</summary>
/// <param name="Setup">Operations before the race.</param>
/// <param name="Threads">Those of each thread.</param>
public sealed record KeyRace(string[] Setup, string[][] Threads)
{
    /// <summary>The race as a scenario; the answer to operation j of thread i is in the register tij.</summary>
    public override string ToString()
        => $"scenario race\n{KeySpecification.Users}setup\n{string.Concat(Setup.Select(c => $"  {c}\n"))}"
            + string.Concat(Threads.Select((t, i) => $"thread t{i}\n{string.Concat(t.Select((c, j) => $"  {c} -> t{i}{j}\n"))}"));
}

/// <summary>Writes the times of an execution's operations down: the states in which their registers were first set.</summary>
internal sealed class KeyHistory
{
    private readonly KeyRace race;
    private readonly KernelHost host;
    private readonly Register[] registers;
    private readonly int[] answered;

    public KeyHistory(KeyRace race, KernelHost host, Simulation simulation)
    {
        this.race = race;
        this.host = host;
        registers = simulation.Instance.Registers;
        answered = new int[registers.Length];
        host.AtEachState = Look;
    }

    /// <summary>The operations of the execution that has just ended.</summary>
    public TimedCall[] Take()
    {
        Look();
        var history = new List<TimedCall>();
        var register = 0;
        for (var i = 0; i < race.Threads.Length; i++)
        {
            var invoked = 0;
            foreach (var call in race.Threads[i])
            {
                history.Add(new TimedCall(i, call, registers[register].Text, invoked, answered[register]));
                invoked = answered[register++];
            }
        }

        Array.Clear(answered);
        return [.. history];
    }

    private void Look()
    {
        for (var i = 0; i < registers.Length; i++)
        {
            if (answered[i] == 0 && !registers[i].Is("-"))
                answered[i] = host.Steps;
        }
    }
}
