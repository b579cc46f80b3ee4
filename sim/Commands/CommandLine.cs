using System.CommandLine;
using System.CommandLine.Help;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary>The command line: finds the verb, answers mistakes in one line, and turns what happened into an exit code.</summary>
/// <remarks>
/// No type of this assembly derives from one of System.CommandLine: Coyote's own tool, which loads the assembly, brings
/// another version of it along.
/// </remarks>
public sealed class CommandLine
{
    private readonly RootCommand root;
    private readonly Output output;

    /// <summary>The command line of a library of scenarios.</summary>
    /// <param name="scenarios">The library.</param>
    /// <param name="output">Where to print.</param>
    /// <param name="kernelRelease">What the running kernel calls itself; null to ask it.</param>
    public CommandLine(ScenarioCatalog scenarios, Output output, string? kernelRelease = null)
    {
        this.output = output;
        root = new RootCommand("Which schedules of key removal and inode eviction go wrong, in which design, and why.")
        {
            CompareCommand.Create(scenarios, output),
            CostCommand.Create(scenarios, output),
            BugsCommand.Create(scenarios, output),
            ExploreCommand.Create(scenarios, output),
            WhyCommand.Create(scenarios, output),
            ReplayCommand.Create(scenarios, output),
            ShrinkCommand.Create(scenarios, output),
            ExplainCommand.Create(scenarios, output),
            ShowCommand.Create(scenarios, output),
            MergeCommand.Create(output),
            ConformCommand.Create(scenarios, output, kernelRelease),
            ListCommand.Create(scenarios, output),
            CheckSyntaxCommand.Create(output),
            FormatCommand.Create(output),
            KernelMapCommand.Create(output),
        };
    }

    /// <summary>Does what the arguments say.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        try
        {
            var parsed = root.Parse(arguments);
            if (parsed.Action is HelpAction)
                return Help(parsed);
            if (MistakeIn(parsed) is { } mistake)
                throw new UsageException(mistake);
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = output.Writer, Error = output.Error, EnableDefaultExceptionHandler = false,
            });
        }
        catch (UsageException exception)
        {
            output.Error.Write(exception.Text);
            return ExitCode.Usage;
        }
        catch (ScenarioException exception)
        {
            output.Error.Write($"fscrypt-sim: {exception.Message}\n");
            return ExitCode.Usage;
        }
        catch (Exception exception)
        {
            // Everything else is a mistake of ours; where it happened is what a report about it needs.
            var origin = exception.InnerException ?? exception;
            output.Error.Write($"fscrypt-sim: internal error: {exception.Message}\n{origin.StackTrace}\n");
            return ExitCode.InternalError;
        }
    }

    private string? MistakeIn(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var stray = StrayOption(parsed) ?? (parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null);
        if (stray != null && stray.StartsWith('-'))
            return Nearest.Message("option", stray, command.Options.Concat(root.Options).Select(o => o.Name).Distinct());
        if (command == root)
        {
            var verbs = root.Subcommands.Select(c => c.Name).ToList();
            return stray != null ? Nearest.Message("verb", stray, verbs)
                : $"a verb is missing: {string.Join(", ", verbs)}; --help says more";
        }

        if (stray != null)
            return $"{command.Name}: '{stray}' is one argument too many";
        return parsed.Errors.Count == 0 ? null : $"{command.Name}: {parsed.Errors[0].Message.TrimEnd('.')}";
    }

    // A misspelt option would be taken for the name of a scenario, or for the value of the option before it.
    private static string? StrayOption(ParseResult parsed)
        => parsed.CommandResult.Children.SelectMany(c => c.Tokens).Select(t => t.Value)
            .FirstOrDefault(v => v.StartsWith("--", StringComparison.Ordinal));

    // The library names the program after its file.
    private int Help(ParseResult parsed)
    {
        using var help = new StringWriter { NewLine = "\n" };
        var code = parsed.Invoke(new InvocationConfiguration { Output = help, Error = output.Error });
        output.Text(help.ToString().Replace(RootCommand.ExecutableName, "fscrypt-sim", StringComparison.Ordinal));
        if (Verbs.Examples.TryGetValue(parsed.CommandResult.Command.Name, out var examples))
        {
            output.Line("Examples:");
            foreach (var example in examples)
                output.Line($"  fscrypt-sim {example}");
        }

        return code;
    }
}
