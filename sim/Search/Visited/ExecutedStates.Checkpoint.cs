using System.Runtime.InteropServices;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Visited;

// Where a search of states is, between two runs. A state is no more than its fingerprint, and comes again in another process:
// nothing that is written down of it depends on what was written down before.
internal sealed partial class ExecutedStates
{
    private void Write(BinaryWriter to)
    {
        to.Write(preemptions);
        to.Write(place.IsInLayer);
        to.Write(place.State);
        to.Write(place.End);
        to.Write(runs);
        to.Write(deadlocks);
        tally.Write(to);
        states.Write(to);
        nodes.Write(to);
        transitions.Write(to);
        to.WriteRow<ulong>(CollectionsMarshal.AsSpan(endedIn));
        to.Write(endedIn.Capacity);
        to.WriteRow<int>(CollectionsMarshal.AsSpan(goodEnds));
        to.WriteRow<Pending>([.. pending.Reverse()]);
    }

    private void Read(BinaryReader from)
    {
        preemptions = from.ReadInt32();
        place = new Place(from.ReadBoolean(), from.ReadInt32(), from.ReadInt32());
        runs = from.ReadInt64();
        deadlocks = from.ReadInt64();
        tally.Read(from);
        states.Read(from);
        nodes.Read(from);
        transitions.Read(from);
        endedIn.AddRange(from.ReadRow<ulong>());
        endedIn.Capacity = from.ReadInt32();
        goodEnds.AddRange(from.ReadRow<int>());
        foreach (var next in from.ReadRow<Pending>())
            pending.Push(next);
        CheckStates();
    }

    // Another build of the program may write states in another way: then no state that is known would be found.
    private void CheckStates()
    {
        if (nodes.Count == 0)
            return;
        var expected = new List<int>();
        var last = nodes[nodes.Count - 1];
        for (var node = last; ; node = nodes[node.Parent])
        {
            expected.Add(node.State);
            if (node.Parent < 0)
                break;
        }

        expected.Reverse();
        if (!StatesOn(ScheduleTo(last)).Take(expected.Count).SequenceEqual(expected))
        {
            throw new ScenarioException(
                "--resume: this program comes to other states than the one that wrote the checkpoint: begin again without --resume");
        }

        way = null;
    }

    /// <summary>Where the search is in a layer.</summary>
    /// <param name="IsInLayer">Whether it is in one.</param>
    /// <param name="State">Of the layer before, the next state to go on from.</param>
    /// <param name="End">One more than the last one of that layer.</param>
    private record struct Place(bool IsInLayer, int State, int End);
}
