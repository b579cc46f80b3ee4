using Fscrypt.Sim.Search.Checkpoints;

namespace Fscrypt.Sim.Search.Visited;

// What parts can be has to be kept, because states are made of its numbers. Steps are interpreted again; those between parts
// of large numbers at once, so that the table of them grows when it would have grown.
internal sealed partial class ProgramSteps
{
    /// <summary>Writes what the parts can be.</summary>
    public void Write(BinaryWriter to)
    {
        for (var part = 0; part < parts.Length; part++)
        {
            to.Write(parts[part].Count);
            for (var number = 0; number < parts[part].Count; number++)
                to.WriteRow<long>(parts[part][number]);
        }

        foreach (var cells in announced)
            to.WriteRow<int>([.. cells]);
        to.WriteRow<ulong>([.. keys.Where(k => k != 0)]);
        to.Write(keys.Length);
        to.Write(Bytes);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, at the beginning.</summary>
    public void Read(BinaryReader from)
    {
        foreach (var part in parts)
        {
            for (var left = from.ReadInt32(); left > 0; left--)
                part.NumberOf(from.ReadRow<long>());
        }

        for (var thread = 0; thread < Threads; thread++)
            announced[thread] = [.. from.ReadRow<int>()];
        var known = from.ReadRow<ulong>();
        count = known.Length;
        keys = new ulong[from.ReadInt32()];
        steps = new ProgramStep[keys.Length];
        foreach (var key in known)
        {
            var slot = Place(key);
            keys[slot] = key;
            steps[slot] = Interpret((int)((key - 1) >> 58), (int)((key - 1) >> 29) & (NumbersMax - 1), (int)(key - 1) & (NumbersMax - 1));
        }

        Bytes = from.ReadInt64();
    }
}
