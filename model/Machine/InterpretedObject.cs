namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// An object whose cells are not fields, and whose operations the machine does not know: the shared state of a program that
/// is interpreted. It says itself what an announced statement does, whether it can run, and how people call all that.
/// </summary>
/// <remarks>No order of locks and no data race is looked for on such cells. Their offsets are their numbers + 1.</remarks>
public abstract class InterpretedObject(KernelHost host) : KernelObject(host)
{
    /// <summary>Which cell an operation is about.</summary>
    public static int CellOf(in Operation operation) => operation.Offset - 1;

    /// <summary>The running thread announces its next statement.</summary>
    /// <param name="cell">The cell that it is about.</param>
    /// <param name="argument">What <see cref="Operation.Argument"/> will be.</param>
    protected Step Announce(int cell, long argument)
        => new(Announce(checked((ushort)(cell + 1)), OperationKind.Interpreted, quiet: false, argument));

    /// <summary>To be called before the state changes outside of <see cref="Apply"/>: it is put back at the next execution.</summary>
    protected void Changing() => WillChange();

    /// <summary>To be called after each change of a cell: others may be able to run now, or no longer.</summary>
    protected void CellChanged(int cell) => Host.Recheck(this, checked((ushort)(cell + 1)));

    /// <summary>The effect of a statement; its result as bits.</summary>
    protected internal abstract long Apply(in Operation operation);

    /// <summary>Whether an announced statement can run now.</summary>
    protected internal abstract bool CanRun(in Operation operation);

    /// <summary>Number of the thread that must do something before an announced statement can run; -1 if that is no single one.</summary>
    protected internal abstract int HolderOf(in Operation operation);

    /// <summary>Whether a statement never changes its cell. Who does not say so is taken to change it.</summary>
    public virtual bool OnlyReads(in Operation operation) => false;

    /// <summary>Whether a statement would not change its cell if it were applied now.</summary>
    protected internal virtual bool WouldOnlyRead(in Operation operation) => OnlyReads(in operation);

    /// <summary>What can keep an announced statement from being applied.</summary>
    protected internal virtual Obstacle ObstacleOf(in Operation operation) => Obstacle.Unknown;

    /// <summary>Whether a cell is a lock that somebody holds.</summary>
    protected internal virtual bool IsHeld(int cell) => false;

    /// <summary>An announced statement as people read it.</summary>
    public abstract string Describe(in Operation operation);

    /// <summary>The result of a statement that has just been applied, or null if it has none to be told.</summary>
    public abstract string? DescribeResult(in Operation operation, long result);

    /// <summary>Name of a cell.</summary>
    public abstract string CellName(int cell);

    /// <summary>What people want to see the changes of.</summary>
    public abstract IEnumerable<CellText> Show();

    /// <summary>Keeps the state, for <see cref="Restore"/>.</summary>
    protected abstract void Save();

    /// <summary>Puts back the state that was kept.</summary>
    protected abstract void Restore();

    /// <summary>Writes down the state, for searches that compare states: all that makes a difference from here on.</summary>
    public abstract void WriteState(StateEncoder encoder);

    internal sealed override void WriteExtra(StateEncoder encoder) => WriteState(encoder);

    internal sealed override void SaveExtra() => Save();

    internal sealed override void RestoreExtra() => Restore();

    internal sealed override string TargetOf(ushort offset) => offset == 0 ? Name : CellName(offset - 1);

    internal sealed override IEnumerable<CellText> ShowCells() => Show();
}
