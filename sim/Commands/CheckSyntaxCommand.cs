using System.CommandLine;
using Fscrypt.Sim.Scenarios.Language;

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
            var read = ScenarioFiles.Read(parsed.GetValue(files)!);
            foreach (var file in read)
                ScenarioParser.Parse(file);
            if (parsed.GetValue(json))
                output.Line(ReportJson.ToText(ReportOf(read)));
            else
                Print(read, output);
            return read.Any(f => f.Any) ? ExitCode.Usage : ExitCode.Good;
        });
        return command;
    }

    private static void Print(IReadOnlyList<Diagnostics> files, Output output)
    {
        foreach (var file in files)
        {
            if (file.Any)
                output.Error.Write(file.Format());
            else
                output.Line($"{file.File}: good");
        }
    }

    private static CheckSyntaxReport ReportOf(IReadOnlyList<Diagnostics> files) => new("check-syntax", [
        .. files.Select(f => new CheckedFile(f.File, [
            .. f.Found.Select(d => new SyntaxError(d.Place.Line, d.Place.Column, d.Message)),
        ])),
    ]);
}
