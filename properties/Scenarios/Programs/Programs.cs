using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>What all schedules of a program come to.</summary>
internal sealed class Exploration
{
    /// <summary>All executions, where they were counted.</summary>
    public int Executions { get; set; }

    /// <summary>Executions that came to their end.</summary>
    public int Complete { get; set; }

    /// <summary>Executions that ended in a deadlock.</summary>
    public int Deadlocked { get; set; }

    /// <summary>Executions that were given up.</summary>
    public int Cut { get; set; }

    /// <summary>How often each outcome came, as text.</summary>
    public SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

    /// <summary>The messages of all findings but deadlocks, and of those given up, with their rules.</summary>
    public SortedSet<string> Messages { get; } = new(StringComparer.Ordinal);

    /// <summary>All of it.</summary>
    public override string ToString()
        => $"{Complete} {Deadlocked} {Cut}; {string.Join(", ", Outcomes.Select(o => $"{o.Key}: {o.Value}"))}; {string.Join(", ", Messages)}";

    public void Count(string outcome)
    {
        Complete++;
        Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;
    }

    public void Note(string? rule, string message)
    {
        Cut += rule == null ? 1 : 0;
        Messages.Add($"{rule ?? "cut"}: {message}");
    }
}

/// <summary>Programs, run in several ways.</summary>
internal static class Programs
{
    /// <summary>A program as a scenario of the library.</summary>
    public static Scenario ToScenario(this ProgramCode code, params Func<ProgramInstance, Expectation>[] expectations)
        => new KernelScenario(code.Name, "", kernel =>
        {
            var program = ProgramInstance.Create(kernel.Host, code);
            return new ScenarioInstance
            {
                Threads = program.Threads,
                Registers = program.Registers,
                Collect = program.Collect,
                Expectations = [.. expectations.Select(e => e(program))],
            };
        });

    /// <summary>A part of the outcome by its name, or null.</summary>
    public static Register? RegisterNamed(this ProgramInstance program, string name) => program.Registers.FirstOrDefault(r => r.Name == name);

    /// <summary>All schedules, depth-first on the native engine, or so many of them.</summary>
    public static Exploration Explore(string text, int executionsMax = int.MaxValue)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(-1));
        var program = ProgramInstance.Create(host, ProgramText.Compile(text));
        host.Checkpoint();
        var result = new Exploration();
        do
        {
            host.Restore();
            var ended = host.RunTogether(program.Threads);
            program.Collect();
            if (ended)
                result.Count(OutcomeOf(program));
            else if (host.Finding?.Rule == "deadlock")
                result.Deadlocked++;
            else
                result.Note(host.Finding?.Rule, host.Finding?.Message ?? host.GivenUp!);
        }
        while (++result.Executions < executionsMax && host.Strategy.Next());
        return result;
    }

    /// <summary>All schedules, without any host: by going back to a copy of the state.</summary>
    public static Exploration ExploreDirectly(string text)
    {
        var machine = new ProgramMachine(ProgramText.Compile(text));
        var result = new Exploration();
        var stuck = false;
        for (var thread = 0; thread < machine.Code.Threads.Length; thread++)
            stuck |= machine.Advance(thread) && machine.WaitsForItself(thread);
        GoOn(machine, result, stuck);
        return result;
    }

    /// <summary>The outcome that a program has come to.</summary>
    public static string OutcomeOf(ProgramInstance program)
        => string.Join(' ', program.Registers.Select(r => $"{r.Name}={r.Text}"));

    private static void GoOn(ProgramMachine machine, Exploration result, bool stuck)
    {
        var threads = Enumerable.Range(0, machine.Code.Threads.Length);
        if (machine.Fault is { } fault)
        {
            result.Note(fault.Rule, fault.Message);
            return;
        }

        var enabled = threads.Where(machine.IsEnabled).ToList();
        if (stuck || (enabled.Count == 0 && !threads.All(machine.HasEnded)))
        {
            result.Deadlocked++;
            return;
        }

        if (enabled.Count == 0)
            result.Count(OutcomeOf(machine));
        var before = machine.State.ToArray();
        foreach (var thread in enabled)
        {
            machine.Load(before);
            machine.Step(thread);
            GoOn(machine, result, machine.Advance(thread) && machine.WaitsForItself(thread));
        }
    }

    private static string OutcomeOf(ProgramMachine machine)
    {
        var code = machine.Code;
        var registers = code.Threads.SelectMany((t, i) => t.Registers.Select((_, j) => machine.RegisterOf(i, j)));
        var variables = Enumerable.Range(0, code.Cells).Where(c => code.ObjectOf(c).Kind == SharedKind.Variable).Select(machine.ValueOf);
        return string.Join(' ', ProgramInstance.NamesOf(code).Zip(registers.Concat(variables), (n, v) => $"{n}={v}"));
    }
}
