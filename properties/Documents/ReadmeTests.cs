using System.Text.RegularExpressions;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Documents;

/// <summary>What the README tells a newcomer to type works. Its first command is run by .ci/run, which compares the output.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private readonly string traces = Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    public void Dispose() => Directory.Delete(traces, recursive: true);

    [Fact]
    public void Its_commands_run()
    {
        var text = File.ReadAllText(Path.Combine(KernelMapTests.Root(), "README.md"));
        var commands = ProgramCommand().Matches(text).Select(m => m.Groups[1].Value.Trim()).Where(c => c != "compare").ToArray();
        Assert.Contains(commands, c => c.StartsWith("explore", StringComparison.Ordinal));
        foreach (var command in commands)
        {
            using var output = new StringWriter();
            var code = new CommandLine(ScenarioCatalog.Library, new Output(output, output, isTerminal: false))
                .Run([.. command.Split(' '), "--out", traces]);
            Assert.True(code is ExitCode.Good or ExitCode.Violated, $"{command}: exit code {code}\n{output}");
        }
    }

    [Fact]
    public void What_it_shows_of_a_program_is_what_is_printed()
    {
        var text = File.ReadAllText(Path.Combine(KernelMapTests.Root(), "README.md"));
        using var output = new StringWriter();
        new CommandLine(ScenarioCatalog.Library, new Output(output, TextWriter.Null, isTerminal: false))
            .Run(["explore", "textbook/inc2", "--strategy", "depth-first"]);
        Assert.Contains($"```\n{output}```\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_links_lead_somewhere()
    {
        var text = File.ReadAllText(Path.Combine(KernelMapTests.Root(), "README.md"));
        var broken = Link().Matches(text).Select(m => m.Groups[1].Value).Where(l => !File.Exists(Path.Combine(KernelMapTests.Root(), l)));
        Assert.Empty(broken);
    }

    [GeneratedRegex(@"^dotnet run -c Release --project sim -- (.+)$", RegexOptions.Multiline)]
    private static partial Regex ProgramCommand();

    [GeneratedRegex(@"\]\((docs/[^)]+)\)")]
    private static partial Regex Link();
}
