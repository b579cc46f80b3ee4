using System.Numerics;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What the last release of a lock, counter or pointer published: the releasing thread's epoch, and a row with what that
/// thread knew of the others. Whoever knows the epoch knows the row, so most acquisitions look at one number.
/// </summary>
internal struct SyncClock
{
    private int row;                                     // in the machine's arena; 0: nothing was published
    private uint epoch;

    /// <summary>What a cell keeps of it where it can tell the epoch itself.</summary>
    /// <param name="row">What <see cref="Row"/> was.</param>
    /// <param name="epoch">The publisher's epoch.</param>
    public SyncClock(int row, uint epoch)
    {
        this.row = row;
        this.epoch = epoch;
    }

    /// <summary>The row of what was published; 0: nothing was.</summary>
    public readonly int Row => row;

    /// <summary>Nothing is published here any more.</summary>
    public void Clear(KernelThread thread)
    {
        if (row != 0)
            thread.Host.Clocks.Drop(row);
        this = default;
    }

    /// <summary>Clears it where all rows of the machine are given up.</summary>
    public void Forget() => this = default;

    /// <summary>Publishes all that <paramref name="thread"/> did up to now, instead of what was published before.</summary>
    public void Release(KernelThread thread)
    {
        var live = thread.Host.LiveThreads;
        if (live == 1)                                   // alone: whoever comes later is created by it, and knows all this
        {
            Clear(thread);
            return;
        }

        epoch = thread.Epoch;
        var known = thread.Snapshot;
        if (known == 0)
            known = thread.TakeSnapshot();
        if (row != known)
        {
            thread.Host.Clocks.Use(known);
            thread.Host.Clocks.Drop(row);
            row = known;
        }

        if (live > 1)
            thread.Tick();
    }

    /// <summary>Publishes all that <paramref name="thread"/> did up to now, on top of what was published before.</summary>
    public void ReleaseMerged(KernelThread thread)
    {
        if (thread.Host.LiveThreads == 1)                // what is here stays; nobody will need to learn the rest here
            return;
        if (row == 0 || (epoch != 0 && thread.Knows(epoch)))
        {
            Release(thread);
            return;
        }

        var clocks = thread.Host.Clocks;
        var merged = clocks.CopyOf(thread.Clock);
        clocks.Merge(row, merged);
        if (epoch != 0)
            clocks.Raise(merged, Epochs.Thread(epoch), Epochs.Clock(epoch));
        clocks.Drop(row);
        row = merged;
        epoch = 0;                                       // two publishers: no single epoch stands for the row
        thread.Tick();
    }

    /// <summary>Writes down what was published.</summary>
    public readonly void Write(KernelHost host, StateEncoder encoder)
    {
        encoder.Add(row == 0 ? 0UL : 1UL);
        for (var i = 0; row != 0 && i < host.ThreadCount; i++)
        {
            var published = epoch != 0 && Epochs.Thread(epoch) == i ? Epochs.Clock(epoch) : 0;
            encoder.AddClock(i, Math.Max(host.Clocks.Row(row)[i], published));
        }
    }

    /// <summary>Whether <paramref name="thread"/> knows of the last that was published here.</summary>
    public readonly bool IsKnownTo(KernelThread thread)
    {
        if (row == 0)
            return true;
        if (epoch != 0)
            return thread.Knows(epoch);
        var published = thread.Host.Clocks.Row(row);
        for (var i = 0; i < thread.Clock.Length; i++)
        {
            if (published[i] > thread.Clock[i])
                return false;
        }

        return true;
    }

    /// <summary>Lets <paramref name="thread"/> know all that was published here.</summary>
    public readonly void Acquire(KernelThread thread)
    {
        if (row == 0 || (epoch != 0 && thread.Knows(epoch)))
            return;
        var clock = thread.Clock;
        thread.Host.Clocks.Merge(row, clock);            // the thread's own entry stays: nobody knows more of it than itself
        if (epoch != 0)
        {
            ref var publisher = ref clock[Epochs.Thread(epoch)];
            publisher = Math.Max(publisher, Epochs.Clock(epoch));
        }

        thread.DropSnapshot();
    }
}

/// <summary>
/// The rows of one machine: clocks by thread, in one array, known by their numbers from 1 on. A row is free again when the
/// last that refers to it lets go, and all are at the next execution.
/// </summary>
internal sealed class ClockArena
{
    // Whole vectors fit into a row: the widest there are have 16 entries.
    private const int WidthMin = 16;

    private int[] entries = new int[64 * WidthMin];
    private int[] uses = new int[64];
    private int used = 1;
    private int free;                                    // the first free row, which holds the number of the next; 0: none

    /// <summary>Threads a row has room for: a power of two.</summary>
    public int Width { get; private set; } = WidthMin;

    public void Reset()
    {
        used = 1;
        free = 0;
    }

    public void Widen(int threads)
    {
        Invariant.Holds(threads < Epochs.Many, "an execution has fewer than 127 threads");
        var before = Width;
        while (Width < threads)
            Width *= 2;
        var wider = new int[checked(uses.Length * Width)];
        for (var row = 0; row < used; row++)
            entries.AsSpan(row * before, before).CopyTo(wider.AsSpan(row * Width));
        entries = wider;
    }

    /// <summary>A new row like a thread's clock, used once.</summary>
    public int CopyOf(int[] clock)
    {
        var row = Take();
        var at = row * Width;
        for (var i = 0; i < clock.Length; i += Vector<int>.Count)
            new Vector<int>(clock, i).CopyTo(entries, at + i);
        if (clock.Length < Width)
            Array.Clear(entries, at + clock.Length, Width - clock.Length);
        return row;
    }

    /// <summary>A new row of zeros, used once.</summary>
    public int Blank()
    {
        var row = Take();
        Array.Clear(entries, row * Width, Width);
        return row;
    }

    /// <summary>The entries of a row, until the next one is taken.</summary>
    public Span<int> Row(int row) => entries.AsSpan(row * Width, Width);

    /// <summary>One more refers to the row.</summary>
    public void Use(int row) => uses[row]++;

    /// <summary>One less refers to the row, if it is one.</summary>
    public void Drop(int row)
    {
        if (row == 0 || --uses[row] > 0)
            return;
        entries[row * Width] = free;
        free = row;
    }

    /// <summary>Raises each entry of a thread's clock to that of a row.</summary>
    public void Merge(int from, int[] into)
    {
        var at = from * Width;
        for (var i = 0; i < into.Length; i += Vector<int>.Count)
            Vector.Max(new Vector<int>(entries, at + i), new Vector<int>(into, i)).CopyTo(into, i);
    }

    /// <summary>Raises each entry of a row to that of another.</summary>
    public void Merge(int from, int into)
    {
        var (source, target) = (from * Width, into * Width);
        for (var i = 0; i < Width; i += Vector<int>.Count)
            Vector.Max(new Vector<int>(entries, source + i), new Vector<int>(entries, target + i)).CopyTo(entries, target + i);
    }

    public void Raise(int row, int thread, int clock)
    {
        ref var entry = ref entries[(row * Width) + thread];
        entry = Math.Max(entry, clock);
    }

    private int Take()
    {
        var row = free;
        if (row != 0)
        {
            free = entries[row * Width];
        }
        else
        {
            if (used == uses.Length)
                Grow();
            row = used++;
        }

        uses[row] = 1;
        return row;
    }

    private void Grow()
    {
        Invariant.Holds(uses.Length < Epochs.ClockLimit / 2, "at most 16 million different clocks are in use at a time");
        Array.Resize(ref uses, 2 * used);
        Array.Resize(ref entries, 2 * used * Width);
    }
}
