namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Makes the clocks in a state independent of how often threads published something: of a thread's times only their order
/// matters, so each is replaced by its rank among those that somebody still knows.
/// </summary>
internal sealed class ClockRanks
{
    private readonly int[][] ranks = new int[KernelHost.ThreadsMax][];     // by thread and clock: 1 if it occurs, then its rank
    private (int Position, int Thread, int Clock)[] notes = new (int, int, int)[256];
    private int count;

    /// <summary>A new state begins.</summary>
    public void Clear() => count = 0;

    /// <summary>A clock of a thread stands at a position of the row of words.</summary>
    public void Note(int position, int thread, int clock)
    {
        if (count == notes.Length)
            Array.Resize(ref notes, 2 * count);
        notes[count++] = (position, thread, clock);
    }

    /// <summary>Puts the ranks there.</summary>
    public void Replace(ulong[] words, KernelHost host)
    {
        for (var thread = 0; thread < host.ThreadCount; thread++)
        {
            var length = host.ThreadAt(thread).Clock[thread] + 1;
            if (ranks[thread] == null || ranks[thread].Length < length)
                ranks[thread] = new int[2 * length];
            else
                Array.Clear(ranks[thread]);
        }

        foreach (ref readonly var note in notes.AsSpan(0, count))
            ranks[note.Thread][note.Clock] = 1;
        for (var thread = 0; thread < host.ThreadCount; thread++)
        {
            var rank = 0;
            foreach (ref var mark in ranks[thread].AsSpan())
                mark = mark == 0 ? 0 : ++rank;
        }

        foreach (ref readonly var note in notes.AsSpan(0, count))
            words[note.Position] = (uint)ranks[note.Thread][note.Clock];
    }
}
