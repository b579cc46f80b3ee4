using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Which operations race: those on the same cell that do not both only read it. Asked of kinds, not of effects: a
/// compare-and-exchange that would fail counts as a write. Too many races cost a sampling search nothing but a draw.
/// </summary>
internal static class Dependence
{
    /// <summary>Whether the order of two operations can matter.</summary>
    public static bool Race(in Operation one, in Operation other)
        => one.SameCell(in other) && IsOnCell(one.Kind) && IsOnCell(other.Kind) && !(OnlyReads(in one) && OnlyReads(in other));

    /// <summary>Whether an operation is about a cell: others, as starting a thread, only seem to share one.</summary>
    public static bool IsOnCell(OperationKind kind) => kind
        is not (OperationKind.None or OperationKind.Point or OperationKind.TakenOut or OperationKind.Choose or OperationKind.Spawn or OperationKind.Join
            or OperationKind.RcuReadLock or OperationKind.RcuReadUnlock);

    /// <summary>Whether an operation never changes its cell.</summary>
    public static bool OnlyReads(in Operation operation) => operation.Kind switch
    {
        OperationKind.SharedRead or OperationKind.SharedReadAcquire or OperationKind.AtomicRead
            or OperationKind.PointerRead or OperationKind.PointerReadAcquire
            or OperationKind.ListEmptyRacy or OperationKind.HashFindRacy or OperationKind.HashedRacy
            or OperationKind.AwaitChange => true,
        OperationKind.Interpreted => ((InterpretedObject)operation.Object).OnlyReads(in operation),
        _ => false,
    };
}
