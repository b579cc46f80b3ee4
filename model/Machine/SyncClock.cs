using System.Numerics;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What the last release of a lock, counter or pointer published: the releasing thread's epoch, and a row with what that
/// thread knew of the others. Whoever knows the epoch knows the row, so most acquisitions look at one number.
/// </summary>
internal struct SyncClock
{
    private int[]? row;
    private uint epoch;

    public void Clear()
    {
        row = null;
        epoch = 0;
    }

    /// <summary>Publishes all that <paramref name="thread"/> did up to now, instead of what was published before.</summary>
    public void Release(KernelThread thread)
    {
        epoch = thread.Epoch;
        var known = thread.Snapshot ?? thread.TakeSnapshot();
        if (!ReferenceEquals(row, known))
            row = known;
        if (thread.Host.LiveThreads > 1)                 // alone: whoever comes later is created by it, and knows all this
            thread.Tick();
    }

    /// <summary>Publishes all that <paramref name="thread"/> did up to now, on top of what was published before.</summary>
    public void ReleaseMerged(KernelThread thread)
    {
        if (row == null || (epoch != 0 && thread.Knows(epoch)))
        {
            Release(thread);
            return;
        }

        var merged = thread.Host.Clocks.CopyOf(thread.Clock);
        ClockArena.Merge(row, merged);
        if (epoch != 0)
            merged[Epochs.Thread(epoch)] = Math.Max(merged[Epochs.Thread(epoch)], Epochs.Clock(epoch));
        row = merged;
        epoch = 0;                                  // two publishers: no single epoch stands for the row
        thread.Tick();
    }

    /// <summary>Lets <paramref name="thread"/> know all that was published here.</summary>
    public readonly void Acquire(KernelThread thread)
    {
        if (row == null || (epoch != 0 && thread.Knows(epoch)))
            return;
        var clock = thread.Clock;
        ClockArena.Merge(row, clock);                    // the thread's own entry stays: nobody knows more of it than itself
        if (epoch != 0)
        {
            ref var publisher = ref clock[Epochs.Thread(epoch)];
            publisher = Math.Max(publisher, Epochs.Clock(epoch));
        }

        thread.Snapshot = null;
    }
}

/// <summary>The rows of one machine: taken in order, and all free again at the next execution.</summary>
internal sealed class ClockArena
{
    // Beyond this many rows in one execution (a large simulation) rows are left to the garbage collector.
    private const int KeptMax = 65_536;

    private int[][] rows = new int[16][];
    private int[][] shared = new int[16][];
    private int used;
    private int sharedUsed;

    /// <summary>Threads a row has room for.</summary>
    public int Width { get; private set; } = 16;

    public void Reset()
    {
        used = 0;
        sharedUsed = 0;
    }

    public void Widen(int threads)
    {
        Invariant.Holds(threads < Epochs.Many, "an execution has fewer than 1,023 threads");
        while (Width < threads)
            Width *= 2;
    }

    public int[] CopyOf(int[] clock)
    {
        var row = Take(ref rows, ref used, KeptMax);
        for (var i = 0; i < clock.Length; i += Vector<int>.Count)
            new Vector<int>(clock, i).CopyTo(row, i);
        if (clock.Length < row.Length)
            Array.Clear(row, clock.Length, row.Length - clock.Length);
        return row;
    }

    public int[] Blank()
    {
        var row = Take(ref rows, ref used, KeptMax);
        Array.Clear(row);
        return row;
    }

    /// <summary>A row for the concurrent readers of one field, and the epoch that stands for it.</summary>
    public uint Share(out int[] row)
    {
        row = Take(ref shared, ref sharedUsed, Epochs.ClockLimit);
        Array.Clear(row);
        return Epochs.Of(Epochs.Many, sharedUsed - 1);
    }

    public int[] Shared(uint epoch) => shared[Epochs.Clock(epoch)];

    /// <summary>Raises each entry of a row to that of another, which is not longer.</summary>
    public static void Merge(int[] from, int[] into)
    {
        // Widths are powers of two from 16 on, so that whole vectors fit.
        for (var i = 0; i < from.Length; i += Vector<int>.Count)
            Vector.Max(new Vector<int>(from, i), new Vector<int>(into, i)).CopyTo(into, i);
    }

    private int[] Take(ref int[][] from, ref int next, int keptMax)
    {
        if (next == keptMax)
            return new int[Width];
        if (next == from.Length)
            Array.Resize(ref from, 2 * next);
        ref var row = ref from[next++];
        if (row == null || row.Length < Width)
            row = new int[Width];
        return row;
    }
}
