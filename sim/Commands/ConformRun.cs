using System.CommandLine;
using System.Diagnostics;
using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Commands;

/// <summary>One call of <see cref="ConformCommand"/>: the legs that were asked for, one after another, and what they come to.</summary>
/// <param name="parsed">What was asked for.</param>
/// <param name="scenarios">Where races come from.</param>
/// <param name="printed">Where to print.</param>
/// <param name="kernelRelease">What the running kernel calls itself; null to ask it.</param>
internal sealed partial class ConformRun(ParseResult parsed, ScenarioCatalog scenarios, Output printed, string? kernelRelease)
{
    private const int ScenariosShown = 3;

    private static readonly TimeSpan AllDefault = TimeSpan.FromSeconds(60);

    private readonly Output output = parsed.GetValue(CommonOptions.NoColor) ? printed.Plain : printed;
    private readonly bool json = parsed.GetValue(CommonOptions.Json);
    private readonly KernelConfiguration asked = CommonOptions.KernelOf(parsed);
    private readonly ulong seed = (ulong?)CommonOptions.NumberOf(parsed, CommonOptions.Seed, 0, long.MaxValue) ?? 1;
    private readonly TimeSpan? time = CommonOptions.TimeOf(parsed.GetValue(CommonOptions.For));
    private readonly List<Comparison> compared = [];
    private bool isDifferent;
    private bool isOpen;
    private KernelVersion running;

    private bool IsTold => !json && !parsed.GetValue(CommonOptions.Quiet);

    private bool IsSystemWide => parsed.GetValue(ConformCommand.SystemWide);

    /// <summary>Does it.</summary>
    /// <param name="ids">Sequences that are chosen; none for all.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public int Run(string[] ids)
    {
        var (recorded, live, random) = (parsed.GetValue(ConformCommand.Recorded), parsed.GetValue(ConformCommand.Live),
            CommonOptions.NumberOf(parsed, ConformCommand.Random, 1, int.MaxValue));
        string[] races = [.. (parsed.GetValue(ConformCommand.Races) ?? [])];
        if (parsed.GetValue(ConformCommand.Record) != null && live == null)
            throw new UsageException("conform: --record OUT needs --kernel FILE, whose sequences it runs");
        if (ids.Length > 0 && recorded == null && live == null)
            throw new UsageException("conform: sequences are chosen from --recorded FILE or --kernel FILE");
        var isAll = recorded == null && live == null && random == null && races.Length == 0;
        var raced = races.Select(Raced).ToList();              // a name that is none is a mistake before anything is run
        var watch = Stopwatch.StartNew();
        if (recorded != null || isAll)
            OfModel(recorded == null ? RecordedFile.Shipped() : Read(recorded), recorded, ids);
        string? skipped = null;
        if (live != null || random != null || raced.Count > 0 || isAll)
        {
            skipped = Probe.Refusal();
            if (skipped != null && !json)
                output.Line($"skipped: the running kernel cannot be asked: {skipped}");
            else if (skipped == null)
                skipped = OfKernel(isAll, live, random, raced, ids, watch);
        }

        if (json)
            output.Line(ReportJson.ToText(new ConformReport("conform", [.. compared.Select(c => new ConformRow(c.Sequence, c.Match, c.FirstDifference))], skipped)));
        return isDifferent ? ExitCode.Violated : isOpen || compared.Count == 0 ? ExitCode.Undecided : ExitCode.Good;
    }

    // Which release the model is: the one that was asked for, or the one that is compared with.
    private ModelLeg ModelFor(KernelVersion version) => new(ConfigurationFor(version));

    private KernelConfiguration ConfigurationFor(KernelVersion version)
    {
        var configuration = parsed.GetValue(CommonOptions.Release) != null ? asked : asked with { Release = version.ComparedWith };
        return configuration.Refusal() is { } refusal ? throw new UsageException(refusal) : configuration;
    }

    private void OfModel(RecordedFile file, string? path, string[] ids)
    {
        if (IsTold)
            output.Line($"recorded on {file.Kernel}");
        var version = KernelVersion.Of(file.Kernel);
        var model = version.Modelled == null ? new ModelLeg(asked) : ModelFor(version);
        RecordedSequence[] chosen = [.. Chosen(file, ids, path ?? "the recording")];
        List<Comparison> rows = [.. chosen.Select(model.Compare)];
        Judge(rows, "sequences have the recorded results", "are not modelled yet", fails: true, leavesOut: false);
        foreach (var (row, sequence) in rows.Zip(chosen).Where(r => r.First.Step >= 0).Take(ScenariosShown))
            Tell(model, sequence, row.Step);
    }

    // Why it was given up in its midst, or null: mounts and loop devices may be taken from us, which says nothing about the kernel.
    private string? OfKernel(bool isAll, string? live, long? random, IReadOnlyList<Race> raced, string[] ids, Stopwatch watch)
    {
        try
        {
            RunOnKernel(isAll, live, random, raced, ids, watch);
            return null;
        }
        catch (LiveException exception)
        {
            isOpen = true;
            if (!json)
                output.Line($"given up: {exception.Message}");
            return exception.Message;
        }
    }

    private void RunOnKernel(bool isAll, string? live, long? random, IReadOnlyList<Race> raced, string[] ids, Stopwatch watch)
    {
        running = KernelVersion.Of(kernelRelease ?? KernelLeg.Release);
        if (IsTold)
            output.Line($"running kernel Linux {running.Text}, compared with {ConfigurationFor(running).Release}");
        if (running.Modelled == null && !json)
            output.Line($"Linux {running.Text} is no release of the model: differences are told, and are no failure");
        if (isAll || live != null || random != null)
        {
            using var kernel = new KernelLeg(IsSystemWide);
            if (isAll || live != null)
                OfRecording(kernel, live == null ? RecordedFile.Shipped() : Read(live), ids, live ?? "the recording");
            if (random is { } count)
                DrawAndCompare(kernel, count, time);
            else if (isAll)
                DrawAndCompare(kernel, int.MaxValue, ((time ?? AllDefault) - watch.Elapsed) / 3);
        }

        foreach (var race in raced)
            RaceAndCompare(race, time ?? RaceDefault, ModelDefault, needsAll: false);
        if (isAll)
            RaceAll((time ?? AllDefault) - watch.Elapsed);
    }

    private void OfRecording(KernelLeg kernel, RecordedFile file, string[] ids, string path)
    {
        RecordedSequence[] chosen = [.. Chosen(file, ids, path)];
        if (parsed.GetValue(ConformCommand.Record) is { } to)
        {
            WriteRecording(kernel, chosen, to);
            return;
        }

        var then = KernelVersion.Of(file.Kernel);
        if (!running.IsOneReleaseWith(then) && running.Modelled != null && !json)
            output.Line($"the recording is of Linux {then.Text}: differences are told, and are no failure");
        List<Comparison> rows = [.. chosen.Select(kernel.Compare)];
        Judge(rows, "sequences have the recorded results on this kernel", "were not run", running.IsOneReleaseWith(then), leavesOut: true);
        var model = ModelFor(running);
        foreach (var (row, sequence) in rows.Zip(chosen).Where(r => r.First.Step >= 0).Take(ScenariosShown))
            Tell(model, kernel.Run(sequence), row.Step);
        OfEvictions(kernel, chosen);
    }

    // The order in which inodes go, which no result tells.
    private void OfEvictions(KernelLeg kernel, RecordedSequence[] chosen)
    {
        var model = new EvictionLeg(ConfigurationFor(running));
        var (rows, count) = (new List<Comparison>(), 0);
        try
        {
            foreach (var sequence in chosen)
            {
                try
                {
                    var done = kernel.Run(sequence, out var events);
                    count += events.Sum(e => e.Count);
                    rows.Add(model.Compare(done, events));
                }
                catch (NotExpressibleException)
                {
                    // It was told above.
                }
            }
        }
        catch (LiveException exception)
        {
            if (IsTold)
                output.Line($"left out: the trace events of inodes: {exception.Message}");
            return;
        }

        if (count > 0)
            Judge(rows, $"sequences have {Words.Number(count)} inodes asked about, evicted and freed in the model's order", "are not modelled yet", running.Modelled != null, leavesOut: true);
    }

    private void WriteRecording(KernelLeg kernel, RecordedSequence[] sequences, string path)
    {
        var done = new List<RecordedSequence>();
        foreach (var sequence in sequences)
        {
            try
            {
                done.Add(kernel.Run(sequence));
            }
            catch (NotExpressibleException exception)
            {
                if (!json)
                    output.Line($"{sequence.Id}: left out: {exception.Message}");
            }
        }

        if (done.Count == 0)
            throw new UsageException("conform: --record: none of the sequences can be run here, so there is nothing to write");
        try
        {
            new RecordedFile($"Linux {KernelLeg.Release}", done).Write(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }

        compared.AddRange(done.Select(s => new Comparison(s.Id, true, null)));
        if (!json)
            output.Line($"{done.Count} of {sequences.Length} sequences recorded in {path}");
    }

    private void DrawAndCompare(KernelLeg kernel, long count, TimeSpan? most)
    {
        var model = ModelFor(running);
        var (leg, drawn, watch) = (new RandomLeg(kernel, model), new RandomSequences(seed), Stopwatch.StartNew());
        if (IsTold)
        {
            output.Line($"seed {seed}");
            output.Flush();
        }

        var rows = new List<Comparison>();
        for (var i = 0; i < count && (most == null || watch.Elapsed < most); i++)
        {
            var row = leg.Compare(drawn[i], out var smallest);
            rows.Add(row);
            if (row.Step >= 0)
                Tell(model, smallest, row.Step);
        }

        if (rows.Count == 0)
        {
            if (IsTold)
                output.Line("left out, because the time was over (--for has more): random sequences");
            return;
        }

        Judge(rows, "random sequences are answered alike by this kernel and the model", "are not modelled yet", running.Modelled != null, leavesOut: false);
        if (IsTold)
            output.Line($"seed {seed}, {rows.Count} sequences of {RandomSequences.LengthDefault} operations");
    }

    // Up to where they differ, both answers side by side, as a scenario that can be kept: it fails until the model answers alike.
    private void Tell(ModelLeg model, RecordedSequence sequence, int differs)
    {
        if (!IsTold)
            return;
        var answers = model.AnswersTo(sequence);
        var step = sequence.Steps[differs];
        output.Line($"{sequence.Id}: the model answers in {model.FunctionsOf(sequence, differs) ?? "no function that it could name"}");
        output.Line($"  scenario {sequence.Id} \"as Linux answers\"");
        output.Line("  setup");
        for (var i = 0; i <= differs; i++)
        {
            var real = RecordedResult.TextOf(sequence.Steps[i].Op, sequence.Steps[i].Result);
            var modelled = answers is { } known && i < known.Count ? known[i] : "?";
            output.Line($"    {$"{sequence.Steps[i].Text} -> r{i + 1}",-50} # {ModelLeg.Shown(real)}{(real == modelled ? "" : $" | the model: {ModelLeg.Shown(modelled)}")}");
        }

        output.Line($"  always same: r{differs + 1} == {RecordedStep.InQuotes(RecordedResult.TextOf(step.Op, step.Result))}");
    }

    // A row that is left out is no difference where the leg may leave out; what does not fail is told all the same.
    private void Judge(List<Comparison> rows, string alike, string otherwise, bool fails, bool leavesOut)
    {
        compared.AddRange(rows);
        var differ = rows.Exists(r => !r.Match && !(r.NotModelled && leavesOut));
        isDifferent |= fails && differ;
        if (json)
            return;
        foreach (var row in rows.Where(r => !r.Match))
            output.Line($"{row.Sequence}: {(row.NotModelled && leavesOut ? "left out: " : "")}{row.FirstDifference}");
        var (same, left) = (rows.Count(r => r.Match), rows.Count(r => r.NotModelled));
        var isGood = rows.TrueForAll(r => r.Match || r.NotModelled) && same > 0;
        output.Judgement(
            isGood && left == 0 ? "the same" : isGood ? "the same as far as it ran" : fails ? "different" : "different, as other releases may be",
            $": {same} of {rows.Count} {alike}" + (left == 0 ? "" : $"; {left} {otherwise}"), good: isGood ? true : fails ? false : null);
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
                throw new UsageException($"{path}: {Nearest.Message("sequence", id, file.Sequences.Select(s => s.Id))}");
        }

        return file.Sequences.Where(s => ids.Length == 0 || ids.Contains(s.Id));
    }
}
