using System.CommandLine;
using Fscrypt.Sim.Conformance;

namespace Fscrypt.Sim.Commands;

/// <summary><c>conform --recorded FILE</c>: the model against what a kernel answered.</summary>
internal static class ConformCommand
{
    private static readonly Option<string?> Recorded = new("--recorded") { Description = "a recording: sequences with every result", HelpName = "FILE" };

    public static Command Create(Output output)
    {
        var sequences = new Argument<string[]>("SEQUENCE")
        {
            Description = "ids of sequences (default: all)", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("conform", "the same operations on the model as on a kernel that was recorded")
        {
            sequences, Recorded,
            CommonOptions.Design, CommonOptions.Release, CommonOptions.Without, CommonOptions.Fs,
            CommonOptions.Json, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(Recorded) ?? throw new UsageException("conform: --recorded FILE says what to compare with");
            var file = Read(path);
            var leg = new ModelLeg(CommonOptions.KernelOf(parsed));
            List<Comparison> compared = [.. Chosen(file, parsed.GetValue(sequences)!, path).Select(leg.Compare)];
            if (parsed.GetValue(CommonOptions.Json))
                output.Line(ReportJson.ToText(new ConformReport("conform", [.. compared.Select(c => new ConformRow(c.Sequence, c.Match, c.FirstDifference))], null)));
            else
                Print(compared, file, parsed.GetValue(CommonOptions.NoColor) ? output.Plain : output, parsed.GetValue(CommonOptions.Quiet));
            return compared.TrueForAll(c => c.Match) ? ExitCode.Good : ExitCode.Violated;
        });
        return command;
    }

    private static RecordedFile Read(string path)
    {
        try
        {
            return RecordedFile.Read(path);
        }
        catch (FormatException exception)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }
    }

    private static IEnumerable<RecordedSequence> Chosen(RecordedFile file, string[] ids, string path)
    {
        foreach (var id in ids)
        {
            if (!file.Sequences.Any(s => s.Id == id))
                throw new UsageException($"{path}: {Scenarios.Language.Nearest.Message("sequence", id, file.Sequences.Select(s => s.Id))}");
        }

        return file.Sequences.Where(s => ids.Length == 0 || ids.Contains(s.Id));
    }

    private static void Print(List<Comparison> compared, RecordedFile file, Output output, bool quiet)
    {
        if (!quiet)
            output.Line($"recorded on {file.Kernel}");
        foreach (var comparison in compared.Where(c => !c.Match))
            output.Line($"{comparison.Sequence}: {comparison.FirstDifference}");
        var (same, left) = (compared.Count(c => c.Match), compared.Count(c => c.NotModelled));
        output.Judgement(
            same == compared.Count ? "the same" : "different",
            $": {same} of {compared.Count} sequences have the recorded results" + (left == 0 ? "" : $"; {left} are not modelled yet"), good: same == compared.Count);
    }
}
