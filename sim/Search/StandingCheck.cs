using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Is the simulator deterministic? Runs an execution twice on the same machine and compares the two step by step. A search
/// does this with one execution in a thousand.
/// </summary>
internal sealed class StandingCheck : IStepObserver
{
    /// <summary>One execution in so many is run twice.</summary>
    public const int Interval = 1000;

    private readonly List<Entry> entries = [];
    private readonly KernelHost host;
    private bool comparing;
    private int position;
    private string? difference;

    public StandingCheck(KernelHost host) => this.host = host;

    /// <summary>Runs the execution that the strategy stands at, twice.</summary>
    /// <param name="simulation">Where.</param>
    /// <param name="number">Its number, for the report.</param>
    public ExecutionEnd ExecuteTwice(Simulation simulation, long number)
    {
        host.Observer = this;
        entries.Clear();
        comparing = false;
        var first = simulation.Execute();
        var outcome = simulation.OutcomeHash();
        comparing = true;
        position = 0;
        difference = null;
        var second = simulation.Execute();
        host.Observer = null;
        if (difference == null && position < entries.Count)
            difference = $"step {position + 1}: {entries[position]}, and the second time nothing";
        if (difference == null && (first != second || outcome != simulation.OutcomeHash()))
            difference = $"after {position} equal steps: it ended in another way";
        if (difference != null)
            throw new InternalErrorException($"execution {number}, run a second time, was another one, from {difference}");
        return second;
    }

    public void OnStep(KernelThread thread, in Operation operation) => Note(thread, in operation, queues: false);

    public void OnQueue(KernelThread thread, in Operation operation) => Note(thread, in operation, queues: true);

    public void OnApplied(KernelThread thread, in Operation operation, long result)
    {
    }

    public void OnAccess(KernelThread thread, KernelObject owner, ushort offset, bool write)
    {
    }

    public void OnFinding(Finding finding)
    {
    }

    private void Note(KernelThread thread, in Operation operation, bool queues)
    {
        var target = operation.Object;
        var entry = new Entry(thread.Index, operation, (target.AllocatedBy, target.AllocationIndex), queues);
        if (!comparing)
            entries.Add(entry);
        else if (difference == null && (position >= entries.Count || entries[position] != entry))
        {
            var before = position < entries.Count ? entries[position].ToString() : "nothing";
            difference = $"step {position + 1}: {before}, and the second time {entry}";
        }

        if (comparing && difference == null)
            position++;
    }

    private readonly record struct Entry(int Thread, Operation Operation, (int Thread, int Index) Allocation, bool Queues)
    {
        // An object that is made for one execution only is another one in the next: it is known by its maker and its type.
        public bool Equals(Entry other)
            => Thread == other.Thread && Operation.Kind == other.Operation.Kind && Operation.Offset == other.Operation.Offset
                && Operation.Argument == other.Operation.Argument && Allocation == other.Allocation && Queues == other.Queues
                && Operation.Object.GetType() == other.Operation.Object.GetType();

        public override int GetHashCode() => HashCode.Combine(Thread, Operation.Kind, Operation.Offset);

        public override string ToString() => $"thread {Thread} does {Operation}{(Queues ? " (queues)" : "")}";
    }
}
