using System.CommandLine;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Commands;

/// <summary>Scenario files that are named on the command line.</summary>
internal static class ScenarioFiles
{
    /// <summary>One file or more.</summary>
    public static Argument<string[]> Argument()
        => new("FILE") { Description = "scenario files", Arity = ArgumentArity.OneOrMore };

    /// <summary>Reads files, each once; the first that cannot be read is a mistake of the user.</summary>
    public static IReadOnlyList<Diagnostics> Read(IEnumerable<string> paths)
        => [.. paths.Distinct(StringComparer.Ordinal).Select(path =>
            ScenarioText.Read(path, out var refusal) ?? throw new UsageException($"{path}: {refusal}"))];
}
