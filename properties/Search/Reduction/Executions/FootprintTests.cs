using System.Numerics;
using System.Reflection;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Properties.Search.Visited;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Reduction.Executions;
using Xunit;
using Xunit.Abstractions;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>
/// What a step says that it touched is all that it touched: two neighbouring steps of different threads that do not conflict
/// are run in both orders from the same state, and must come to the same one, word by word.
/// </summary>
/// <param name="output">Where the numbers go.</param>
public sealed class FootprintTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("remove-vs-write")]
    [InlineData("remove-vs-open")]
    [InlineData("remove-vs-unlock")]
    [InlineData("races/sync-vs-remove")]
    public void Steps_of_kernels_that_do_not_conflict_commute(string name)
    {
        var pairs = new Pairs(ScenarioLibrary.Named(name)!, seed: 1);
        for (var i = 0; i < 40; i++)
            pairs.Draw(static (_, _) => false);
        Assert.True(pairs.Difference == null, pairs.Difference);
        output.WriteLine($"{name}: {pairs.Compared} pairs");
        Assert.True(pairs.Compared > 400, $"{pairs.Compared}");
    }

    [Fact]
    public void Steps_of_random_threads_that_do_not_conflict_commute()
    {
        var compared = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var pairs = new Pairs(Coroutines.Of(RandomThreads.Of(seed)), seed);
            for (var i = 0; i < 4; i++)
                pairs.Draw(static (_, _) => false);
            Assert.True(pairs.Difference == null, $"seed {seed}: {pairs.Difference}");
            compared += pairs.Compared;
        }

        output.WriteLine($"{compared} pairs");
        Assert.True(compared > 2_000, $"{compared}");
    }

    // Each cell in turn is one that a footprint leaves out: it is noticed as soon as two steps conflict there and nowhere else.
    [Theory]
    [InlineData("remove-vs-write", 2)]
    [InlineData("remove-vs-unlock", 4)]
    public void An_access_that_is_left_out_is_noticed(string name, int cells)
    {
        var pairs = new Pairs(ScenarioLibrary.Named(name)!, seed: 2);
        var (hidden, noticed) = (new SortedSet<int>(), new SortedSet<int>());
        for (var i = 0; i < 40; i++)
        {
            pairs.Draw((cell, differs) =>
            {
                hidden.Add(cell);
                if (differs)
                    noticed.Add(cell);
                return true;
            });
        }

        output.WriteLine($"{name}: of {hidden.Count} cells that alone make a pair conflict, {noticed.Count} are noticed: {string.Join(' ', noticed)}; "
            + $"not {string.Join(' ', hidden.Except(noticed))}");
        Assert.True(noticed.Count >= cells && 2 * noticed.Count > hidden.Count, $"{noticed.Count} of {hidden.Count}");
    }

    [Fact]
    public void An_access_of_random_threads_that_is_left_out_is_noticed()
    {
        var (hidden, noticed) = (0, 0);
        for (var seed = 0; seed < 100; seed++)
        {
            var cells = new Dictionary<int, bool>();
            var pairs = new Pairs(Coroutines.Of(RandomThreads.Of(seed)), seed);
            for (var i = 0; i < 4; i++)
            {
                pairs.Draw((cell, differs) =>
                {
                    cells[cell] = differs | cells.GetValueOrDefault(cell);
                    return true;
                });
            }

            hidden += cells.Count;
            noticed += cells.Values.Count(d => d);
        }

        output.WriteLine($"of {hidden} cells that alone make a pair conflict, {noticed} are noticed");
        Assert.True(noticed > 20, $"{noticed} of {hidden}");
    }

    /// <summary>Random executions of a scenario, and the pairs of neighbouring steps in them.</summary>
    private sealed class Pairs
    {
        private readonly StepLog steps;
        private readonly NativeHost<Drawn> host;
        private readonly Simulation simulation;
        private readonly SuspendedMachine machine;
        private readonly Footprints footprints = new();

        public Pairs(Scenario scenario, int seed)
        {
            var log = new AccessLog();
            LearnAll(log);
            steps = new StepLog(log, new Random(seed));
            host = new NativeHost<Drawn>(new Drawn(steps)) { AlwaysSuspend = true, StepsMax = 2_000, Log = log };
            simulation = new Simulation(scenario, new KernelConfiguration(), host);
            machine = new SuspendedMachine(scenario);
        }

        /// <summary>Pairs that do not conflict, run in both orders.</summary>
        public int Compared { get; private set; }

        /// <summary>The first of them that came to different states, or null.</summary>
        public string? Difference { get; private set; }

        /// <summary>Draws an execution and compares its pairs.</summary>
        /// <param name="sole">Told of a cell, where a pair conflicts nowhere else, whether the orders differ; false for not wanted.</param>
        public void Draw(Func<int, bool, bool> sole)
        {
            host.Restore();
            foreach (var register in simulation.Instance.Registers)
                register.Reset();
            host.RunTogether(simulation.Instance.Threads);
            steps.Finish();
            var entries = new List<short>();
            for (var i = 0; i + 1 < steps.Steps.Count - (host.Finding == null ? 0 : 1); i++)
            {
                var (one, other) = (steps.Steps[i], steps.Steps[i + 1]);
                if (one.Thread != other.Thread && (one.Enabled >> other.Thread & 1) != 0)
                    Compare(entries, one, other, sole);
                entries.AddRange(one.Entries);
            }
        }

        private void Compare(List<short> before, Seen one, Seen other, Func<int, bool, bool> sole)
        {
            // Sleepers stand in the order in which they came, which makes no difference to anybody: a wake-up wakes them all.
            if (one.Kind == OperationKind.WaitPrepare && other.Kind == OperationKind.WaitPrepare)
                return;
            var conflicts = ConflictsOf(one, other);
            if (conflicts.Count > 1 || (conflicts.Count == 1 && !sole(conflicts[0], false)))
                return;
            var expected = machine.WordsAt([.. before, .. one.Entries, .. other.Entries]).ToArray();
            var differs = !machine.TryGoTo([.. before, .. other.Entries, .. one.Entries]) || !machine.Words.SequenceEqual(expected);
            if (conflicts.Count == 1)
            {
                sole(conflicts[0], differs);
                return;
            }

            Compared++;
            if (differs)
                Difference ??= $"{one} and {other} do not commute after {string.Join(',', before)}";
        }

        private List<int> ConflictsOf(Seen one, Seen other)
        {
            var (left, right) = (footprints.NumberOf(one.Accesses), footprints.NumberOf(other.Accesses));
            var cells = new List<int>();
            foreach (var a in footprints[left])
            {
                foreach (var b in footprints[right])
                {
                    if (Footprints.CellOf(a) == Footprints.CellOf(b) && Footprints.Conflict(Footprints.KindOf(a), Footprints.KindOf(b)))
                        cells.Add(Footprints.CellOf(a));
                }
            }

            Assert.Equal(cells.Count > 0, footprints.Conflict(left, right));
            return cells;
        }

        // A read section that begins before an object waits for its grace period is another one than one that begins after;
        // a search learns that it matters where somebody looks at such an object late. Here it always does.
        private static void LearnAll(AccessLog log)
        {
            var types = new[] { typeof(KernelHost), typeof(FootprintTests) }.SelectMany(t => t.Assembly.GetTypes());
            var late = from type in types
                       where type.IsSubclassOf(typeof(KernelObject))
                       from thread in Enumerable.Range(0, 12)
                       select (StateWriters.HashOf(type.ToString()), thread);
            log.Restore([], [.. late]);
        }
    }

    /// <summary>A step: who did it, what was decided in it, what it touched, and who could have done another one.</summary>
    private sealed record Seen(int Thread, ulong Enabled, OperationKind Kind, string Operation)
    {
        public List<short> Entries { get; } = [(short)Thread];

        public Access[] Accesses { get; set; } = [];

        public override string ToString() => $"{Thread}: {Operation}";
    }

    /// <summary>Draws who goes on, and writes down what the steps touch.</summary>
    private sealed class StepLog(AccessLog log, Random random)
    {
        public List<Seen> Steps { get; } = [];

        public void Begin() => Steps.Clear();

        public int Choose(KernelHost host, ulong enabled)
        {
            Finish();
            var enabledLeft = enabled;
            for (var others = random.Next(BitOperations.PopCount(enabled)); others > 0; others--)
                enabledLeft &= enabledLeft - 1;
            var thread = BitOperations.TrailingZeroCount(enabledLeft);
            Steps.Add(new Seen(thread, enabled, host.Announced(thread).Kind, host.Announced(thread).ToString()));
            log.Start();
            return thread;
        }

        public int ChooseData(int options)
        {
            var outcome = random.Next(options);
            Steps[^1].Entries.Add((short)outcome);
            return outcome;
        }

        public void Finish()
        {
            if (Steps.Count > 0 && Steps[^1].Accesses.Length == 0)
                Steps[^1].Accesses = log.Accesses.ToArray();
            log.Stop();
        }
    }

    private readonly struct Drawn(StepLog steps) : IStrategy
    {
        public static bool Always => true;

        public void Begin() => steps.Begin();

        public int Choose(KernelHost host, ulong enabled, int current) => steps.Choose(host, enabled);

        public int ChooseData(int options) => steps.ChooseData(options);

        public bool Next() => true;
    }
}
