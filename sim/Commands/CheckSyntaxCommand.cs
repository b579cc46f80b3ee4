using System.CommandLine;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Commands;

/// <summary><c>check-syntax FILE…</c>: what is wrong in scenario files.</summary>
internal static class CheckSyntaxCommand
{
    public static Command Create(Output output)
    {
        var files = ScenarioFiles.Argument();
        var json = new Option<bool>("--json") { Description = "print one JSON object on one line" };
        var command = new Command("check-syntax", "what is wrong in scenario files, where, and what was expected") { files, json };
        command.SetAction(parsed =>
        {
            List<ScenarioFile> read = [.. ScenarioFiles.Read(parsed.GetValue(files)!).Select(d => ScenarioFile.Load(d))];
            if (parsed.GetValue(json))
                output.Line(ReportJson.ToText(ReportOf(read)));
            else
                Print(read, output);
            return read.Any(f => f.Diagnostics.Any) ? ExitCode.Usage : ExitCode.Good;
        });
        return command;
    }

    private static void Print(IReadOnlyList<ScenarioFile> files, Output output)
    {
        foreach (var file in files)
        {
            if (file.Diagnostics.Any)
                output.Error.Write(file.Diagnostics.Format());
            else if (file.Missing.IsEmpty)
                output.Line($"{file.Diagnostics.File}: good");
            else
                output.Text($"{file.Diagnostics.File}: good, and not to be run yet\n{file.MissingText}");
        }
    }

    private static CheckSyntaxReport ReportOf(IReadOnlyList<ScenarioFile> files) => new("check-syntax", [
        .. files.Select(f => new CheckedFile(
            f.Diagnostics.File,
            [.. f.Diagnostics.Found.Select(d => new SyntaxError(d.Place.Line, d.Place.Column, d.Message))],
            [.. f.Missing.Select(m => new SyntaxError(m.Place.Line, m.Place.Column, m.What))])),
    ]);
}
