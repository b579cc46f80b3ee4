using System.Text.Json;
using Fscrypt.Sim.Scenarios.Calls;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>Runs sequences on the running kernel, each on a fresh file system.</summary>
internal sealed class KernelLeg : IDisposable
{
    private readonly LiveFileSystem files;
    private readonly Dictionary<string, LiveActor> actors = new(StringComparer.Ordinal);
    private readonly bool isSystemWide;

    /// <summary>Makes the image, the namespace and the users.</summary>
    /// <param name="isSystemWide">Whether sequences may drop the caches of the whole machine.</param>
    /// <exception cref="LiveException">They cannot be made.</exception>
    public KernelLeg(bool isSystemWide)
    {
        this.isSystemWide = isSystemWide;
        files = new LiveFileSystem();
        foreach (var user in Users.Known)
            actors.Add(user.Name, files.Enter(user.Id));
    }

    /// <summary>What the kernel that runs calls itself.</summary>
    public static string Release => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    /// <summary>Does the steps, and says what the kernel answered.</summary>
    /// <param name="sequence">What to do; its results do not matter.</param>
    /// <param name="leavesOut">Leaves out what cannot be done, instead of giving up.</param>
    /// <exception cref="NotExpressibleException">A step cannot be done, or must not.</exception>
    /// <exception cref="LiveException">The surroundings failed.</exception>
    public RecordedSequence Run(RecordedSequence sequence, bool leavesOut = false)
    {
        var steps = new List<RecordedStep>(sequence.Steps.Count);
        files.Renew();
        try
        {
            using var live = new LiveSequence(files, actors, isSystemWide);
            foreach (var step in sequence.Steps)
            {
                try
                {
                    steps.Add(step with { Result = JsonSerializer.SerializeToElement(live.Do(step), RecordedJson.Default.JsonObject) });
                }
                catch (NotExpressibleException) when (leavesOut)
                {
                    // The model does not do it either.
                }
            }
        }
        finally
        {
            if (files.IsMounted)
                LiveException.Checked(files.Unmount(isSure: true), "umount");
        }

        return sequence with { Steps = steps };
    }

    /// <summary>Runs a recorded sequence again and compares.</summary>
    public Comparison Compare(RecordedSequence recorded)
    {
        RecordedSequence now;
        try
        {
            now = Run(recorded);
        }
        catch (NotExpressibleException exception)
        {
            return new Comparison(recorded.Id, false, exception.Message, NotModelled: true);
        }

        foreach (var (then, step) in recorded.Steps.Zip(now.Steps))
        {
            var (expected, actual) = (RecordedResult.TextOf(then.Op, then.Result), RecordedResult.TextOf(step.Op, step.Result));
            if (expected != actual)
                return new Comparison(recorded.Id, false, $"{then.Text}: recorded was {expected}, this kernel answers {actual}");
        }

        return new Comparison(recorded.Id, true, null);
    }

    public void Dispose()
    {
        foreach (var actor in actors.Values)
            actor.Dispose();
        files.Dispose();
    }
}
