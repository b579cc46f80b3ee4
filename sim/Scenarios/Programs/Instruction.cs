namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>What an instruction does. Those from <see cref="Read"/> on are shared accesses, the only scheduling points.</summary>
public enum InstructionKind : byte
{
    /// <summary>No instruction: the thread has ended.</summary>
    None,

    /// <summary>Sets a register to what registers give.</summary>
    Set,

    /// <summary>Goes elsewhere unless the condition holds.</summary>
    Unless,

    /// <summary>Goes elsewhere.</summary>
    Jump,

    /// <summary>Goes back to the head of a loop: a round has ended.</summary>
    Again,

    /// <summary>Begins a repetition: sets its counter.</summary>
    Times,

    /// <summary>Begins a round of a repetition, or leaves it.</summary>
    Round,

    Read,
    Await,
    Write,
    CompareExchange,
    FetchAdd,
    Exchange,
    TryAcquire,
    Acquire,
    Release,
    DownRead,
    UpRead,
    DownWrite,
    UpWrite,
}

/// <summary>One instruction of a thread. Its expressions are of registers, but for that of a read.</summary>
public sealed class Instruction
{
    /// <summary>What it does.</summary>
    public required InstructionKind Kind { get; init; }

    /// <summary>The line of its statement in the file.</summary>
    public required int Line { get; init; }

    /// <summary>The statement as it was written.</summary>
    public required string Text { get; init; }

    /// <summary>The register, or the counter of a repetition, that is set; -1 if none is.</summary>
    internal int Target { get; init; } = -1;

    /// <summary>What is shared; its index, where it is an array.</summary>
    internal SharedObject? Object { get; init; }

    internal Expression? Index { get; init; }

    /// <summary>The value of what is set or asked; the first argument of an atomic operation.</summary>
    internal Expression? First { get; init; }

    internal Expression? Second { get; init; }

    /// <summary>Rounds of a repetition.</summary>
    internal long Count { get; init; }

    internal Comparison Comparison { get; init; }

    /// <summary>Where a jump goes.</summary>
    internal int Next { get; set; }

    /// <summary>The statement around the name of what is shared, so that the element can be told.</summary>
    internal (string Before, string After) Around { get; init; }
}

/// <summary>What an <c>await</c> asks.</summary>
internal enum Comparison : byte
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
