using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Commands;

/// <summary>A search that Ctrl-C ends, so that it tells what it has found so far; its checkpoints say where it was.</summary>
internal sealed class InterruptibleSearch(SearchPlan plan, Output output)
{
    private readonly long started = Stopwatch.GetTimestamp();
    private string? failure;

    /// <summary>Looks after which the search is ended, as by Ctrl-C: for tests, which run side by side.</summary>
    internal static AsyncLocal<long?> StopsAfter { get; } = new();

    /// <summary>Where to write checkpoints; null for nowhere.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Where an earlier search was, or null.</summary>
    public BinaryReader? From { get; init; }

    // Tests that kill a process cannot wait for half a minute.
    private static TimeSpan Interval
        => double.TryParse(Environment.GetEnvironmentVariable("FSCRYPT_SIM_CHECKPOINT_SECONDS"), CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromSeconds(30);

    /// <summary>Carries out the plan.</summary>
    public SearchResult Run(SearchProgress progress)
    {
        if (Checkpoint != null)
            Probe();
        // Coyote's engine does not stop between executions.
        if (plan.Engine == EngineNames.Coyote)
            return Explorer.Run(plan, progress);
        var looks = StopsAfter.Value ?? long.MaxValue;
        using var interruption = Checkpoint == null ? new Interruption { From = From, StopsAfter = looks }
            : new Interruption(Save, Interval) { From = From, StopsAfter = looks };
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var result = Explorer.Run(plan, progress, interruption);
        if (result.Interrupted)
            output.Error.Write($"fscrypt-sim: interrupted; {WayOn}\n");
        return result;

        // The second time it ends the program.
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !interruption.IsStopped;
            interruption.Stop();
        }
    }

    private string WayOn => Explorer.CheckpointRefusalOf(plan) is { } why ? why
        : Checkpoint == null ? "it could be gone on with, had it had a --checkpoint FILE"
        : failure == null ? $"to go on: fscrypt-sim explore --resume {Checkpoint}"
        : $"--checkpoint {Checkpoint}: {failure}";

    private void Save(Action<BinaryWriter> position)
    {
        var timeLeft = plan.TimeMax - Stopwatch.GetElapsedTime(started);
        try
        {
            CheckpointFile.Write(Checkpoint!, CheckpointHeader.Of(plan, timeLeft), position);
            failure = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What was searched is worth more than the file: it may work the next time.
            if (failure == null)
                output.Error.Write($"fscrypt-sim: --checkpoint {Checkpoint}: {exception.Message}\n");
            failure = exception.Message;
        }
    }

    private void Probe()
    {
        try
        {
            CheckpointFile.Probe(Checkpoint!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--checkpoint {Checkpoint}: {exception.Message}");
        }
    }
}
