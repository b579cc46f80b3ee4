using System.CommandLine;
using System.Text;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Commands;

/// <summary><c>format FILE…</c>: writes scenario files again, indented and spaced in the one way.</summary>
internal static class FormatCommand
{
    public static Command Create(Output output)
    {
        var files = ScenarioFiles.Argument();
        var check = new Option<bool>("--check") { Description = "write nothing; exit code 1 if a file would change" };
        var command = new Command("format", "write scenario files again, indented and spaced") { files, check };
        command.SetAction(parsed => Run(ScenarioFiles.Read(parsed.GetValue(files)!), parsed.GetValue(check), output));
        return command;
    }

    // All files are looked at before the first is written: a mistake in one leaves all as they are.
    private static int Run(IReadOnlyList<Diagnostics> files, bool isCheck, Output output)
    {
        var formatted = files.Select(ScenarioFormatter.Format).ToList();
        foreach (var file in files.Where(f => f.Any))
            output.Error.Write(file.Format());
        if (formatted.Contains(null))
            return ExitCode.Usage;
        var changed = false;
        foreach (var (file, text) in files.Zip(formatted))
        {
            var isChanged = text != file.Text;
            changed |= isChanged;
            if (isChanged && !isCheck)
                Write(file.File, text!);
            output.Line($"{file.File}: {(!isChanged ? "unchanged" : isCheck ? "would be formatted" : "formatted")}");
        }

        return changed && isCheck ? ExitCode.Usage : ExitCode.Good;
    }

    // The file is there at any time, the old one or the new one, with the rights it had; a link stays a link.
    private static void Write(string path, string text)
    {
        var temporary = "";
        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            temporary = $"{target}.{Environment.ProcessId}.tmp";
            File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
            throw new UsageException($"{path}: {exception.Message.TrimEnd('.')}");
        }
    }
}
