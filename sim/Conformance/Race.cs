using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Conformance;

/// <summary>An operation of a race, and where its result goes.</summary>
/// <param name="Step">The operation.</param>
/// <param name="Register">The place of its register among the scenario's; -1 if its result is not kept.</param>
internal sealed record RaceStep(RecordedStep Step, int Register);

/// <summary>A scenario as a running kernel can do it: operations before, of each thread, and after.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Users">Who takes part.</param>
/// <param name="Setup">What one does alone, first.</param>
/// <param name="Threads">What each thread does.</param>
/// <param name="Finally">What one does alone, when all threads have ended.</param>
/// <param name="Registers">The names of the registers, in the order in which outcomes show them.</param>
internal sealed record Race(
    Scenario Scenario, IReadOnlyList<User> Users, IReadOnlyList<RaceStep> Setup, IReadOnlyList<IReadOnlyList<RaceStep>> Threads,
    IReadOnlyList<RaceStep> Finally, IReadOnlyList<string> Registers)
{
    private static readonly string[] Mounting = ["mount", "umount", "remount"];
    private static readonly string[] OfProcesses = ["session_key", "provision_key", "unprovision_key", "key_quota"];
    private static readonly string[] Naming = ["mkdir", "symlink", "mknod", "rename", "link", "linkfd"];
    private static readonly string[] Showing = ["ls", "lsfd", "lstat", "fstat", "fdpath"];

    /// <summary>All operations.</summary>
    public IEnumerable<RaceStep> All => Setup.Concat(Threads.SelectMany(t => t)).Concat(Finally);

    /// <summary>
    /// Whether each run needs a file system of its own: it is mounted anew, or something happens to the root directory. Otherwise a
    /// directory of its own is as good and much faster.
    /// </summary>
    public bool NeedsOwnFileSystem => All.Any(s => Mounting.Contains(s.Step.Op) || s.Step.Args.Any(a => a is "." or "/" or "./"));

    /// <summary>The race that a scenario describes; null, and why, if a running kernel cannot do it.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="isSystemWide">Whether it may do what the whole machine feels.</param>
    /// <param name="refusal">Why not.</param>
    public static Race? Of(Scenario scenario, bool isSystemWide, out string? refusal)
    {
        var syntax = SyntaxOf(scenario);
        refusal = syntax == null ? "it is no scenario of system calls" : RefusalOf(syntax, isSystemWide);
        return refusal == null ? From(scenario, syntax!) : null;
    }

    /// <summary>What the scenario of a file says; null if it is no scenario of system calls.</summary>
    public static ScenarioSyntax? SyntaxOf(Scenario scenario)
        => scenario is { HasKernel: true, Text: { } text } ? ScenarioParser.Parse(new Diagnostics(scenario.Name, text)) : null;

    /// <summary>The operations of a scenario, whether a running kernel can do them or not.</summary>
    public static Race From(Scenario scenario, ScenarioSyntax syntax)
    {
        List<string> names = [.. CallBinding.RegistersOf(syntax).Names];
        List<RaceStep> Steps(ThreadSyntax? body) => body == null ? [] : [.. CallChecker.WrittenOut(body.Statements).Select(c => new RaceStep(
            new RecordedStep(c.Actor.Text, c.Operation.Text, [.. c.Arguments.Select(a => a.Text)], default),
            c.Register == null ? -1 : names.IndexOf(c.Register.Text)))];
        return new Race(
            scenario, Scenarios.Calls.Users.Of(syntax), Steps(syntax.Setup),
            [.. syntax.Threads.SelectMany(t => Enumerable.Repeat(Steps(t), (int)(t.Copies ?? 1)))], Steps(syntax.Finally), names);
    }

    // What is done only here, and what a running kernel does only when it likes.
    private static string? RefusalOf(ScenarioSyntax scenario, bool isSystemWide)
    {
        if (scenario.Threads.Sum(t => t.Copies ?? 1) < 2)
            return "it has no two threads that race";
        if (scenario.Faults.Length > 0)
            return $"fault {scenario.Faults[0].Error} in {scenario.Faults[0].Operation}: a running kernel fails when it must, and not when it is asked to";
        if (scenario.Backgrounds.Length > 0)
            return $"background {scenario.Backgrounds[0].Name}: what a running kernel does by itself it does when it likes, and as often";
        if (scenario.Users.FirstOrDefault(u => u.Capabilities.Length > 0) is { } able)
            return $"user {able.Name} has capabilities, which threads here have as root or not at all";
        foreach (var call in CallChecker.CallsOf(scenario))
        {
            if (OfProcesses.Contains(call.Operation.Text))
                return $"{call.Operation}: process keyrings and quotas are not made for a race";
            if (call.Operation.Text is "drop_caches" && !isSystemWide)
                return "drop_caches costs everybody on this machine: --system-wide allows it";
            if (call.Operation.Text is "drop_cache_ioctl" or "readahead")
                return $"{call.Operation} is not to be had on a running kernel";
        }

        var racing = scenario.Threads.SelectMany(t => CallChecker.CallsOf(t.Statements)).ToList();
        if (racing.Find(c => Mounting.Contains(c.Operation.Text) || c.Operation.Text == "chdir" || c.Arguments.Any(a => IsBelowActor(a.Text))) is { } moving)
            return $"'{moving.Text}' in a thread that races: mounts and working directories belong to the set-up here";
        if (CallChecker.CallsOf(scenario).Any(c => Showing.Contains(c.Operation.Text)) && racing.Find(c => Naming.Contains(c.Operation.Text)) is { } naming)
            return $"'{naming.Text}' in a thread that races: what the file is called cannot be asked without racing too";
        var shared = scenario.Threads.SelectMany(t => CallChecker.CallsOf(t.Statements).Select(c => c.Register?.Text).OfType<string>().Distinct()
            .SelectMany(r => Enumerable.Repeat(r, (int)(t.Copies ?? 1)))).GroupBy(r => r).FirstOrDefault(g => g.Count() > 1);
        return shared == null ? null : $"two threads set {shared.Key}: which was later is not to be seen";
    }

    private static bool IsBelowActor(string word) => word.StartsWith("cwd:", StringComparison.Ordinal);
}
