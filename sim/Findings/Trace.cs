using Fscrypt.Sim.Scenarios;
using System.Text.Json.Serialization;

namespace Fscrypt.Sim.Findings;

/// <summary>
/// One execution, step by step, and what was found in it. All that is shown of a finding is derived from its trace, and
/// the schedule in it gives the same execution again on the same version of the model.
/// </summary>
/// <param name="Format">Which fields there are.</param>
/// <param name="Model">The version of the model.</param>
/// <param name="Scenario">The scenario's name.</param>
/// <param name="ScenarioText">The file it is written in; null if it is written in C#.</param>
/// <param name="Design">What REMOVE does with the key's inodes; null if the scenario has no kernel.</param>
/// <param name="Release">The release around it, or null.</param>
/// <param name="Without">Fixes taken out.</param>
/// <param name="Fs">The file system, or null.</param>
/// <param name="Points"><c>all</c> if every release was a scheduling point, otherwise <c>coarse</c>.</param>
/// <param name="Rule">The rule that is broken; <c>outcome-N</c> in the trace of the N-th outcome.</param>
/// <param name="Verdict"><c>violated</c>, or <c>outcome</c>.</param>
/// <param name="Finding">What was found, and where.</param>
/// <param name="Engine">The engine that found it.</param>
/// <param name="Strategy">The strategy that found it.</param>
/// <param name="Seed">What the strategy drew from.</param>
/// <param name="StepsMax">Steps after which an execution is cut.</param>
/// <param name="Preemptions">Switches away from a thread that could go on.</param>
/// <param name="Schedule">The task of each step, and the outcome of each choice of data, in their order.</param>
/// <param name="Tasks">The names of the tasks; their numbers are their places.</param>
/// <param name="Steps">The steps, those of the last part included.</param>
/// <param name="Rules">The only rules that were checked; null if all were.</param>
public sealed record Trace(
    string Format,
    int Model,
    string Scenario,
    string? ScenarioText,
    string? Design,
    string? Release,
    IReadOnlyList<string> Without,
    string? Fs,
    string Points,
    string Rule,
    string Verdict,
    TraceFinding Finding,
    string Engine,
    string Strategy,
    ulong Seed,
    int StepsMax,
    int Preemptions,
    IReadOnlyList<short> Schedule,
    IReadOnlyList<string> Tasks,
    IReadOnlyList<TraceStep> Steps,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Rules = null)
{
    /// <summary>The <see cref="Format"/> that this program writes.</summary>
    public const string CurrentFormat = "fscrypt-sim-trace-2";

    /// <summary>The <see cref="Verdict"/> of the trace of an outcome.</summary>
    public const string OutcomeVerdict = "outcome";

    /// <summary>The first task of the last part, which runs after all others; one more than there are if there is no last part.</summary>
    [JsonIgnore]
    public int LastPart
    {
        get
        {
            for (var task = 0; task < Tasks.Count; task++)
            {
                if (Tasks[task] == ScenarioInstance.LastPartName)
                    return task;
            }

            return Tasks.Count;
        }
    }

    /// <summary>What to call the trace's file: the same finding, the same name.</summary>
    public string FileName
        => string.Join('-', new[] { Scenario, Design, Release, Fs == "ext4" ? null : Fs }.Concat(Without.Select(w => "without-" + w)).Append(Rule)
                .OfType<string>().Select(Plain))
            + ".trace.json";

    /// <summary>The kernel that it ran on, in words.</summary>
    public string KernelText => Design == null ? "no kernel"
        : $"design {Design}, release {Release}, fs {Fs}" + (Without.Count == 0 ? "" : $", without {string.Join(", ", Without)}");

    // A rule may be the condition of an expectation, and a name in the library has a folder.
    private static string Plain(string text)
        => string.Join('-', new string([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>What was found.</summary>
/// <param name="Message">One sentence.</param>
/// <param name="Task">The task that was running, or -1 at the end of the execution.</param>
/// <param name="Step">Steps up to then.</param>
/// <param name="Object">The object that it is about, if it is about one.</param>
/// <param name="Places">Where in the kernel: what found it first.</param>
public sealed record TraceFinding(string Message, int Task, int Step, string? Object, IReadOnlyList<TracePlace> Places);

/// <summary>A moment of a task: the functions that it was in.</summary>
/// <param name="What">What happened there.</param>
/// <param name="Task">The task, or -1 for the set-up.</param>
/// <param name="Step">The step, or 0 for the set-up.</param>
/// <param name="Functions">The functions, the innermost first.</param>
public sealed record TracePlace(string What, int Task, int Step, IReadOnlyList<TraceFunction> Functions);

/// <summary>A function of the model.</summary>
/// <param name="Function">Its name: type and method.</param>
/// <param name="Kernel">The function of the kernel that it stands for, or null.</param>
public sealed record TraceFunction(string Function, KernelFunction? Kernel)
{
    /// <summary>The shorter name: the kernel's if there is one.</summary>
    public string Name => Kernel?.Function ?? Function;
}

/// <summary>A function of the kernel.</summary>
/// <param name="File">Its file, from the root of the kernel's tree.</param>
/// <param name="Function">Its name.</param>
public sealed record KernelFunction(string File, string Function);

/// <summary>One step: an operation, and the code that follows it up to the task's next operation.</summary>
/// <param name="N">Its number, from 1.</param>
/// <param name="Task">Whose step it is.</param>
/// <param name="Function">The function of the model that does it, or the task's name for the body of a task.</param>
/// <param name="Kernel">The function of the kernel that it stands for, or null.</param>
/// <param name="Depth">Calls around it.</param>
/// <param name="Operation">What is done, as the kernel calls it.</param>
/// <param name="Object">To which cell.</param>
/// <param name="Result">What came of it, where an operation has a result that can be said.</param>
/// <param name="Switch">
/// Why another task ran before: <c>preempted</c> (it could have gone on), <c>blocked</c> or <c>ended</c>; null if it was this one.
/// </param>
/// <param name="Changed">The fields that have other values after the step.</param>
/// <param name="Clock">The task's vector clock after the step.</param>
public sealed record TraceStep(
    int N,
    int Task,
    string Function,
    KernelFunction? Kernel,
    int Depth,
    string Operation,
    string Object,
    string? Result,
    string? Switch,
    IReadOnlyList<TraceChange> Changed,
    IReadOnlyList<int> Clock)
{
    /// <summary>The shorter name of the function: the kernel's if there is one.</summary>
    public string Name => Kernel?.Function ?? Function;

    /// <summary>What is done, and to which cell: a statement of a program names it itself.</summary>
    [JsonIgnore]
    public string What => Object.Length == 0 || IsStatement ? Operation : $"{Operation} {Object}";

    /// <summary>The same, and what came of it.</summary>
    [JsonIgnore]
    public string Told => What + (Result == null ? "" : IsStatement ? $" ({Result})" : $" = {Result}");

    private bool IsStatement => Object.Length > 0 && Operation.Contains(Object, StringComparison.Ordinal);

    /// <summary>Whether another step does the same: what a replay compares.</summary>
    public bool DoesTheSameAs(TraceStep other)
        => Task == other.Task && Operation == other.Operation && Object == other.Object && Result == other.Result;

    /// <summary>The step in words.</summary>
    /// <param name="tasks">The names of the tasks.</param>
    public string Describe(IReadOnlyList<string> tasks)
        => $"{(Task < tasks.Count ? tasks[Task] : "?")} {Told}";
}

/// <summary>A field that got another value.</summary>
/// <param name="Object">The object.</param>
/// <param name="Field">The kernel's name of the field; <c>memory</c> for the life of the object itself.</param>
/// <param name="From">The value before.</param>
/// <param name="To">The value after.</param>
public sealed record TraceChange(string Object, string Field, string From, string To)
{
    /// <summary>Name of the <see cref="Field"/> that stands for the life of the object.</summary>
    public const string Memory = "memory";

    /// <summary>Before an object is allocated.</summary>
    public const string None = "none";

    /// <summary>Allocated, and not freed.</summary>
    public const string Live = "live";

    /// <summary>Whether only the holder of a lock changed: that is told by the operation that takes or releases it.</summary>
    public bool IsOnlyOfHolder => ValueOf(From) == ValueOf(To);

    /// <summary>Object and field; what belongs to a program as a whole has no object.</summary>
    [JsonIgnore]
    public string Name => Object.Length == 0 ? Field : $"{Object}.{Field}";

    public override string ToString() => $"{Name} {ValueOf(From)} -> {ValueOf(To)}";

    // "free", "held by a" and "2 readers" are one value; so are "3" and "3, held by a".
    private static string ValueOf(string text)
    {
        var holder = text.IndexOf("held by ", StringComparison.Ordinal);
        return holder == 0 || text == "free" || text.EndsWith(" readers", StringComparison.Ordinal) ? ""
            : holder > 0 ? text[..(holder - 2)]
            : text;
    }
}
