using System.Diagnostics;
using System.Text.Json;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>
/// A race on the running kernel, as often as one likes. Each thread of the scenario is a thread here. All wait at a barrier, and
/// each waits a little longer, before its first operation and sometimes between others: how long is drawn at random, in scales from
/// nothing to a millisecond, because windows are of all sizes. Who meets whom there is the kernel's business, so two runs of one seed differ.
/// </summary>
internal sealed class KernelRace : IDisposable
{
    private const int DirectoriesMade = 64;
    private static readonly int[] ScalesMicroseconds = [0, 1, 3, 10, 30, 100, 300, 1000];

    private readonly Race race;
    private readonly bool isSystemWide;
    private readonly LiveFileSystem files;
    private readonly Dictionary<string, LiveActor> actors = new(StringComparer.Ordinal);
    private readonly LiveActor[] racers;
    private readonly IReadOnlyList<RecordedStep> endings;
    private readonly HashSet<string> shared;
    private readonly ulong seed;
    private ulong runs;
    private int places;                      // directories left of those that were made
    private int ready;

    /// <summary>Makes the file system, the users and the threads.</summary>
    /// <param name="race">What to do.</param>
    /// <param name="seed">What delays are drawn from.</param>
    /// <param name="isSystemWide">Whether it may do what the whole machine feels.</param>
    /// <exception cref="LiveException">They cannot be made.</exception>
    public KernelRace(Race race, ulong seed, bool isSystemWide)
    {
        this.race = race;
        this.isSystemWide = isSystemWide;
        this.seed = seed;
        files = new LiveFileSystem();
        foreach (var user in race.Users)
            actors.Add(user.Name, files.Enter(user.Id));
        racers = [.. race.Threads.Select(_ => files.Enter(0))];
        shared = [.. race.Threads.SelectMany(t => t.SelectMany(s => DescriptorsOf(s.Step)).Distinct()).GroupBy(d => d).Where(g => g.Count() > 1).Select(g => g.Key)];
        // All keys go when a run is over: a directory of its own is as good as a file system of its own only without them.
        endings = [.. race.All.Where(s => s.Step.Op == "add_key").Select(s => KeyOf(s.Step)).Distinct().Select(k => new RecordedStep("root", "rm_key_all", k.Split(' '), default))];
    }

    /// <summary>Does it once.</summary>
    /// <returns>The text of each register.</returns>
    /// <exception cref="RaceSetupException">The set-up failed: the race would be about something else.</exception>
    /// <exception cref="LiveException">The surroundings failed.</exception>
    /// <exception cref="NotExpressibleException">A step cannot be done.</exception>
    public string[] Run()
    {
        var place = Place();
        var results = new string[race.Registers.Count];
        Array.Fill(results, "-");
        try
        {
            using var live = new LiveSequence(files, actors, isSystemWide, place) { Shared = shared, SparesOthers = !isSystemWide };
            foreach (var step in race.Setup)
            {
                var text = Done(live.Do(step.Step), step, results);
                if (step.Register < 0 && !text.StartsWith("OK", StringComparison.Ordinal) && IsOnlyOK(step.Step.Op))
                    throw new RaceSetupException($"the set-up's '{step.Step.Text}' gives {text} on this kernel");
            }

            live.IsRacing = true;
            Together(live, results);
            live.IsRacing = false;
            foreach (var step in race.Finally)
                Done(live.Do(step.Step), step, results);
        }
        finally
        {
            End();
        }

        return results;
    }

    public void Dispose()
    {
        foreach (var actor in actors.Values.Concat(racers))
            actor.Dispose();
        files.Dispose();
    }

    private static IEnumerable<string> DescriptorsOf(RecordedStep step)
    {
        var form = OperationForm.Named(step.Op)!;
        return form.Parameters.Zip(step.Args).Where(p => p.First.Name is "F" or "NEW" && !step.Op.StartsWith('m')).Select(p => p.Second);
    }

    private static string KeyOf(RecordedStep step) => string.Join(' ', step.Args.Where(a => !a.Contains('=', StringComparison.Ordinal) || a.StartsWith("spec=", StringComparison.Ordinal)));

    // What has no result but its error.
    private static bool IsOnlyOK(string operation) => operation is not ("cat" or "read" or "mread" or "ls" or "lsfd" or "lstat" or "fstat" or "fdpath" or "readlink" or "status");

    private static string Done(System.Text.Json.Nodes.JsonObject answer, RaceStep step, string[] results)
    {
        var text = RecordedResult.TextOf(step.Step.Op, JsonSerializer.SerializeToElement(answer, RecordedJson.Default.JsonObject));
        if (step.Register >= 0)
            results[step.Register] = text;
        return text;
    }

    private string Place()
    {
        if (race.NeedsOwnFileSystem)
        {
            files.Renew();
            return "";
        }

        if (places == 0)
        {
            if (files.IsMounted)
                LiveException.Checked(files.Unmount(isSure: true), "umount");
            files.Renew();
            places = DirectoriesMade;
            files.MakeDirectories(Enumerable.Range(1, places).Select(PathOf).Select(p => LiveFileSystem.Point + p));
        }

        return PathOf(places--);
    }

    private static string PathOf(int place) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/r{place}");

    private void End()
    {
        if (race.NeedsOwnFileSystem)
        {
            if (files.IsMounted)
                LiveException.Checked(files.Unmount(isSure: true), "umount");
            return;
        }

        using var live = new LiveSequence(files, actors, isSystemWide);
        foreach (var step in endings)
        {
            // Somebody has the file still: the next run gets a file system without him.
            if (RecordedResult.TextOf(step.Op, JsonSerializer.SerializeToElement(live.Do(step), RecordedJson.Default.JsonObject)) is not ("OK" or "ENOKEY"))
                places = 0;
        }
    }

    private void Together(LiveSequence live, string[] results)
    {
        ready = 0;
        var draws = new Draws(seed, runs++);
        var scale = ScalesMicroseconds[draws.Below(ScalesMicroseconds.Length)] * Stopwatch.Frequency / 1_000_000;
        var running = new Task<int>[racers.Length];
        for (var i = 0; i < racers.Length; i++)
        {
            var steps = race.Threads[i];
            // Between operations less than before the first: otherwise what comes after a delay never meets anybody.
            long[] delays = [.. steps.Select((_, n) => n == 0 ? draws.Below(scale + 1) : draws.Below(2) * draws.Below((scale / 4) + 1))];
            running[i] = racers[i].Begin(() =>
            {
                Race(live, steps, delays, results);
                return 0;
            });
        }

        foreach (var task in running)
            task.GetAwaiter().GetResult();
    }

    private void Race(LiveSequence live, IReadOnlyList<RaceStep> steps, long[] delays, string[] results)
    {
        var user = 0L;
        try
        {
            try
            {
                user = Become(user, IdOf(steps, 0));
            }
            finally
            {
                Interlocked.Increment(ref ready);
            }

            // Not for long: where there are fewer processors than threads, those that are not there yet need this one.
            var wait = default(SpinWait);
            while (Volatile.Read(ref ready) < racers.Length)
                wait.SpinOnce(sleep1Threshold: -1);
            for (var i = 0; i < steps.Count; i++)
            {
                user = Become(user, IdOf(steps, i));
                var until = Stopwatch.GetTimestamp() + delays[i];
                while (Stopwatch.GetTimestamp() < until)
                    Thread.SpinWait(1);
                Done(live.DoHere(steps[i].Step), steps[i], results);
            }
        }
        finally
        {
            Become(user, 0);
        }
    }

    private long IdOf(IReadOnlyList<RaceStep> steps, int i) => i < steps.Count ? race.Users.First(u => u.Name == steps[i].Step.Actor).Id : 0;

    // By way of root, whose the thread really is.
    private static long Become(long now, long user)
    {
        if (now == user)
            return user;
        if (now != 0)
            LiveException.Checked(SystemCall.Any(117, -1, 0, -1), "setresuid");
        if (user != 0)
            LiveException.Checked(SystemCall.Any(117, -1, user, -1), "setresuid");
        return user;
    }
}
