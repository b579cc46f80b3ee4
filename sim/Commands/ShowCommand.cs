using System.CommandLine;
using System.Text;
using Fscrypt.Sim.Conformance.KernelTests;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Commands;

/// <summary><c>show TRACE --format F</c>: a trace in another form.</summary>
internal static class ShowCommand
{
    private const string KernelTestFormat = "kernel-test";

    private static readonly string[] Formats = [KernelTestFormat];

    private static readonly Option<string?> Format = new("--format")
    {
        Description = "kernel-test: a program in C and a script that try the race on a real kernel", HelpName = "F", Required = true,
    };

    public static Command Create(ScenarioCatalog scenarios, Output output)
    {
        var path = new Argument<string>("TRACE") { Description = "a file that explore or shrink wrote" };
        var command = new Command("show", "a trace in another form") { path, Format, CommonOptions.Out };
        command.SetAction(parsed => Run(parsed.GetValue(path)!, parsed.GetValue(Format)!, parsed.GetValue(CommonOptions.Out) ?? "out", scenarios, output));
        return command;
    }

    private static int Run(string path, string format, string directory, ScenarioCatalog scenarios, Output output)
    {
        if (!Formats.Contains(format))
            throw new UsageException(Nearest.Message("format", format, Formats));
        var trace = TraceArgument.Read(path);
        if (trace.Points == "all")
            throw new UsageException($"{path}: found with --points all; shrink it first, which finds it again with the ordinary points");
        var plan = TraceArgument.PlanOf(trace, scenarios, path);
        if (KernelTest.Of(trace, plan, out var refusal) is not { } test)
            throw new UsageException($"{path}: it cannot be tried from user space: {refusal}");
        foreach (var (name, text) in new[] { (KernelTest.NameOf(trace) + ".c", test.Program), (KernelTest.NameOf(trace) + ".sh", test.Script) })
            output.Line(Output.Saved(directory, () => Write(Path.Combine(directory, name), text)));
        return ExitCode.Good;
    }

    // It appears whole or not at all.
    private static string Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(temporary, path, overwrite: true);
        return path;
    }
}
