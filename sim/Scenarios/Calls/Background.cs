using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>What the kernel does by itself, as often as a scenario lets it: <c>background shrinker at most 2</c>.</summary>
internal static class Background
{
    /// <summary>No search would come to an end with more.</summary>
    public const int RunsMax = 1_000;

    private const string Flusher = "flusher";
    private const string Shrinker = "shrinker";
    private const string DirectReclaim = "reclaim";
    private const string Disk = "disk";
    private const string Reset = "reset";
    private const string Switch = "wb_switch";

    // By error and function: what can go wrong, once a set-up is over.
    private static readonly (string Error, string Function, Func<SuperBlock, Fault> Of)[] Faults =
    [
        ("eio", "write", s => s.WriteFault),
        ("eio", "sync", s => s.SyncFault),
        ("enomem", "alloc_inode", s => s.InodeFault),
        ("enomem", "d_alloc", s => s.DentryFault),
        ("enomem", "add_key", s => s.KeyFault),
        ("enomem", "crypt_info", s => s.InfoFault),
    ];

    /// <summary>What the model has of it.</summary>
    public static IReadOnlyList<string> Names { get; } = [Flusher, Shrinker, DirectReclaim, Disk, Reset, Switch];

    /// <summary>The kernel's own threads in a scenario. Each decides before every run whether to go on.</summary>
    public static IEnumerable<ThreadBody> ThreadsOf(ScenarioSyntax scenario, Kernel kernel)
    {
        kernel.Reclaim.InAllocations = RunsOf(scenario, DirectReclaim) > 0;
        kernel.SuperBlock.Device.EndsLater = RunsOf(scenario, Disk) > 0;
        foreach (var (_, function, of) in Faults)
            of(kernel.SuperBlock).IsPossible = TimesOf(scenario, function) != 0;
        kernel.Mounts.CountsUsers = CallChecker.CallsOf(scenario).Any(c => c.Operation.Text is "umount" or "mount" or "remount");
        kernel.Calls.CountsFiles = SharedDescriptors.Of(scenario).Count > 0 || CallChecker.CallsOf(scenario).Any(c => c.Operation.Text == "mmap");
        if (RunsOf(scenario, Flusher) is > 0 and var writes)
            yield return new ThreadBody("timer", () => kernel.Writeback.WritePeriodically(writes));
        if (RunsOf(scenario, Reset) is > 0 and var resets)
            yield return new ThreadBody("reset", () => kernel.SuperBlock.Device.Profile.ResetNowAndThen(resets));
        if (RunsOf(scenario, Switch) is > 0 and var switches)
            yield return new ThreadBody("cgwb_release", () => kernel.Switches.SwitchNowAndThen(switches));
        if (RunsOf(scenario, Shrinker) is > 0 and var shrinks)
            yield return new ThreadBody("kswapd", () => kernel.Reclaim.Kswapd(shrinks));
    }

    /// <summary>
    /// Whether the model has a fault: an error when data is written, whoever asked for it, or when sync commits; or no memory for an
    /// inode that is read or made, for a dentry, for a key that is added, or for the key of an inode.
    /// </summary>
    public static bool HasFault(FaultSyntax fault)
        => Array.Exists(Faults, f => f.Error == fault.Error.Text && f.Function == fault.Operation.Text) && !(fault.AtMost > RunsMax);

    /// <summary>The set-up is over: from here on allocations may reclaim, in whichever thread they are, and I/O may fail.</summary>
    public static void Begin(ScenarioSyntax scenario, Kernel kernel)
    {
        kernel.Reclaim.Budget.Initialize(RunsOf(scenario, DirectReclaim));
        kernel.SuperBlock.Device.Later.Initialize(RunsOf(scenario, Disk));
        foreach (var (_, function, of) in Faults)
            of(kernel.SuperBlock).Left.Initialize(TimesOf(scenario, function));
    }

    private static int TimesOf(ScenarioSyntax scenario, string operation)
    {
        var faults = scenario.Faults.Where(f => f.Operation.Text == operation).ToList();
        return faults.Any(f => f.AtMost == null) ? Fault.Unlimited : (int)faults.Sum(f => f.AtMost ?? 0);
    }

    private static int RunsOf(ScenarioSyntax scenario, string name)
        => (int)scenario.Backgrounds.Where(b => b.Name.Text == name).Sum(b => b.AtMost);
}
