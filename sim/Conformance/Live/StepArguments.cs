using System.Globalization;
using System.Text.Json.Nodes;
using Fscrypt.Sim.Scenarios.Calls;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>What a step says beside its operation: arguments in their order, and options.</summary>
/// <param name="step">The step.</param>
internal sealed class StepArguments(RecordedStep step)
{
    private readonly OperationForm? form = OperationForm.Named(step.Op);
    private readonly string[] words = [.. step.Args.Where(a => OptionIn(OperationForm.Named(step.Op), a) == null)];

    /// <summary>How many arguments there are.</summary>
    public int Count => words.Length;

    /// <summary>An argument.</summary>
    /// <exception cref="NotExpressibleException">The step has not so many.</exception>
    public string this[int i] => i < words.Length ? words[i] : throw new NotExpressibleException($"'{step.Text}' lacks an argument");

    /// <summary>An option's value, or null.</summary>
    public string? Option(string name)
        => step.Args.Where(a => OptionIn(form, a) == name).Select(a => a[(name.Length + 1)..]).LastOrDefault();

    /// <summary>An option's value as a number.</summary>
    public long Number(string name, long otherwise) => Option(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static string? OptionIn(OperationForm? form, string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && form != null && form.Options.ContainsKey(argument[..equals]) ? argument[..equals] : null;
    }
}

/// <summary>Results in the form that recordings have.</summary>
internal static class Answer
{
    /// <summary>How a system call ended.</summary>
    public static JsonObject Of(long result) => new() { ["ret"] = SystemCall.NameOf(result) };

    /// <summary>How it ended, and what it said if it ended well.</summary>
    public static JsonObject With(long result, string name, JsonNode? value)
    {
        var answer = Of(result);
        if (result >= 0)
            answer[name] = value;
        return answer;
    }

    /// <summary>It ended in an error, in a part of it.</summary>
    public static JsonObject Failed(long result, string stage) => new() { ["ret"] = SystemCall.NameOf(result), ["stage"] = stage };
}
