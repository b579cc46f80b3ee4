using System.Runtime.InteropServices;
using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search;

// Where a search of states is, between the steps from one node and those from the next.
internal sealed partial class VisitedStates
{
    private void Write(BinaryWriter to)
    {
        to.Write(transitions);
        to.Write(preemptions);
        to.Write(layerStart);
        to.Write(canEnd);
        to.WriteRow<Place>([place]);
        to.WriteRow<Level>(CollectionsMarshal.AsSpan(earlier));
        to.WriteRow<Level>(CollectionsMarshal.AsSpan(levels));
        steps.Write(to);
        store.Write(to);
        nodes.Write(to);
        finals.Write(to);
    }

    private void Read(BinaryReader from)
    {
        transitions = from.ReadInt64();
        preemptions = from.ReadInt32();
        layerStart = from.ReadInt32();
        canEnd = from.ReadUInt64();
        place = from.ReadRow<Place>()[0];
        earlier = [.. from.ReadRow<Level>()];
        levels = [.. from.ReadRow<Level>()];
        steps.Read(from);
        store.Read(from);
        nodes.Read(from);
        finals.Read(from);
    }
}
