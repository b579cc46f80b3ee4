namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>What ended an execution of a program before its end.</summary>
public enum ProgramFaultKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Rule <c>division-by-zero</c>.</summary>
    DivisionByZero,

    /// <summary>Rule <c>index-out-of-bounds</c>.</summary>
    IndexOutOfBounds,

    /// <summary>Rule <c>lock-misuse</c>: the release of what the thread does not hold.</summary>
    LockMisuse,

    /// <summary>A loop that goes on for too long without a shared access: no finding, the execution is cut.</summary>
    EndlessLoop,
}

/// <summary>What ended an execution of a program before its end, and where.</summary>
/// <param name="Kind">What.</param>
/// <param name="Thread">Name of the thread.</param>
/// <param name="Instruction">What it was doing.</param>
/// <param name="Index">The index that is out of bounds.</param>
/// <param name="Object">What it was doing it to, if that is shared.</param>
public sealed record ProgramFault(ProgramFaultKind Kind, string Thread, Instruction Instruction, long Index, string Object)
{
    /// <summary>All rules that a fault can break.</summary>
    public static IReadOnlyList<string> Rules { get; } = ["division-by-zero", "index-out-of-bounds", "lock-misuse"];

    /// <summary>The rule that is broken, or null for an execution that is cut.</summary>
    public string? Rule => Kind switch
    {
        ProgramFaultKind.DivisionByZero => "division-by-zero",
        ProgramFaultKind.IndexOutOfBounds => "index-out-of-bounds",
        ProgramFaultKind.LockMisuse => "lock-misuse",
        _ => null,
    };

    /// <summary>What happened, in one sentence.</summary>
    public string Message => Kind switch
    {
        ProgramFaultKind.DivisionByZero => FormattableString.Invariant($"{Thread} divides by zero in line {Instruction.Line}: {Instruction.Text}"),
        ProgramFaultKind.IndexOutOfBounds => FormattableString.Invariant(
            $"{Thread} takes {Object}[{Index}] in line {Instruction.Line}: {Instruction.Text}; it has elements 0 to {Instruction.Object!.Size - 1}"),
        ProgramFaultKind.LockMisuse => FormattableString.Invariant(
            $"{Thread} releases {Object}, which it does not hold, in line {Instruction.Line}: {Instruction.Text}"),
        _ => FormattableString.Invariant(
            $"{Thread} ran {ProgramMachine.RoundsMax:N0} rounds of the loop in line {Instruction.Line} without a shared access"),
    };
}
