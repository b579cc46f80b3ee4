namespace Fscrypt.Sim.Model.Machine;

/// <summary>Something that must not happen, and happened. The execution that shows it is abandoned.</summary>
/// <param name="Rule">The rule that is broken, as <c>list rules</c> names it.</param>
/// <param name="Message">What happened, in one sentence that names objects and threads.</param>
public sealed record Finding(string Rule, string Message)
{
    /// <summary>The object it is about.</summary>
    public KernelObject? Object { get; init; }

    /// <summary>The cell of the object.</summary>
    public ushort Offset { get; init; }

    /// <summary>The thread that did its part earlier, or -1.</summary>
    public int Other { get; init; } = -1;

    /// <summary>That thread's clock when it did.</summary>
    public int OtherClock { get; init; }

    /// <summary>The thread that was running.</summary>
    public int Thread { get; internal set; }

    /// <summary>Steps of the execution before it was found.</summary>
    public int Step { get; internal set; }

    /// <summary>An exception out of the model: our own mistake, never the kernel's.</summary>
    public Exception? Exception { get; init; }
}
