using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance.KernelTests;

/// <summary>When a system call of a trace began and ended.</summary>
/// <param name="Begin">Its first step; one that did nothing began in the step in which the one before it ended.</param>
/// <param name="End">Its last step; <see cref="int.MaxValue"/> if it did not come to its end.</param>
internal readonly record struct CallTime(int Begin, int End);

/// <summary>
/// Which system calls of a trace were before which. A trace tells steps of functions. Where calls begin and end is seen by running
/// its schedule once more, with a register for each call of each thread: it is set in the last step of the call. Who keeps results
/// changes no step.
/// </summary>
internal sealed class CallOrder : IStepObserver
{
    private readonly KernelHost host;
    private readonly Register[][] registers;
    private readonly int[] done;
    private readonly List<CallTime>[] times;
    private readonly int[] begins;
    private int last;

    /// <summary>Runs a schedule of a race.</summary>
    /// <param name="race">The race.</param>
    /// <param name="syntax">Its scenario: what the kernel does by itself is a part of the schedule.</param>
    /// <param name="trace">The schedule.</param>
    /// <param name="plan">The kernel.</param>
    public CallOrder(Race race, ScenarioSyntax syntax, Trace trace, SearchPlan plan)
    {
        var file = ScenarioFile.Load(new Diagnostics(race.Scenario.Name, TextOf(race, syntax)));
        var scenario = file.Scenario ?? throw new InternalErrorException($"a scenario with a register for each call is none: {file.Diagnostics.Format()}{file.MissingText}");
        host = new RecordingHost([.. trace.Schedule]) { StepsMax = plan.StepsMax };
        var simulation = new Simulation(scenario with { OnlyRules = plan.Scenario.OnlyRules }, plan.Configuration, host);
        Register Of(string name) => simulation.Instance.Registers.Single(r => r.Name == name);
        registers = [.. race.Threads.Select((t, i) => t.Select((_, n) => Of(NameOf(i, n))).ToArray())];
        done = new int[registers.Length];
        begins = new int[registers.Length];
        times = [.. registers.Select(_ => new List<CallTime>())];
        host.Observer = this;
        simulation.Execute();
        host.Observer = null;
        Look();
        for (var i = 0; i < times.Length; i++)
        {
            if (begins[i] > 0)
                times[i].Add(new CallTime(begins[i], int.MaxValue));
        }

        // As registers are set: the set-up's, those of the threads when their calls end, and those of the last part.
        var results = new string[race.Registers.Count];
        Array.Fill(results, "-");
        foreach (var (step, name) in race.Setup.Select((s, n) => (s, NameOf(registers.Length, n)))
            .Concat(race.Threads.SelectMany((t, i) => t.Select((s, n) => (s, Name: NameOf(i, n), At: TimeOf(i, n).End))).OrderBy(c => c.At).Select(c => (c.s, c.Name)))
            .Concat(race.Finally.Select((s, n) => (s, NameOf(registers.Length + 1, n)))))
        {
            if (step.Register >= 0)
                results[step.Register] = Of(name).Text;
        }

        Results = simulation.Ended ? results : null;
    }

    /// <summary>The text of each register at the end; null if the execution ended before.</summary>
    public IReadOnlyList<string>? Results { get; }

    /// <summary>When a call was; one that was not come to is after all others.</summary>
    public CallTime TimeOf(int thread, int call) => call < times[thread].Count ? times[thread][call] : new CallTime(int.MaxValue, int.MaxValue);

    /// <summary>How many calls of a thread had begun before a call of another one began.</summary>
    public int BegunBefore(int thread, CallTime call) => times[thread].Count(t => t.Begin < call.Begin);

    /// <summary>How many were over before it began.</summary>
    public int EndedBefore(int thread, CallTime call) => times[thread].Count(t => t.End < call.Begin);

    void IStepObserver.OnStep(KernelThread thread, in Operation operation) => Begin(thread);

    void IStepObserver.OnQueue(KernelThread thread, in Operation operation) => Begin(thread);

    void IStepObserver.OnApplied(KernelThread thread, in Operation operation, long result)
    {
    }

    void IStepObserver.OnAccess(KernelThread thread, KernelObject owner, ushort offset, bool write)
    {
    }

    void IStepObserver.OnFinding(Finding finding)
    {
    }

    private void Begin(KernelThread thread)
    {
        Look();
        last = host.Steps;
        if (thread.Index < registers.Length && done[thread.Index] < registers[thread.Index].Length && begins[thread.Index] == 0)
            begins[thread.Index] = last;
    }

    // What was set since the last step was set in it.
    private void Look()
    {
        for (var i = 0; i < registers.Length; i++)
        {
            while (done[i] < registers[i].Length && !registers[i][done[i]].Is("-"))
            {
                times[i].Add(new CallTime(begins[i] > 0 ? begins[i] : last, last));
                begins[i] = 0;
                done[i]++;
            }
        }
    }

    private static string NameOf(int body, int call) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"o{body}_{call}");

    private static string TextOf(Race race, ScenarioSyntax syntax)
    {
        List<string> lines = ["scenario order"];
        lines.AddRange(syntax.Users.Select(u => string.Join(' ', ["user", u.Name.Text, u.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), .. u.Capabilities.Select(c => c.Text)])));
        lines.AddRange(syntax.Backgrounds.Select(b => FormattableString.Invariant($"background {b.Name} at most {b.AtMost}")));
        lines.AddRange(syntax.Faults.Select(f => $"fault {f.Error} in {f.Operation}" + (f.AtMost is { } most ? FormattableString.Invariant($" at most {most}") : "")));
        lines.AddRange(syntax.WithoutRules.Select(r => $"without rule {r}"));
        void Body(string header, IReadOnlyList<RaceStep> steps, int body)
        {
            if (steps.Count > 0)
                lines.Add(header);
            lines.AddRange(steps.Select((s, n) => $"  {s.Step.Text} -> {NameOf(body, n)}"));
        }

        Body("setup", race.Setup, race.Threads.Count);
        for (var i = 0; i < race.Threads.Count; i++)
            Body(FormattableString.Invariant($"thread t{i}"), race.Threads[i], i);
        Body("finally", race.Finally, race.Threads.Count + 1);
        return string.Join('\n', lines) + "\n";
    }
}
