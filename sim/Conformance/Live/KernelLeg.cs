using System.Text.Json;
using Fscrypt.Sim.Scenarios.Calls;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>Runs sequences on the running kernel, each on a fresh file system.</summary>
internal sealed class KernelLeg : IDisposable
{
    private readonly LiveFileSystem files;
    private readonly Dictionary<string, LiveActor> actors = new(StringComparer.Ordinal);
    private readonly bool isSystemWide;
    private TraceEvents? told;

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

    /// <summary>Does the steps, and says which inodes the kernel asked ->drop_inode about, evicted and freed during each.</summary>
    /// <param name="sequence">What to do; its results do not matter.</param>
    /// <param name="events">What happened during each step.</param>
    /// <param name="leavesOut">Leaves out what cannot be done, instead of giving up.</param>
    /// <exception cref="NotExpressibleException">A step cannot be done, or must not.</exception>
    /// <exception cref="LiveException">The surroundings failed.</exception>
    public RecordedSequence Run(RecordedSequence sequence, out IReadOnlyList<IReadOnlyList<string>> events, bool leavesOut = false)
    {
        var all = new List<IReadOnlyList<string>>();
        using var mount = new Mounted(files);
        told ??= new TraceEvents(files);
        var done = Run(sequence, leavesOut, live => told.Take(_ => ""), live => all.Add(told.Take(live.LabelOf)));
        events = all;
        return done;
    }

    /// <summary>Does the steps, and says what the kernel answered.</summary>
    /// <param name="sequence">What to do; its results do not matter.</param>
    /// <param name="leavesOut">Leaves out what cannot be done, instead of giving up.</param>
    /// <exception cref="NotExpressibleException">A step cannot be done, or must not.</exception>
    /// <exception cref="LiveException">The surroundings failed.</exception>
    public RecordedSequence Run(RecordedSequence sequence, bool leavesOut = false)
    {
        using var mount = new Mounted(files);
        return Run(sequence, leavesOut, _ => { }, _ => { });
    }

    private RecordedSequence Run(RecordedSequence sequence, bool leavesOut, Action<LiveSequence> begun, Action<LiveSequence> done)
    {
        var steps = new List<RecordedStep>(sequence.Steps.Count);
        using var live = new LiveSequence(files, actors, isSystemWide);
        begun(live);
        foreach (var step in sequence.Steps)
        {
            try
            {
                steps.Add(step with { Result = JsonSerializer.SerializeToElement(live.Do(step), RecordedJson.Default.JsonObject) });
                done(live);
            }
            catch (NotExpressibleException) when (leavesOut)
            {
                // The model does not do it either.
            }
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

        for (var i = 0; i < now.Steps.Count; i++)
        {
            var (then, step) = (recorded.Steps[i], now.Steps[i]);
            var (expected, actual) = (RecordedResult.TextOf(then.Op, then.Result), RecordedResult.TextOf(step.Op, step.Result));
            if (expected != actual)
                return new Comparison(recorded.Id, false, $"{then.Text}: recorded was {expected}, this kernel answers {actual}", Step: i);
        }

        return new Comparison(recorded.Id, true, null);
    }

    public void Dispose()
    {
        foreach (var actor in actors.Values)
            actor.Dispose();
        told?.Dispose();
        files.Dispose();
    }

    // A fresh file system, as long as a sequence takes.
    private sealed class Mounted : IDisposable
    {
        private readonly LiveFileSystem files;

        public Mounted(LiveFileSystem files)
        {
            this.files = files;
            files.Renew();
        }

        public void Dispose()
        {
            if (files.IsMounted)
                LiveException.Checked(files.Unmount(isSure: true), "umount");
        }
    }
}
