using System.CommandLine;
using System.Diagnostics;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;

namespace Fscrypt.Sim.Commands;

/// <summary><c>conform</c>: the same operations on the model, on a kernel that was recorded, and on the kernel that runs.</summary>
internal static class ConformCommand
{
    /// <summary>Random sequences that are run if nothing is said.</summary>
    private const int RandomDefault = 200;

    private static readonly Option<string?> Recorded = new("--recorded") { Description = "the model against a recording: sequences with every result", HelpName = "FILE" };
    private static readonly Option<string?> Live = new("--kernel") { Description = "the running kernel against a recording", HelpName = "FILE" };
    private static readonly Option<string?> Random = new("--random") { Description = "the model against the running kernel, with N random sequences", HelpName = "N" };
    private static readonly Option<string?> Record = new("--record") { Description = "run the sequences of --kernel FILE, and write what the running kernel answers to OUT", HelpName = "OUT" };
    private static readonly Option<bool> SystemWide = new("--system-wide") { Description = "let sequences drop the caches of the whole machine" };

    public static Command Create(Output output)
    {
        var sequences = new Argument<string[]>("SEQUENCE")
        {
            Description = "ids of sequences (default: all)", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("conform", "the same operations on the model as on a kernel, recorded or running")
        {
            sequences, Recorded, Live, Random, Record, SystemWide, CommonOptions.Seed, CommonOptions.For,
            CommonOptions.Design, CommonOptions.Release, CommonOptions.Without, CommonOptions.Fs,
            CommonOptions.Json, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed => new ConformRun(parsed, output).Run(parsed.GetValue(sequences)!));
        return command;
    }

    // One call of the command.
    private sealed class ConformRun(ParseResult parsed, Output printed)
    {
        private readonly Output output = parsed.GetValue(CommonOptions.NoColor) ? printed.Plain : printed;
        private readonly bool json = parsed.GetValue(CommonOptions.Json);
        private readonly ModelLeg model = new(CommonOptions.KernelOf(parsed));
        private readonly List<Comparison> compared = [];

        private bool IsTold => !json && !parsed.GetValue(CommonOptions.Quiet);

        public int Run(string[] ids)
        {
            var (recorded, live, random) = (parsed.GetValue(Recorded), parsed.GetValue(Live), CommonOptions.NumberOf(parsed, Random, 1, int.MaxValue));
            if (parsed.GetValue(Record) != null && live == null)
                throw new UsageException("conform: --record OUT needs --kernel FILE, whose sequences it runs");
            if (ids.Length > 0 && recorded == null && live == null)
                throw new UsageException("conform: sequences are chosen from --recorded FILE or --kernel FILE");
            string? skipped = null;
            if (recorded != null)
                Model(recorded, ids);
            if (live != null || random != null || recorded == null)
            {
                skipped = Probe.Refusal();
                if (skipped == null)
                    OnKernel(live, random ?? (live == null ? RandomDefault : null), ids);
                else if (!json)
                    output.Line($"skipped: the running kernel cannot be asked: {skipped}");
            }

            if (json)
                output.Line(ReportJson.ToText(new ConformReport("conform", [.. compared.Select(c => new ConformRow(c.Sequence, c.Match, c.FirstDifference))], skipped)));
            return compared.Exists(c => !c.Match && !(c.NotModelled && live != null)) ? ExitCode.Violated
                : compared.Count == 0 ? ExitCode.Undecided : ExitCode.Good;
        }

        private void Model(string path, string[] ids)
        {
            var file = Read(path);
            if (IsTold)
                output.Line($"recorded on {file.Kernel}");
            Judge([.. Chosen(file, ids, path).Select(model.Compare)], "sequences have the recorded results", "are not modelled yet");
        }

        private void OnKernel(string? path, long? random, string[] ids)
        {
            if (IsTold)
                output.Line($"running kernel {KernelLeg.Kernel}");
            using var kernel = new KernelLeg(parsed.GetValue(SystemWide));
            if (path != null)
            {
                var file = Read(path);
                if (parsed.GetValue(Record) is { } to)
                    WriteRecording(kernel, [.. Chosen(file, ids, path)], to);
                else
                    Judge([.. Chosen(file, ids, path).Select(kernel.Compare)], "sequences have the recorded results on this kernel", "were not run");
            }

            if (random is { } count)
                DrawAndCompare(kernel, count);
        }

        private void DrawAndCompare(KernelLeg kernel, long count)
        {
            var seed = (ulong?)CommonOptions.NumberOf(parsed, CommonOptions.Seed, 0, long.MaxValue) ?? 1;
            var time = CommonOptions.TimeOf(parsed.GetValue(CommonOptions.For));
            var (leg, drawn, watch) = (new RandomLeg(kernel, model), new RandomSequences(seed), Stopwatch.StartNew());
            if (IsTold)
            {
                output.Line($"seed {seed}");
                output.Flush();
            }

            var rows = new List<Comparison>();
            for (var i = 0; i < count && (time == null || watch.Elapsed < time); i++)
            {
                var row = leg.Compare(drawn[i], out var smallest);
                rows.Add(row);
                if (!row.Match && !json)
                    Tell(smallest);
            }

            Judge(rows, "random sequences are answered alike by this kernel and the model", "are not modelled yet");
            if (IsTold)
                output.Line($"seed {seed}, {rows.Count} sequences of {RandomSequences.LengthDefault} operations");
        }

        // Both answers side by side, as a scenario that can be kept.
        private void Tell(RecordedSequence smallest)
        {
            var answers = model.AnswersTo(smallest);
            for (var i = 0; i < smallest.Steps.Count; i++)
            {
                var step = smallest.Steps[i];
                var (real, modelled) = (RecordedResult.TextOf(step.Op, step.Result), answers is { } known && i < known.Count ? known[i] : "?");
                output.Line($"  {step.Text,-50} # {real}{(real == modelled ? "" : $" | the model: {modelled}")}");
            }
        }

        private void WriteRecording(KernelLeg kernel, RecordedSequence[] sequences, string path)
        {
            RecordedFile file;
            try
            {
                file = new RecordedFile(KernelLeg.Kernel, [.. sequences.Select(s => kernel.Run(s))]);
            }
            catch (NotExpressibleException exception)
            {
                throw new UsageException($"conform: --record: {exception.Message}");
            }

            try
            {
                file.Write(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"{path}: {exception.Message}");
            }

            compared.AddRange(sequences.Select(s => new Comparison(s.Id, true, null)));
            if (!json)
                output.Line($"{sequences.Length} sequences recorded in {path}");
        }

        private void Judge(List<Comparison> rows, string alike, string otherwise)
        {
            compared.AddRange(rows);
            if (json)
                return;
            foreach (var row in rows.Where(r => !r.Match))
                output.Line($"{row.Sequence}: {row.FirstDifference}");
            var (same, left) = (rows.Count(r => r.Match), rows.Count(r => r.NotModelled));
            var isGood = rows.TrueForAll(r => r.Match || r.NotModelled) && same > 0;
            output.Judgement(
                isGood && left == 0 ? "the same" : isGood ? "the same as far as it ran" : "different",
                $": {same} of {rows.Count} {alike}" + (left == 0 ? "" : $"; {left} {otherwise}"), good: isGood);
        }
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
}
