using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance;

/// <summary>
/// Which inodes the model asks ->drop_inode about, evicts and frees, and in which order: <c>drop(f,1)</c>, <c>EVICT(f)</c>,
/// <c>FREE(f)</c>, as the trace events of a kernel tell it.
/// </summary>
/// <param name="configuration">Which kernel.</param>
internal sealed class EvictionLeg(KernelConfiguration configuration)
{
    // More I/O that ends in interrupts than a sequence has.
    private const int IoMax = 1_000;

    /// <summary>
    /// Compares what a kernel told with the model. Whether a write has ended when sync waits for it is the disk's business, and for
    /// each inode by itself: who waits holds it, and its put asks ->drop_inode once more. So the model runs with a disk that is
    /// always late and with one that is always early, and the kernel has to be between the two.
    /// </summary>
    /// <param name="sequence">What was done.</param>
    /// <param name="events">What the kernel told of each operation.</param>
    public Comparison Compare(RecordedSequence sequence, IReadOnlyList<IReadOnlyList<string>> events)
    {
        if (Run(sequence.ToScenario()) is not { } late || Run(sequence.ToScenario(), endsLater: false) is not { } early)
            return new Comparison(sequence.Id, false, "not modelled yet", NotModelled: true);
        for (var i = 0; i < events.Count; i++)
        {
            if (IsPart(early[i].Events, events[i]) && IsPart(events[i], late[i].Events))
                continue;
            return new Comparison(
                sequence.Id, false,
                $"step {i + 1}, {sequence.Steps[i].Text}: the kernel's inodes: {Shown(events[i])}; the model's: {Shown(late[i].Events)}", Step: i);
        }

        return new Comparison(sequence.Id, true, null);
    }

    // In the same order, and perhaps with others between.
    private static bool IsPart(IReadOnlyList<string> part, IReadOnlyList<string> whole)
    {
        var found = 0;
        foreach (var one in whole)
            found += found < part.Count && part[found] == one ? 1 : 0;
        return found == part.Count;
    }

    private static string Shown(IReadOnlyList<string> events) => events.Count == 0 ? "nothing" : string.Join(' ', events);

    /// <summary>Runs a scenario that is all set-up, whose operations have the registers r1, r2 … in their order.</summary>
    /// <param name="text">The scenario.</param>
    /// <param name="endsLater">Whether I/O ends after whoever submitted it has gone on, as a real disk's does.</param>
    /// <returns>What happened during each operation, and what it answered; null if the model has not all of it.</returns>
    public IReadOnlyList<(string Answer, IReadOnlyList<string> Events)>? Run(string text, bool endsLater = true)
    {
        var diagnostics = new Diagnostics("evictions", text);
        if (ScenarioParser.Parse(diagnostics) is not { } syntax || CallModel.MissingIn(syntax).Length > 0)
            return null;
        var events = CallChecker.CallsOf(syntax).Select(_ => new List<string>()).ToArray();
        ScenarioInstance? instance = null;
        var scenario = new KernelScenario("evictions", "", kernel =>
        {
            instance = CallBinding.Bind(syntax, "evictions", kernel);
            kernel.SuperBlock.Device.EndsLater = endsLater;
            kernel.SuperBlock.Device.Later.Initialize(IoMax);
            var step = 0;
            void Tell(string what)
            {
                while (!instance.Registers[step].Is("-"))
                    step++;
                events[step].Add(what);
            }

            kernel.Inodes.FileSystem = new WatchedFileSystem(kernel.Inodes.FileSystem, Tell, i => NameOf(i, kernel.Disk));
            return instance;
        });
        _ = new Simulation(scenario, configuration, new NativeHost<DepthFirst>(new DepthFirst(0)));
        return [.. instance!.Registers.Select((r, i) => (r.Text, (IReadOnlyList<string>)events[i]))];
    }

    private static string NameOf(Inode inode, Disk disk)
        => inode.Number.Value == 0 ? "-" : inode.OnDisk.Label == 0 ? "?" : disk.FileNameOf(inode.OnDisk.Label);
}
