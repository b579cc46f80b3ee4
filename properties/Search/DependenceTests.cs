using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Search;

/// <summary>Which operations race.</summary>
public sealed class DependenceTests
{
    private readonly Thing one;
    private readonly Thing other;

    public DependenceTests()
    {
        var host = new NativeHost<RandomWalk>(default);
        (one, other) = (new Thing(host), new Thing(host));
    }

    [Theory]
    [InlineData(OperationKind.SharedRead, OperationKind.SharedReadAcquire, false)]
    [InlineData(OperationKind.SharedRead, OperationKind.SharedWrite, true)]
    [InlineData(OperationKind.SharedSet, OperationKind.SharedSet, true)]
    [InlineData(OperationKind.AtomicRead, OperationKind.AtomicRead, false)]
    [InlineData(OperationKind.AtomicRead, OperationKind.AtomicAdd, true)]
    [InlineData(OperationKind.PointerRead, OperationKind.PointerReadAcquire, false)]
    [InlineData(OperationKind.PointerRead, OperationKind.PointerCompareExchange, true)]
    [InlineData(OperationKind.ListEmptyRacy, OperationKind.ListEmptyRacy, false)]
    [InlineData(OperationKind.SpinAcquire, OperationKind.SpinAcquire, true)]
    [InlineData(OperationKind.SpinTry, OperationKind.SpinRelease, true)]
    [InlineData(OperationKind.Spawn, OperationKind.Spawn, false)]
    [InlineData(OperationKind.Point, OperationKind.Choose, false)]
    [InlineData(OperationKind.RcuReadLock, OperationKind.RcuReadUnlock, false)]
    [InlineData(OperationKind.None, OperationKind.None, false)]
    public void Operations_race_if_one_of_them_may_change_their_cell(OperationKind first, OperationKind second, bool races)
    {
        Assert.Equal(races, Dependence.Race(On(one, first), On(one, second)));
        Assert.Equal(races, Dependence.Race(On(one, second), On(one, first)));
        Assert.False(Dependence.Race(On(one, first), On(other, second)));
        Assert.False(Dependence.Race(On(one, first, offset: 8), On(one, second, offset: 16)));
    }

    [Fact]
    public void What_a_statement_does_is_known_to_its_object()
    {
        var (read, write) = (On(one, OperationKind.Interpreted, argument: 0), On(one, OperationKind.Interpreted, argument: 1));
        Assert.False(Dependence.Race(read, read));
        Assert.True(Dependence.Race(read, write));
        Assert.True(Dependence.Race(write, write));
    }

    private static Operation On(Thing thing, OperationKind kind, ushort offset = 8, long argument = 0)
        => new(thing, offset, kind, argument: argument);

    private sealed class Thing(KernelHost host) : InterpretedObject(host)
    {
        public override string Name => "thing";

        public override bool OnlyReads(in Operation operation) => operation.Argument == 0;

        public override void WriteState(StateEncoder encoder)
        {
        }

        public override string Describe(in Operation operation) => "";

        public override string? DescribeResult(in Operation operation, long result) => null;

        public override string CellName(int cell) => "";

        public override IEnumerable<CellText> Show() => [];

        protected internal override long Apply(in Operation operation) => 0;

        protected internal override bool CanRun(in Operation operation) => true;

        protected internal override int HolderOf(in Operation operation) => -1;

        protected override void Save()
        {
        }

        protected override void Restore()
        {
        }
    }
}
