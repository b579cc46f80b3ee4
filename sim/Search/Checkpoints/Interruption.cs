namespace Fscrypt.Sim.Search.Checkpoints;

/// <summary>
/// When a search pauses to write down where it is, and whether it ends there. Whoever searches looks at <see cref="IsDue"/>
/// at places where that can be written down, and then calls <see cref="Save"/>: after each execution, or each state.
/// </summary>
public sealed class Interruption : IDisposable
{
    private readonly Action<Action<BinaryWriter>>? save;
    private readonly Timer? timer;
    private volatile bool isDue;
    private volatile bool isStopped;
    private long looksLeft = long.MaxValue;

    /// <summary>One that writes nothing, and comes only by <see cref="Stop"/>.</summary>
    public Interruption()
    {
    }

    /// <summary>One that comes again and again.</summary>
    /// <param name="save">Keeps what a search writes.</param>
    /// <param name="interval">How often.</param>
    public Interruption(Action<Action<BinaryWriter>> save, TimeSpan interval)
    {
        this.save = save;
        timer = new Timer(_ => isDue = true, null, interval, interval);
    }

    /// <summary>Where an earlier search was, to be read by the one that goes on; null for a search from the start.</summary>
    public BinaryReader? From { get; init; }

    /// <summary>Whether to end after so many looks; for tests, which cannot wait for a signal.</summary>
    internal long StopsAfter
    {
        init => looksLeft = value;
    }

    /// <summary>Whether to pause here. May be asked by many at once.</summary>
    public bool IsDue
    {
        get
        {
            if (looksLeft != long.MaxValue && Interlocked.Decrement(ref looksLeft) <= 0)
                Stop();
            return isDue;
        }
    }

    /// <summary>Whether the search ends at the pause.</summary>
    public bool IsStopped => isStopped;

    /// <summary>Ends the search at its next pause, which is due now. May be called by a signal.</summary>
    public void Stop()
    {
        isStopped = true;
        isDue = true;
    }

    /// <summary>The pause: where the search is is kept, if it is to be kept.</summary>
    public void Save(Action<BinaryWriter> position)
    {
        isDue = isStopped;
        save?.Invoke(position);
    }

    /// <summary>Comes no more.</summary>
    public void Dispose()
    {
        timer?.Dispose();
        From?.Dispose();
    }
}
